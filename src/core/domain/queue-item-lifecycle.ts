import type { Sha, TaskId } from "./ids.ts";
import type { Candidate, QueueItem } from "./queue.ts";
import type { Refusal } from "./refusal.ts";
import type { Transition } from "./transition.ts";

type QueueItemState = QueueItem["state"];
const WAITING: readonly QueueItemState[] = ["queued", "held", "accused"];
const ALL: readonly QueueItemState[] = [...WAITING, "resolving"];

/** Every legal transition of a queue item: the states before and after. */
export const QUEUE_ITEM_TRANSITIONS = {
  awaitResolution: { from: ALL, to: ["resolving"], when: "its head conflicts with the base" },
  mergeCleanly: { from: ALL, to: ["queued"], when: "its head merges with the base" },
  holdItem: { from: WAITING, to: ["held"], when: "it may not land now" },
  freeItem: { from: WAITING, to: ["queued", "accused"], when: "nothing holds it; it is accused after a red run" },
} as const satisfies Readonly<Record<string, Transition<QueueItemState>>>;

export type QueueItemTransition = keyof typeof QUEUE_ITEM_TRANSITIONS;

/** Whether an item in this state may take the transition. */
export const mayItemTake = (transition: QueueItemTransition, { state }: Pick<QueueItem, "state">): boolean =>
  QUEUE_ITEM_TRANSITIONS[transition].from.includes(state);

/** The item in its new state. Throws after a forbidden transition: a bug in the caller. */
const take = <T extends QueueItemTransition>(
  transition: T,
  item: QueueItem,
  change: Partial<QueueItem> & { readonly state: (typeof QUEUE_ITEM_TRANSITIONS)[T]["to"][number] },
): QueueItem => {
  if (!mayItemTake(transition, item))
    throw new Error(`${item.task} is ${item.state} in the queue: it cannot take the transition ${transition}`);
  return { ...item, ...change };
};

/** A head that enters the queue: without strikes, not checked against the base yet. */
export const enterQueue = ({
  task,
  head,
  verifyKind,
  enteredAt,
  lane,
}: Pick<QueueItem, "task" | "head" | "verifyKind" | "enteredAt" | "lane">): QueueItem => ({
  ...(verifyKind !== undefined && enteredAt !== undefined && { verifyKind, enteredAt }),
  ...(lane !== undefined && { lane }),
  task,
  head,
  state: "queued",
  refusal: null,
  strikes: 0,
  passedBefore: false,
  mergedAgainst: null,
  failedCommit: null,
  log: "",
});

/** `tip`: the base tip of the check. */
export const mergeCleanly = (item: QueueItem, tip: Sha): QueueItem => {
  const { conflictPaths: _, ...rest } = item;
  return take("mergeCleanly", rest, { state: "queued", mergedAgainst: tip });
};

/** `tip`: the base tip of the check; `paths`: the conflicting files. */
export const awaitResolution = (
  item: QueueItem,
  { tip, paths, refusal }: { tip: Sha; paths: readonly string[]; refusal: Refusal },
): QueueItem => take("awaitResolution", item, { state: "resolving", refusal, mergedAgainst: tip, conflictPaths: paths });

export const holdItem = (item: QueueItem, refusal: Refusal): QueueItem => take("holdItem", item, { state: "held", refusal });

export const freeItem = (item: QueueItem): QueueItem =>
  take("freeItem", item, { state: item.strikes > 0 ? "accused" : "queued", refusal: null });

/** Counts the red runs of a candidate against the item. `others`: the other tasks in the candidate. */
export const strikeItem = (item: QueueItem, candidate: Candidate, others: readonly TaskId[]): QueueItem => {
  const { failedWith: _, ...rest } = item;
  return {
    ...rest,
    strikes: item.strikes + candidate.runs.filter(({ verdict }) => verdict === "red").length,
    passedBefore: false,
    failedCommit: candidate.commit,
    log: candidate.log,
    ...(others.length > 0 && { failedWith: others }),
  };
};

/** A green run clears the item: its strikes were flakes. */
export const clearItem = (item: QueueItem): QueueItem => ({ ...item, strikes: 0, passedBefore: true });

/** A group with the item was red: an earlier green run counts no more. */
export const doubtItem = (item: QueueItem): QueueItem => (item.passedBefore ? { ...item, passedBefore: false } : item);

/** The red runs were not the item's fault. */
export const forgiveItem = (item: QueueItem): QueueItem => (item.strikes > 0 ? { ...item, strikes: 0 } : item);

/** Counts another removal of the item by GitHub's merge queue. */
export const recordRemoval = (item: QueueItem): QueueItem => ({ ...item, removals: (item.removals ?? 0) + 1 });
