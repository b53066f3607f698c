import type { TaskId } from "../domain/ids.ts";
import { type Candidate, isBeingVerified, isGreen, type Queue } from "../domain/queue.ts";
import { remember } from "./evidence.ts";
import { doubts } from "./odds.ts";
import type { RefineryState } from "./state.ts";

/** A run that is under way has about this much of its time left, in runs; who is sent back needs that and a whole one. */
const SENT_BACK = 1.5;
/** Steps that are remembered for the failure rate. */
const LONGEST = 200;

/** The green candidate that becomes the base now: of those that may, the one with the most steps, unless more would be sent back by it. */
export const chooseLanding = (state: RefineryState, queue: Queue): Candidate | null => {
  const opening = new Set(state.entrants.flatMap((each) => (each.opening ? [each.task] : [])));
  const free = new Set(
    queue.items.flatMap(({ task, state: at }) => ((at === "queued" || at === "accused") && !opening.has(task) ? [task] : [])),
  );
  const ready = queue.candidates.filter((each) => mayLand(state, free, each));
  const best = ready.reduce<Candidate | null>((most, each) => (most && most.items.length >= each.items.length ? most : each), null);
  return best && sentBack(queue, best) > SENT_BACK * best.items.length ? null : best;
};

const mayLand = (state: RefineryState, free: ReadonlySet<TaskId>, candidate: Candidate): boolean =>
  candidate.onto === state.tip &&
  candidate.items.length > 0 &&
  (state.together || candidate.items.length === 1) &&
  isGreen(candidate) &&
  candidate.items.every(({ task }) => free.has(task)) &&
  (state.isReported?.(candidate) ?? true);

/** How many steps that are being verified would have to be verified again. */
const sentBack = (queue: Queue, landing: Candidate): number => {
  const doubt = doubts(queue);
  const inIt = new Set(landing.items.map(({ task }) => task));
  const losses = queue.candidates.map((candidate) => {
    if (!isBeingVerified(candidate) || candidate.onto !== landing.onto || holds(candidate, landing)) return 0;
    if (candidate.items.some(({ task }) => inIt.has(task))) return 0;
    const odds = candidate.items.reduce((left, { task }) => left * (1 - doubt(task)), 1);
    return odds * candidate.items.length;
  });
  return Math.max(0, ...losses);
};

/** True where one candidate begins with all of another. */
const holds = (candidate: Candidate, prefix: Candidate): boolean => {
  const last = prefix.items.length - 1;
  return last >= 0 && candidate.items[last]?.merge === prefix.items[last]?.merge;
};

/** The queue after a landing: what was built on top of what landed goes on as it is. */
export const landed = (queue: Queue, landing: Candidate, parallel: number): Queue => {
  const gone = new Set(landing.items.map(({ task }) => task));
  const count = landing.items.length;
  const candidates = queue.candidates.flatMap((each): Candidate[] => {
    if (each === landing) return [];
    if (holds(each, landing)) return each.items.length > count ? [{ ...each, onto: landing.commit, items: each.items.slice(count) }] : [];
    return each.items.some(({ task }) => gone.has(task)) ? [] : [each];
  });
  return {
    ...queue,
    items: queue.items.filter(({ task }) => !gone.has(task)),
    candidates,
    landedTip: landing.commit,
    seenTip: landing.commit,
    greenCommits: remember(queue.greenCommits, [landing.commit]),
    recentOutcomes: count === 0 ? queue.recentOutcomes : counted(queue.recentOutcomes, { passed: count, failed: 0 }),
    window: queue.window === 0 || queue.window + 1 >= parallel ? 0 : queue.window + 1,
  };
};

/** The last steps weigh more than those long ago. */
export const counted = (seen: Queue["recentOutcomes"], more: Queue["recentOutcomes"]): Queue["recentOutcomes"] => {
  const [good, bad] = [seen.passed + more.passed, seen.failed + more.failed];
  return good + bad > LONGEST ? { passed: good / 2, failed: bad / 2 } : { passed: good, failed: bad };
};
