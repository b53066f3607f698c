import { UNKNOWN } from "../domain/known.ts";
import type { TaskId } from "../domain/ids.ts";
import type { Queue, QueueItem } from "../domain/queue.ts";
import { awaitResolution, enterQueue, freeItem, holdItem, mergeCleanly } from "../domain/queue-item-lifecycle.ts";
import { refuseBaseConflict } from "../messages/queue-refusals.ts";
import { orderItems } from "./order-items.ts";
import { sortByProgress } from "./resolution-line.ts";
import { type QueueEntrant, toChainMerge, type RefineryState } from "./refinery-state.ts";

/**
 * Updates the queue to the entrants: queued items keep their order, missing ones are removed, new ones are appended behind everything they
 * need. Higher ranks come first, and shorter runs among equal ranks.
 */
export const syncQueue = (state: RefineryState): Queue => {
  const { queue, entrants } = state;
  const byTask = new Map(entrants.map((each) => [each.task, each]));
  const kept = queue.items.filter(({ task, head }) => byTask.get(task)?.head === head);
  const known = new Set(kept.map(({ task }) => task));
  const added = sortByNeeds(
    entrants.filter(({ task }) => !known.has(task)),
    byTask,
  );
  const entered = added.map((each) => enterQueue({ ...each, enteredAt: state.now }));
  const items = updateLineHeads(
    state,
    orderItems({ ...queue, items: [...kept, ...entered] }, byTask).flatMap((item) => {
      const entrant = byTask.get(item.task);
      return entrant ? [mayWaitInLine(state, item) ? item : updateItemState(state, item, entrant)] : [];
    }),
    byTask,
  );
  const heads = new Map(items.map(({ task, head }) => [task, head]));
  const candidates = queue.candidates.filter((candidate) => candidate.items.every(({ task, head }) => heads.get(task) === head));
  // The bad step of a group may have been one that left, or an earlier head.
  const groups = queue.failedGroups.filter((group) => group.every((task) => known.has(task)));
  return applyBaseMove(state, {
    ...queue,
    items,
    candidates,
    failedGroups: groups.length === queue.failedGroups.length ? queue.failedGroups : groups,
  });
};

/** New entrants, each behind the new entrants that it needs. */
const sortByNeeds = (added: readonly QueueEntrant[], byTask: ReadonlyMap<TaskId, QueueEntrant>): QueueEntrant[] => {
  const newTasks = new Set(added.map(({ task }) => task));
  const sorted = new Set<QueueEntrant>();
  for (const first of added) {
    const stack = [first];
    const open = new Set<QueueEntrant>();
    for (let entrant = stack.at(-1); entrant !== undefined; entrant = stack.at(-1)) {
      const need = entrant.needs
        .flatMap((task) => byTask.get(task) ?? [])
        .find((each) => newTasks.has(each.task) && !sorted.has(each) && !open.has(each));
      open.add(entrant);
      if (need) stack.push(need);
      else {
        sorted.add(entrant);
        stack.pop();
      }
    }
  }
  return [...sorted];
};

/** Sets the state of an item: resolving, held, accused or queued. Conflicts are found before anything is verified. */
const updateItemState = (state: RefineryState, item: QueueItem, entrant: QueueEntrant): QueueItem => {
  const checked = checkBaseConflict(state, item, entrant);
  if (checked.state === "resolving") return checked;
  return entrant.refusal ? holdItem(checked, entrant.refusal) : freeItem(checked);
};

/** Whether the conflict of an item is checked again only at the item's turn: a landing by Enki hardly ever removes a conflict, a person's push may. */
const mayWaitInLine = ({ checksLineHeadsOnly, queue, tip }: RefineryState, item: QueueItem): boolean =>
  checksLineHeadsOnly === true &&
  queue.landedTip === tip &&
  item.state === "resolving" &&
  item.mergedAgainst !== null &&
  item.conflictPaths !== undefined;

/** Checks the conflicts whose turn it is, in the order of their resolution. If one is gone, the next item in its line has its turn. */
const updateLineHeads = (
  state: RefineryState,
  items: readonly QueueItem[],
  entrants: ReadonlyMap<TaskId, QueueEntrant>,
): readonly QueueItem[] => {
  const taken = new Set<string>();
  const updated = new Map<TaskId, QueueItem>();
  for (const item of sortByProgress(items, entrants)) {
    const entrant = entrants.get(item.task);
    const isBehind = item.conflictPaths?.some((path) => taken.has(path)) === true;
    const next = isBehind || !entrant || !mayWaitInLine(state, item) ? item : updateItemState(state, item, entrant);
    updated.set(item.task, next);
    for (const path of next.conflictPaths ?? []) taken.add(path);
  }
  return items.map((item) => updated.get(item.task) ?? item);
};

/**
 * Merges an item with the current base: once when the item enters, and again after a conflict if the base has moved, or if an earlier version did
 * not record the conflicting files.
 */
const checkBaseConflict = (state: RefineryState, item: QueueItem, entrant: QueueEntrant): QueueItem => {
  const isChecked = item.state !== "resolving" || (item.mergedAgainst === state.tip && item.conflictPaths !== undefined);
  if (item.mergedAgainst !== null && isChecked) return item;
  if (entrant.needs.length > 0) return mergeCleanly(item, state.tip);
  const links = state.mergeChain({ kind: "merge-chain", onto: state.tip, merges: [toChainMerge(entrant)] });
  const link = links === UNKNOWN ? undefined : links[0];
  if (link === undefined) return item;
  if (link.kind !== "conflict") return mergeCleanly(item, state.tip);
  const refusal = refuseBaseConflict(state.baseBranch, item.task, link.paths);
  return awaitResolution(item, { tip: state.tip, paths: link.paths, refusal });
};

/** Records a new base tip. A push by a person is a chance for a red base. */
const applyBaseMove = (state: RefineryState, queue: Queue): Queue => {
  // A deleted base has no tip, and the tip of a rewound base does not count: the last known tip is kept.
  if (queue.seenTip === state.tip || state.tip === "" || queue.frozen?.code === "base-rewound") return queue;
  return { ...queue, seenTip: state.tip, frozen: queue.frozen?.code === "base-red" ? null : queue.frozen };
};
