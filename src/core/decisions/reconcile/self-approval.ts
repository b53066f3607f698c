import { UNKNOWN_PUSHER_REFUSAL, refuseAlone } from "../../messages/refusals/reviews.ts";
import type { Execution } from "../../domain/execution.ts";
import { isSameLogin, type Login, toTaskId } from "../../domain/ids.ts";
import type { Refusal } from "../../domain/refusal.ts";
import { toTaskBranch } from "../../domain/refs.ts";
import type { Step } from "../../domain/step.ts";
import type { DecisionReader } from "../decision-transaction.ts";
import { UNKNOWN } from "../../domain/known.ts";

/** GitHub records a push some moments later. */
const ACTIVITY_LAG_MS = 30_000;

/**
 * Why a person may not approve a checkpoint alone, by `[policy] self_approval`; null if the approval is enough. A person's commits in the
 * head count as pushed by everybody who pushed to the branch, since the last push may hide an earlier one.
 */
export const refuseSelfApproval = (
  tx: DecisionReader,
  { execution, step }: { readonly execution: Execution; readonly step: Step },
  by: Login,
): Refusal | null => {
  const { selfApproval } = tx.snapshot.config.policy;
  if (!selfApproval.includes("requester") && isSameLogin(by, execution.requestedBy)) return refuseAlone(`${by}, who requested this work`);
  if (selfApproval.includes("pusher") || step.head?.by !== "person") return null;
  const branch = toTaskBranch(toTaskId(execution.id, step.id));
  const pushers = tx.readFact<"pushers">({ kind: "pushers", branch, head: step.head.sha });
  if (pushers === UNKNOWN || pushers === null) {
    tx.wakeAt(tx.now + ACTIVITY_LAG_MS);
    return UNKNOWN_PUSHER_REFUSAL;
  }
  return pushers.some((each) => isSameLogin(each, by)) ? refuseAlone(`${by}, who pushed to this branch`) : null;
};
