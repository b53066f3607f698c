import { type BranchName, readTaskId, type Sha } from "../../domain/ids.ts";
import type { Landing, Queue } from "../../domain/queue.ts";
import { refuse } from "../../domain/refusal.ts";
import type { Draft } from "../draft.ts";
import { sidePullKey } from "../landings.ts";

/** Why a step that is in GitHub's merge queue is not verified or landed again. */
export const IN_QUEUE = refuse("in-queue", "It is in GitHub's merge queue.", "/enki status").refusal;

/** The head of the pull request that is merged. */
export const headOf = ({ mode, candidate }: Landing): Sha =>
  mode === "batch" ? candidate.commit : (candidate.items[0]?.head ?? candidate.commit);

/** Its number; null while it has none. */
export const pullOf = (draft: Draft, { mode, candidate }: Landing): number | null => {
  if (mode === "batch") return draft.trace(sidePullKey(candidate.commit))?.number ?? null;
  const id = readTaskId(candidate.items[0]?.task ?? "");
  return (id && draft.execution(id.execution)?.steps[id.step]?.pull) ?? null;
};

export const without = (before: Queue): Queue => {
  const { landing: _, ...queue } = before;
  return queue;
};

/** Nothing is landed now: what may land is chosen again after a pause. */
export const giveUp = (draft: Draft, base: BranchName, { why, pause }: { why: string; pause: number }): void => {
  const { landing } = draft.queue(base);
  if (landing?.mode === "batch") closeBatch(draft, landing);
  if (landing) draft.dropTrace(mergeKey(draft, landing));
  // What GitHub tells may be ahead of what git shows: without a pause the same would be asked again at once.
  draft.putQueue(base, { ...without(draft.queue(base)), askAgainAt: draft.now + pause });
  draft.wake(draft.now + pause);
  draft.note(`${base}: not landed: ${why}`);
};

const closeBatch = (draft: Draft, landing: Landing): void => {
  const pull = pullOf(draft, landing);
  if (pull !== null)
    draft.post({
      kind: "close-pull",
      key: `close-pull:${pull}`,
      pull,
      comment: "The base moved, so Enki closed this pull request and will open a new one.",
    });
};

export const mergeKey = (draft: Draft, landing: Landing) =>
  `merge-pull:${pullOf(draft, landing) ?? 0}@${headOf(landing).slice(0, 12)}` as const;

/** True while the queue still lets it land, though it is in GitHub's own queue. */
export const mayStill = (draft: Draft, base: BranchName, { candidate }: Landing): boolean => {
  const { items, frozen } = draft.queue(base);
  return (
    !frozen &&
    candidate.items.every(({ task, head }) =>
      items.some((item) => item.task === task && item.head === head && (item.state !== "held" || item.refusal?.code === IN_QUEUE.code)),
    )
  );
};
