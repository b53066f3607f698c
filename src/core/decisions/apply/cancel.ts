import { NO_WORK_ON_PULL } from "../../messages/pull-refusals.ts";
import {
  refuseEndedExecution,
  refuseEndedStep,
  refuseSkippedExecution,
  refuseEndedByPerson,
} from "../../messages/refusals/step-commands.ts";
import { followsRules } from "../../domain/decision.ts";
import { cancelExecution } from "../../domain/execution-lifecycle.ts";
import { cancel as cancelOne, keepFailure, skip as skipStep } from "../../domain/step-lifecycle.ts";
import { type Execution, hasEnded, isPlanning } from "../../domain/execution.ts";
import { toTaskId } from "../../domain/ids.ts";
import type { Refusal } from "../../domain/refusal.ts";
import { isBeingResolved, type Step } from "../../domain/step.ts";
import type { DecisionTransaction, LedgerReader, StepWriter, ExecutionWriter } from "../decision-transaction.ts";
import { type CommandAnswer, formatNounCount, type TargetCommandHandler, type StepCommandHandler } from "./answer.ts";
import { type CommandedEvent, toDecision } from "./commanded-event.ts";
import { renewDecision } from "../reconcile/step-decisions.ts";
import { isResumableFailure, resumeWorkflow } from "./resume-workflow.ts";
import { reopenExecution } from "./retry.ts";

/** Cancels an execution or a step with its dependents: stops runs and closes pull requests; landed work stays. Refusal: `already-over`. */
export const cancelTarget: TargetCommandHandler = (tx, { execution, step }, event) => {
  if (step) return cancelStepByPerson(tx, { execution, step, event });
  if (execution.state === "done" || execution.state === "cancelled") {
    return refuseEndedExecution(execution.id, execution.state);
  }
  cancelExecutionByPerson(tx, execution, event.by);
  tx.note(`${event.by} cancelled ${execution.id}`);
  return null;
};

const cancelExecutionByPerson = (tx: StepWriter & ExecutionWriter, execution: Execution, by: string): void =>
  abandonExecution(tx, execution, refuseEndedByPerson("cancelled", by, execution.landsPull && "/enki land"));

/** Cancels an execution for a reason: stops its runs and closes its pull requests; landed work stays. */
export const abandonExecution = (tx: StepWriter & ExecutionWriter, execution: Execution, refusal: Refusal): void => {
  for (const each of Object.values(execution.steps)) if (each.state !== "done") markStepCancelled(tx, { execution, step: each, refusal });
  const now = tx.execution(execution.id) ?? execution;
  tx.putExecution(cancelExecution(now, refusal));
};

const cancelStepByPerson: StepCommandHandler = (tx, { execution, step, event }) => {
  const task = toTaskId(execution.id, step.id);
  if (step.state === "done" || step.state === "cancelled" || step.state === "skipped") return refuseEndedStep(task, step.state);
  markStepCancelled(tx, { execution, step, refusal: refuseEndedByPerson("cancelled", event.by, execution.landsPull && "/enki land") });
  reopenExecution(tx, execution);
  tx.note(`${event.by} cancelled ${task}`);
  return null;
};

/** Skips a step: its dependents continue without its work. Refusals: `no-step`, `already-over`. */
export const skipTarget: TargetCommandHandler = (tx, { execution, step }, event) => {
  if (execution.landsPull) return NO_WORK_ON_PULL;
  if (!step) return refuseSkippedExecution(execution.id);
  const task = toTaskId(execution.id, step.id);
  if (step.state === "skipped" && renewDecision(tx, execution, { id: step.id, decision: toDecision(event) })) return null;
  if (step.state === "done" || step.state === "cancelled" || step.state === "skipped") return refuseEndedStep(task, step.state);
  if (step.state === "failed" && isResumableFailure(execution, step)) return skipFailedRole(tx, { execution, step, event });
  tx.putStep(execution.id, skipByPerson(tx, step, event));
  reopenExecution(tx, execution);
  tx.note(`${event.by} skipped ${task}`);
  return null;
};

/** Decisions that earlier versions stored kept no failure. */
const withFailureKept = (tx: LedgerReader, step: Step): Step => (followsRules(tx.snapshot, 1) ? keepFailure(step) : step);

const skipByPerson = (tx: LedgerReader, step: Step, event: CommandedEvent): Step => ({
  ...skipStep(withFailureKept(tx, step), refuseEndedByPerson("skipped", event.by)),
  decision: toDecision(event),
});

/** Continues a workflow without the work of a failed role. Refusals: `not-failed`, `bad-workflow`. */
const skipFailedRole: StepCommandHandler = (tx, { execution, step, event }) => {
  if (!execution.workflow) return null;
  const again = (_: DecisionTransaction, __: Execution, each: Step): void => tx.putStep(execution.id, skipByPerson(tx, each, event));
  const refused = resumeWorkflow(tx, { execution, run: execution.workflow, step, retryStep: again });
  if (refused === null) tx.note(`${event.by} skipped ${toTaskId(execution.id, step.id)}`);
  return refused;
};

/** Cancels every unfinished execution of the repository. */
export const stopAllExecutions = (tx: StepWriter & ExecutionWriter, by: string): CommandAnswer => {
  const going = tx.executions().filter((each) => !hasEnded(each));
  const jobs = going.reduce((sum, each) => sum + countRunningJobs(each), 0);
  for (const each of going) cancelExecutionByPerson(tx, each, by);
  tx.note(`${by} stopped everything: ${going.length} executions, ${jobs} jobs`);
  if (going.length === 0) return { text: "Nothing is running in this repository, so there was nothing to stop." };
  return {
    text: `Stopped everything: ${formatNounCount(going.length, "execution")} cancelled, ${formatNounCount(jobs, "running job")} stopped. What landed stays.`,
  };
};

const countRunningJobs = (execution: Execution): number =>
  Object.values(execution.steps).filter((step) => step.state === "running" || isBeingResolved(step)).length +
  (isPlanning(execution) && execution.planning.deadline !== null ? 1 : 0);

const markStepCancelled = (tx: StepWriter, { execution, step, refusal }: { execution: Execution; step: Step; refusal: Refusal }): void =>
  tx.putStep(execution.id, cancelOne(withFailureKept(tx, step), refusal));
