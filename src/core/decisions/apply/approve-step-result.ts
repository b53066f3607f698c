import type { PersonCommand } from "../../domain/command.ts";
import { findTarget } from "../../domain/find-target.ts";
import { toTaskId } from "../../domain/ids.ts";
import type { Refusal } from "../../domain/refusal.ts";
import { approveReport } from "../../domain/step-lifecycle.ts";
import { isAwaitingAnswer, isAwaitingConfirmation, type Step } from "../../domain/step.ts";
import {
  refuseApprovalOfQuestion,
  refuseApprovalWithoutReview,
  refuseApprovedExecution,
  refuseOtherResult,
  refuseUnaskedApproval,
} from "../../messages/refusals/plan-commands.ts";
import type { StepWriter } from "../decision-transaction.ts";
import { renewDecision } from "../reconcile/step-decisions.ts";
import type { CommandAnswer } from "./answer.ts";
import { type CommandedEvent, toDecision } from "./commanded-event.ts";

/** Approves the report of a step, which has no pull request. */
export const approveStepResult = (
  tx: StepWriter,
  event: CommandedEvent,
  command: Extract<PersonCommand, { kind: "approve-step" }>,
): CommandAnswer => {
  const found = findTarget(tx.executions(), event.issue, command.task);
  if (!found.ok) return found.refusal;
  const { execution, step } = found.value;
  if (!step) return refuseApprovedExecution(command.task);
  const task = toTaskId(execution.id, step.id);
  const isRepeated = step.state === "done" && step.result?.startsWith(command.head) === true;
  if (isRepeated && renewDecision(tx, execution, { id: step.id, decision: toDecision(event) })) return null;
  const refused = refuseStepApproval(task, step, command.head);
  if (refused) return refused;
  // The reason why there was nothing to do stays visible after the approval.
  const why = isAwaitingConfirmation(step) && step.refusal ? { ...step.refusal, next: "" } : null;
  tx.putStep(execution.id, { ...approveReport(step, why), decision: toDecision(event) });
  tx.note(`${event.by} approved ${task}@${(step.result ?? "").slice(0, 12)}`);
  return null;
};

/** Why the result of a step cannot be approved; null if it can. */
const refuseStepApproval = (task: string, step: Step, head: string): Refusal | null => {
  if (step.head) {
    return refuseApprovalWithoutReview(task, step.pull === null ? "/enki status" : `#${step.pull}`);
  }
  if (isAwaitingAnswer(step)) return refuseApprovalOfQuestion(task, step.refusal?.next);
  if (step.state !== "waiting" || !step.result) return refuseUnaskedApproval(task, step.state);
  return step.result.startsWith(head) ? null : refuseOtherResult(task, head, step.result.slice(0, 12));
};
