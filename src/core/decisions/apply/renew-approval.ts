import { release } from "../../domain/step-lifecycle.ts";
import type { Execution, PlanApproval } from "../../domain/execution.ts";
import type { StepWriter, ExecutionWriter } from "../decision-transaction.ts";
import { APPROVAL_GONE_CODE } from "../reconcile/plan-approval.ts";

/**
 * Replaces an approval that GitHub no longer shows, and releases the steps that wait for another approval. Reports whether any step waited.
 */
export const renewApproval = (tx: StepWriter & ExecutionWriter, execution: Execution, approval: Omit<PlanApproval, "plan">): boolean => {
  const held = tx.steps(execution.id).filter(({ state, refusal }) => state === "waiting" && refusal?.code === APPROVAL_GONE_CODE);
  if (held.length === 0 || execution.plan === null) return false;
  tx.putExecution({ ...execution, approved: { plan: execution.plan, ...approval } });
  for (const step of held) tx.putStep(execution.id, release(step));
  tx.note(`${approval.by} approved plan ${execution.plan.slice(0, 12)} of ${execution.id} again`);
  return true;
};
