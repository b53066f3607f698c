import type { TaskId } from "../domain/ids.ts";
import { type Candidate, isBeingVerified, isGreen, type Queue } from "../domain/queue.ts";
import { isExtensionOf } from "./apply-landing.ts";
import { failureOdds } from "./failure-odds.ts";
import type { RefineryState } from "./refinery-state.ts";

/** Maximum number of restarted steps for each landed step. */
const MAX_RESTARTS_PER_LANDED_STEP = 1.5;

/** The green candidate with the most steps that may land, or null if landing it would restart too many others. */
export const chooseLanding = (state: RefineryState, queue: Queue): Candidate | null => {
  const opening = new Set(state.entrants.flatMap((each) => (each.isOpeningPull ? [each.task] : [])));
  const free = new Set(
    queue.items.flatMap(({ task, state: at }) => ((at === "queued" || at === "accused") && !opening.has(task) ? [task] : [])),
  );
  const ready = queue.candidates.filter((each) => mayLand(state, free, each));
  const best = ready.reduce<Candidate | null>((most, each) => (most && most.items.length >= each.items.length ? most : each), null);
  return best && countLikelyRestarts(queue, best) > MAX_RESTARTS_PER_LANDED_STEP * best.items.length ? null : best;
};

const mayLand = (state: RefineryState, free: ReadonlySet<TaskId>, candidate: Candidate): boolean =>
  candidate.onto === state.tip &&
  candidate.items.length > 0 &&
  (state.landsTogether || candidate.items.length === 1) &&
  isGreen(candidate) &&
  candidate.items.every(({ task }) => free.has(task)) &&
  (state.isReported?.(candidate) ?? true);

/** The expected number of good steps in the most valuable running candidate that the landing would discard. */
const countLikelyRestarts = (queue: Queue, landing: Candidate): number => {
  const oddsOf = failureOdds(queue);
  const isProtected = findProtectedTasks(queue);
  const landedTasks = new Set(landing.items.map(({ task }) => task));
  const started = queue.candidates.indexOf(landing);
  const losses = queue.candidates.map((candidate, at) => {
    if (!isBeingVerified(candidate) || candidate.onto !== landing.onto || isExtensionOf(candidate, landing)) return 0;
    if (candidate.items.some(({ task }) => landedTasks.has(task))) return 0;
    if (at < started && candidate.items.length > 0 && candidate.items.every(({ task }) => isProtected(task))) return Infinity;
    const odds = candidate.items.reduce((left, { task }) => left * (1 - oddsOf(task)), 1);
    return odds * candidate.items.length;
  });
  return Math.max(0, ...losses);
};

/**
 * With lanes, the steps that passed on an earlier base: a landing waits for a run of such steps that was requested before its own. Other lanes
 * could otherwise land during each of their runs, so they would never land.
 */
const findProtectedTasks = ({ items }: Queue): ((task: TaskId) => boolean) => {
  const hasLanes = new Set(items.map(({ lane }) => lane)).size > 1;
  const tasks = new Set(hasLanes ? items.flatMap(({ task, passedBefore }) => (passedBefore ? [task] : [])) : []);
  return (task) => tasks.has(task);
};
