import type { Sha, TaskId } from "../domain/ids.ts";
import { type Candidate, isBeingVerified, type Queue, type QueueItem } from "../domain/queue.ts";
import { findSuspects } from "./apply-verdicts.ts";
import { cautiousFailureRates, failureOdds } from "./failure-odds.ts";
import { expectDurations, roundDuration } from "./verify-durations.ts";
import type { RefineryState } from "./refinery-state.ts";

/** Failure odds from which a step is likely bad. A run of several steps with such a step gives its slot to a better run. */
export const LIKELY_TO_FAIL = 0.65;

/** The queue with estimates, from which runs are chosen. */
export type QueueView = {
  readonly queue: Queue;
  readonly tip: Sha;
  /** Verify jobs that may run at the same time. */
  readonly slots: number;
  readonly items: ReadonlyMap<TaskId, QueueItem>;
  /** Odds that a step is bad. */
  readonly failureOdds: (task: TaskId) => number;
  /** A higher estimate of the odds that a step is bad, for sizing groups. */
  readonly cautiousOdds: (task: TaskId) => number;
  readonly needs: ReadonlyMap<TaskId, readonly TaskId[]>;
  /** The rounded time of a step's run; equal for all steps whose time is unknown. */
  readonly runTime: (task: TaskId) => number;
  /** The lane of a step; undefined if it is in none. */
  readonly laneOf: (task: TaskId) => string | undefined;
  /** Whether steps of several lanes are in the queue. */
  readonly hasLanes: boolean;
  /** Whether several steps may land in one push. If not, a candidate with two steps never lands. */
  readonly landsTogether: boolean;
  /** Red runs that are tolerated. */
  readonly retries: number;
};

export const openQueueView = ({ tip, entrants, retries, landsTogether, parallel }: RefineryState, queue: Queue): QueueView => {
  const baseRates = cautiousFailureRates(queue);
  const laneNames = new Set(queue.items.map(({ lane }) => lane));
  const laneRates = new Map([...laneNames].map((lane) => [lane, cautiousFailureRates(queue, lane)]));
  const items = new Map(queue.items.map((item) => [item.task, item]));
  const expected = expectDurations(queue);
  const view: QueueView = {
    queue,
    laneOf: (task) => items.get(task)?.lane,
    hasLanes: laneNames.size > 1,
    runTime: (task) => roundDuration(expected(items.get(task)?.verifyKind ?? "")),
    tip,
    slots: parallel,
    retries,
    landsTogether,
    items,
    failureOdds: failureOdds(queue),
    cautiousOdds: (task) => {
      const rates = laneRates.get(items.get(task)?.lane) ?? baseRates;
      return isCostlyToFail(view, task) || (view.needs.get(task) ?? []).length > 0 ? rates.dependent : rates.independent;
    },
    needs: new Map(entrants.map((each) => [each.task, each.needs])),
  };
  return view;
};

/** Whether a red run costs a step more than the run: the step depends on others, or its first red run ejects it. */
export const isCostlyToFail = ({ slots, retries, needs }: QueueView, task: TaskId): boolean =>
  slots > 1 && (retries === 0 || (needs.get(task) ?? []).length > 0);

/** The odds of every step of a candidate being good. */
export const passOddsOf = ({ failureOdds }: QueueView, candidate: Candidate): number =>
  candidate.items.reduce((odds, { task }) => odds * (1 - failureOdds(task)), 1);

/** Whether a run is likely red because of one of its several steps. */
const isLikelyRed = ({ failureOdds }: QueueView, { items }: Candidate): boolean =>
  items.length > 1 && items.some(({ task }) => failureOdds(task) >= LIKELY_TO_FAIL);

/** Steps that a running candidate may land. A likely red candidate covers only steps with a likely bad need. */
export const findCoveredTasks = (view: QueueView): Set<TaskId> => {
  const blocked = findLikelyBlockedTasks(view);
  return new Set(
    view.queue.candidates
      .filter((each) => each.onto === view.tip && isBeingVerified(each))
      .flatMap((each) => {
        const tasks = each.items.map(({ task }) => task);
        return isLikelyRed(view, each) ? tasks.filter((task) => blocked.has(task)) : tasks;
      }),
  );
};

/** Dependents of steps that are likely bad. */
export const findLikelyBlockedTasks = ({ queue, failureOdds, needs }: QueueView): Set<TaskId> => {
  const blocked = new Set<TaskId>();
  const isBad = (task: TaskId): boolean => blocked.has(task) || failureOdds(task) >= LIKELY_TO_FAIL;
  for (const { task } of queue.items) if ((needs.get(task) ?? []).some((need) => isBad(need))) blocked.add(task);
  return blocked;
};

/**
 * The step under test in a run: the only suspect, or the last step if accused or held; null for any other run. A run with a step under test
 * is not stopped in favor of another run.
 */
export const findTestedTask = ({ tip, items }: QueueView, greenCommits: ReadonlySet<Sha>, candidate: Candidate): TaskId | null => {
  if (!isBeingVerified(candidate)) return null;
  const { suspects, hasGreenContext } = findSuspects(candidate, greenCommits);
  if (suspects.length === 1 && (hasGreenContext || candidate.onto === tip)) return suspects[0]?.task ?? null;
  const last = candidate.onto === tip ? candidate.items.at(-1) : undefined;
  const item = last && items.get(last.task);
  return item && (item.strikes > 0 || item.state === "held") ? item.task : null;
};

/** Runs that may be stopped in favor of a better one: likely red runs, and runs on an earlier base. */
export const listExpendableRuns = (view: QueueView): Candidate[] => {
  const greenCommits = new Set(view.queue.greenCommits);
  return view.queue.candidates.filter((each) => {
    if (!isBeingVerified(each) || each.items.length === 0 || findTestedTask(view, greenCommits, each) !== null) return false;
    return each.onto !== view.tip || isLikelyRed(view, each);
  });
};
