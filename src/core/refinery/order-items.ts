import type { TaskId } from "../domain/ids.ts";
import type { Queue, QueueItem } from "../domain/queue.ts";
import type { QueueEntrant } from "./refinery-state.ts";
import { expectDurations, roundDuration } from "./verify-durations.ts";

/** Steps with shorter runs overtake a step only if they enter the queue within this many of its run times. */
const PATIENCE_RUNS = 4;

type Entrants = ReadonlyMap<TaskId, QueueEntrant>;

/**
 * Items by rank, and among equal ranks those with shorter runs first. Everything that an item needs stays ahead of it. Runs in progress
 * are not stopped: the order decides about the next free slot.
 */
export const orderItems = (queue: Queue, entrants: Entrants): readonly QueueItem[] => {
  const ranks = findRanks(entrants);
  const turns = findTurns(queue, entrants);
  if (ranks === null && turns === null) return queue.items;
  const compare = (of: ReadonlyMap<TaskId, number> | null, a: QueueItem, b: QueueItem): number =>
    (of?.get(a.task) ?? 0) - (of?.get(b.task) ?? 0);
  return queue.items.toSorted((a, b) => compare(ranks, b, a) || compare(turns, a, b));
};

/** Everything that an item needs has at least its rank; null if all ranks are equal. */
const findRanks = (entrants: Entrants): ReadonlyMap<TaskId, number> | null => {
  if ([...entrants.values()].every(({ rank = 0 }) => rank === 0)) return null;
  const ranks = new Map<TaskId, number>();
  const raise = (task: TaskId, rank: number): void => {
    const entrant = entrants.get(task);
    if (!entrant || (ranks.get(task) ?? -Infinity) >= rank) return;
    ranks.set(task, rank);
    for (const need of entrant.needs) raise(need, rank);
  };
  for (const { task, rank = 0 } of entrants.values()) raise(task, rank);
  return ranks;
};

/**
 * The time of entering plus a multiple of the expected run time, so that long runs wait, but not forever. Times within a factor of
 * about two count as equal. An item never has an earlier turn than its needs; null if the order of arrival holds.
 */
const findTurns = (queue: Queue, entrants: Entrants): ReadonlyMap<TaskId, number> | null => {
  const kinds = new Set(queue.items.map(({ verifyKind }) => verifyKind));
  if (kinds.size < 2 || queue.durations === undefined) return null;
  const expected = expectDurations(queue);
  const turns = new Map<TaskId, number>();
  for (const { task, verifyKind, enteredAt = 0 } of queue.items) {
    const own = verifyKind === undefined ? 0 : enteredAt + PATIENCE_RUNS * roundDuration(expected(verifyKind));
    const needs = (entrants.get(task)?.needs ?? []).map((need) => turns.get(need) ?? 0);
    turns.set(task, Math.max(own, ...needs));
  }
  return turns;
};
