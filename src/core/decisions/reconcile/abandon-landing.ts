import { IN_QUEUE_REFUSAL } from "../../messages/refusals/queues.ts";
import { type BranchName, readTaskId, type Sha } from "../../domain/ids.ts";
import type { Landing, Queue } from "../../domain/queue.ts";
import type { LedgerReader, QueueWriter, EffectWriter } from "../decision-transaction.ts";
import { toSidePullKey } from "../landings.ts";

/** The head of the pull request that is being merged. */
export const toLandingHead = ({ mode, candidate }: Landing): Sha =>
  mode === "batch" ? candidate.commit : (candidate.items[0]?.head ?? candidate.commit);

/** The number of the pull request that is being merged; null if it is not open yet. */
export const findLandingPull = (tx: LedgerReader, { mode, candidate }: Landing): number | null => {
  if (mode === "batch") return tx.effectRecord(toSidePullKey(candidate.commit))?.number ?? null;
  const id = readTaskId(candidate.items[0]?.task ?? "");
  return (id && tx.execution(id.execution)?.steps[id.step]?.pull) ?? null;
};

export const withoutLanding = (before: Queue): Queue => {
  const { landing: _, ...queue } = before;
  return queue;
};

/** Abandons the landing; after `pause` milliseconds the refinery chooses again what may land. */
export const abandonLanding = (
  tx: QueueWriter & EffectWriter,
  base: BranchName,
  { reason, pauseMs }: { reason: string; pauseMs: number },
): void => {
  const { landing } = tx.queue(base);
  if (landing?.mode === "batch") closeBatchPull(tx, landing);
  if (landing) tx.deleteEffectRecord(toMergeKey(tx, landing));
  // GitHub's answers may be ahead of what git shows. Without the pause, the same merge would be requested again immediately.
  tx.putQueue(base, { ...withoutLanding(tx.queue(base)), askAgainAt: tx.now + pauseMs });
  tx.wakeAt(tx.now + pauseMs);
  tx.note(`${base}: not landed: ${reason}`);
};

const closeBatchPull = (tx: EffectWriter, landing: Landing): void => {
  const pull = findLandingPull(tx, landing);
  if (pull !== null)
    tx.enqueueEffect({
      kind: "close-pull",
      key: `close-pull:${pull}`,
      pull,
      comment: "The base moved, so Enki closed this pull request and will open a new one.",
    });
};

export const toMergeKey = (tx: LedgerReader, landing: Landing) =>
  `merge-pull:${findLandingPull(tx, landing) ?? 0}@${toLandingHead(landing).slice(0, 12)}` as const;

/** Whether the queue still allows this landing, apart from its place in GitHub's merge queue. */
export const mayStillLand = (tx: LedgerReader, base: BranchName, { candidate }: Landing): boolean => {
  const { items, frozen } = tx.queue(base);
  return (
    !frozen &&
    candidate.items.every(({ task, head }) =>
      items.some(
        (item) => item.task === task && item.head === head && (item.state !== "held" || item.refusal?.code === IN_QUEUE_REFUSAL.code),
      ),
    )
  );
};
