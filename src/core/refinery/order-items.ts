import type { TaskId } from "../domain/ids.ts";
import type { QueueItem } from "../domain/queue.ts";
import type { QueueEntrant } from "./refinery-state.ts";

/**
 * Items by rank, and by arrival among equal ranks. Everything that an item needs has at least its rank, so needs stay ahead. Runs in progress are
 * not stopped for a higher rank: it takes the next free slot.
 */
export const orderByRank = (items: readonly QueueItem[], entrants: ReadonlyMap<TaskId, QueueEntrant>): readonly QueueItem[] => {
  if ([...entrants.values()].every(({ rank = 0 }) => rank === 0)) return items;
  const ranks = new Map<TaskId, number>();
  const raise = (task: TaskId, rank: number): void => {
    const entrant = entrants.get(task);
    if (!entrant || (ranks.get(task) ?? -Infinity) >= rank) return;
    ranks.set(task, rank);
    for (const need of entrant.needs) raise(need, rank);
  };
  for (const { task, rank = 0 } of entrants.values()) raise(task, rank);
  return items.toSorted((a, b) => (ranks.get(b.task) ?? 0) - (ranks.get(a.task) ?? 0));
};
