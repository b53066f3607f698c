import type { TaskId } from "../domain/ids.ts";
import type { Candidate, Queue } from "../domain/queue.ts";
import { appendShas } from "./apply-verdicts.ts";

/** Number of counted outcomes from which the counts are halved, so that recent steps weigh more. */
const MAX_COUNTED_OUTCOMES = 200;

/** Whether a candidate starts with all steps of another. */
export const isExtensionOf = (candidate: Candidate, prefix: Candidate): boolean => {
  const last = prefix.items.length - 1;
  return last >= 0 && candidate.items[last]?.merge === prefix.items[last]?.merge;
};

/** The queue after a landing. Candidates on top of the landed one keep their runs. */
export const applyLanding = (queue: Queue, landing: Candidate): Queue => {
  const landedTasks = new Set(landing.items.map(({ task }) => task));
  const count = landing.items.length;
  const candidates = queue.candidates.flatMap((each): Candidate[] => {
    if (each === landing) return [];
    if (isExtensionOf(each, landing))
      return each.items.length > count ? [{ ...each, onto: landing.commit, items: each.items.slice(count) }] : [];
    return each.items.some(({ task }) => landedTasks.has(task)) ? [] : [each];
  });
  return {
    ...queue,
    items: queue.items.filter(({ task }) => !landedTasks.has(task)),
    candidates,
    landedTip: landing.commit,
    seenTip: landing.commit,
    greenCommits: appendShas(queue.greenCommits, [landing.commit]),
    ...addLaneOutcomes(queue, landedTasks, "passed"),
    recentOutcomes: count === 0 ? queue.recentOutcomes : addOutcomes(queue.recentOutcomes, { passed: count, failed: 0 }),
  };
};

/** Counts steps that leave the queue for their lanes. */
export const addLaneOutcomes = (
  { laneOutcomes = [], items }: Queue,
  tasks: ReadonlySet<TaskId>,
  ended: "passed" | "failed",
): Pick<Queue, "laneOutcomes"> => {
  const counts = new Map(laneOutcomes.map((each) => [each.lane, each]));
  for (const { task, lane } of items) {
    if (lane === undefined || !tasks.has(task)) continue;
    const before = counts.get(lane) ?? { lane, passed: 0, failed: 0 };
    counts.set(lane, { lane, ...addOutcomes(before, { passed: 0, failed: 0, [ended]: 1 }) });
  }
  return counts.size === 0 ? {} : { laneOutcomes: [...counts.values()] };
};

export const addOutcomes = (outcomes: Queue["recentOutcomes"], added: Queue["recentOutcomes"]): Queue["recentOutcomes"] => {
  const [passed, failed] = [outcomes.passed + added.passed, outcomes.failed + added.failed];
  return passed + failed > MAX_COUNTED_OUTCOMES ? { passed: passed / 2, failed: failed / 2 } : { passed, failed };
};
