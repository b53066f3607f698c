import type { SquashOrRebase } from "../../domain/effect.ts";
import { type BranchName, readTaskId, type Sha } from "../../domain/ids.ts";
import type { Landing } from "../../domain/queue.ts";
import { formatSquashMessage } from "../../messages/commit-messages.ts";
import type { LedgerReader, EffectWriter } from "../decision-transaction.ts";
import { areOwnChecksReported, reportOwnChecks } from "../landings.ts";

type MergeRequest = { readonly baseBranch: BranchName; readonly pull: number; readonly head: Sha; readonly key: `merge-pull:${string}` };

/** Asks GitHub to merge the pull request of a landing with the recorded method. */
export const requestMerge = (tx: EffectWriter, landing: Landing, { baseBranch, pull, head, key }: MergeRequest): void => {
  // A requested merge may have happened already; a status now would belong to another commit's landing.
  const own = { base: baseBranch, candidate: landing.candidate, commit: head };
  if (tx.effectRecord(key) === undefined) {
    reportOwnChecks(tx, tx.queue(baseBranch), own);
    if (!areOwnChecksReported(tx, tx.queue(baseBranch), own)) return;
  }
  const how = toSquashOrRebase(tx, landing, pull);
  tx.requestEffect({ kind: "merge-pull", key, pull, head, ...(how && { squashOrRebase: how }) });
};

/** Names the step in a squash message, so that the landing is recognized later. */
const toSquashOrRebase = (tx: LedgerReader, { method, candidate }: Landing, pull: number): SquashOrRebase | null => {
  if (method !== "squash") return method === "rebase" ? { method } : null;
  const [item] = candidate.items;
  const id = readTaskId(item?.task ?? "");
  const execution = id && tx.execution(id.execution);
  const step = id && execution ? tx.planned(execution, id.step) : undefined;
  if (!item || !execution || !step) return null;
  const suffix = tx.snapshot.config.git.commitSuffix;
  return { method, ...formatSquashMessage({ execution, step, head: item.head, suffix }, pull) };
};
