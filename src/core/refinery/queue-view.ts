import type { Sha, TaskId } from "../domain/ids.ts";
import { type Candidate, isBeingVerified, type Queue, type QueueItem } from "../domain/queue.ts";
import { findSuspects } from "./apply-verdicts.ts";
import { cautiousFailureRates, failureOdds } from "./failure-odds.ts";
import type { RefineryState } from "./refinery-state.ts";

/** With a step in it that is this likely bad a run gives its slot to another, unless it is about that step alone. */
export const LIKELY_TO_FAIL = 0.65;

/** What is known at this moment, for choosing. */
export type QueueView = {
  readonly queue: Queue;
  readonly tip: Sha;
  /** Runs that may be under way at a time. */
  readonly slots: number;
  readonly items: ReadonlyMap<TaskId, QueueItem>;
  /** How likely a step is bad. */
  readonly failureOdds: (task: TaskId) => number;
  /** How likely it may be that a step is bad, for how many of them are risked in one run. */
  readonly cautiousOdds: (task: TaskId) => number;
  readonly needs: ReadonlyMap<TaskId, readonly TaskId[]>;
  /** False where one step lands at a time: what is verified as two never lands. */
  readonly landsTogether: boolean;
  /** Red runs that are forgiven. */
  readonly retries: number;
};

export const openQueueView = ({ tip, entrants, retries, landsTogether, parallel }: RefineryState, queue: Queue): QueueView => {
  const cautious = cautiousFailureRates(queue);
  const board: QueueView = {
    queue,
    tip,
    slots: queue.window === 0 ? parallel : Math.min(queue.window, parallel),
    retries,
    landsTogether,
    items: new Map(queue.items.map((item) => [item.task, item])),
    failureOdds: failureOdds(queue),
    cautiousOdds: (task) => (isCostlyToFail(board, task) || (board.needs.get(task) ?? []).length > 0 ? cautious.bound : cautious.free),
    needs: new Map(entrants.map((each) => [each.task, each.needs])),
  };
  return board;
};

/** A red group costs such a step more than a run: others wait for it, or its first red run is its last. */
export const isCostlyToFail = ({ slots, retries, needs }: QueueView, task: TaskId): boolean =>
  slots > 1 && (retries === 0 || (needs.get(task) ?? []).length > 0);

/** How likely a candidate is good. */
export const passOddsOf = ({ failureOdds }: QueueView, candidate: Candidate): number =>
  candidate.items.reduce((odds, { task }) => odds * (1 - failureOdds(task)), 1);

/** True for a run that is likely red because of one of several. */
const isLikelyRed = ({ failureOdds }: QueueView, { items }: Candidate): boolean =>
  items.length > 1 && items.some(({ task }) => failureOdds(task) >= LIKELY_TO_FAIL);

/** Steps of which a run is under way that may bring them into the base. Of a run that is likely red those are left that could be nowhere else. */
export const findCoveredTasks = (board: QueueView): Set<TaskId> => {
  const behind = findLikelyBlockedTasks(board);
  return new Set(
    board.queue.candidates
      .filter((each) => each.onto === board.tip && isBeingVerified(each))
      .flatMap((each) => {
        const tasks = each.items.map(({ task }) => task);
        return isLikelyRed(board, each) ? tasks.filter((task) => behind.has(task)) : tasks;
      }),
  );
};

/** What needs a step that is likely bad. */
export const findLikelyBlockedTasks = ({ queue, failureOdds, needs }: QueueView): Set<TaskId> => {
  const behind = new Set<TaskId>();
  const isBad = (task: TaskId): boolean => behind.has(task) || failureOdds(task) >= LIKELY_TO_FAIL;
  for (const { task } of queue.items) if ((needs.get(task) ?? []).some((need) => isBad(need))) behind.add(task);
  return behind;
};

/** The step for whose sake a run is under way: the only one that it tells of, or the last, where that is accused or held. Such a run is not stopped for another like it. */
export const findTestedTask = ({ tip, items }: QueueView, sound: ReadonlySet<Sha>, candidate: Candidate): TaskId | null => {
  if (!isBeingVerified(candidate)) return null;
  const { suspects, hasGreenContext } = findSuspects(candidate, sound);
  if (suspects.length === 1 && (hasGreenContext || candidate.onto === tip)) return suspects[0]?.task ?? null;
  const last = candidate.onto === tip ? candidate.items.at(-1) : undefined;
  const item = last && items.get(last.task);
  return item && (item.strikes > 0 || item.state === "held") ? item.task : null;
};

/** Runs that may be stopped when another is wanted more: of what is likely red, and of what was built on an earlier base. */
export const listExpendableRuns = (board: QueueView): Candidate[] => {
  const sound = new Set(board.queue.greenCommits);
  return board.queue.candidates.filter((each) => {
    if (!isBeingVerified(each) || each.items.length === 0 || findTestedTask(board, sound, each) !== null) return false;
    return each.onto !== board.tip || isLikelyRed(board, each);
  });
};
