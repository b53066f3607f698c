import { approve } from "../../domain/execution-lifecycle.ts";
import type { Execution, PlanApproval } from "../../domain/execution.ts";
import { createStep } from "../../domain/step.ts";
import type { ExecutionWriter } from "../decision-transaction.ts";

/** Starts an approved plan with every step pending. */
export const startApprovedPlan = (tx: ExecutionWriter, execution: Execution, approved: Omit<PlanApproval, "plan">): void => {
  const plan = tx.plan(execution.plan);
  if (!plan || execution.plan === null) return;
  const steps = Object.fromEntries(plan.steps.map((step) => [step.id, createStep(step.id)]));
  tx.putExecution(approve(execution, { approved: { plan: execution.plan, ...approved }, steps }));
  tx.note(`${approved.by} approved plan ${execution.plan.slice(0, 12)} of ${execution.id}`);
};
