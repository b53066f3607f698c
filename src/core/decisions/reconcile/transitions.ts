import {
  ALL_CANCELLED_REFUSAL,
  refuseAbsentNeed,
  refuseBlockedExecution,
  refuseCancelledNeed,
  refuseEarlyLanding,
  refuseFailedNeed,
} from "../../messages/refusals/steps.ts";
import { finishExecution, reopen } from "../../domain/execution-lifecycle.ts";
import { block, cancel, queueBehind, requireNeeds } from "../../domain/step-lifecycle.ts";
import { type Execution, type ExecutionEndState, hasOpenAmendment } from "../../domain/execution.ts";
import type { TaskId } from "../../domain/ids.ts";
import { listNeededTasks, type PlannedStep } from "../../domain/plan.ts";
import type { Refusal } from "../../domain/refusal.ts";
import { isTerminalState, type Step } from "../../domain/step.ts";
import { applyAmendment } from "../apply/amend-plan.ts";
import { startApprovedPlan } from "../apply/start-approved-plan.ts";
import type { DecisionReader, StepWriter, ExecutionWriter } from "../decision-transaction.ts";
import { isNeedMet, isNeedFailed, isNeedFinished, type NeedStatus, listNeedStatuses } from "../needs.ts";
import { startsUnapproved } from "./plan-approval.ts";
import { UNKNOWN } from "../../domain/known.ts";

/** Advances steps according to their needs, and finishes executions. */
export const reconcileTransitions = (tx: StepWriter & ExecutionWriter): void => {
  for (const each of tx.executions()) {
    startAutomatically(tx, each);
    const execution = tx.execution(each.id);
    // A person may land a paused pull request of their own.
    if (execution?.state === "paused" && execution.landsPull) endExecution(tx, execution.id);
    if (execution?.state !== "running" || !tx.plan(execution.plan)) continue;
    for (const planned of tx.order(execution)) advanceStep(tx, execution.id, planned);
    endExecution(tx, execution.id);
  }
};

/** Starts work without a person's help: plans without approval, and executions blocked by another execution's failure. */
const startAutomatically = (tx: ExecutionWriter, execution: Execution): void => {
  const { state, requestedBy, amendment } = execution;
  if (state === "proposed" && startsUnapproved(tx, execution)) startApprovedPlan(tx, execution, { by: requestedBy, at: tx.now });
  if (state === "running" && amendment?.state === "proposed" && !amendment.byAgent && startsUnapproved(tx, execution))
    applyAmendment(tx, execution, { by: amendment.requestedBy, at: tx.now });
  if (state === "failed" && isUnblocked(tx, execution)) tx.putExecution(reopen(execution));
};

/** Whether another execution's task has stopped blocking a step. */
const isUnblocked = (tx: DecisionReader, execution: Execution): boolean =>
  tx.steps(execution.id).some((step) => {
    const planned = step.state === "blocked" ? tx.planned(execution, step.id) : undefined;
    if (!planned || listNeededTasks(planned).length === 0) return false;
    return (toNextStep(step, () => listNeedStatuses(tx, execution, planned)) ?? step).state !== "blocked";
  });

const advanceStep = (tx: StepWriter, id: string, planned: PlannedStep): void => {
  const execution = tx.execution(id);
  const step = execution?.steps[planned.id];
  if (!execution || !step || (planned.needs.length === 0 && step.state !== "pending" && step.state !== "blocked")) return;
  const next = toNextStep(step, () => listNeedStatuses(tx, execution, planned));
  if (next && (next.state !== step.state || next.refusal?.message !== step.refusal?.message)) tx.putStep(id, next);
};

/** The step after a check of its needs; null if nothing changes. */
const toNextStep = (step: Step, look: () => readonly NeedStatus[]): Step | null => {
  switch (step.state) {
    case "pending":
    case "ready":
      return awaitNeeds(step, look());
    case "blocked":
      return step.resumeAs === null ? awaitNeeds(step, look()) : holdForNeeds(step, look());
    case "published":
      return holdForNeeds(step, look());
    case "paused":
    case "waiting":
      return cancelWithNeed(step, look());
    case "running":
    case "done":
    case "failed":
    case "skipped":
    case "cancelled":
      return null;
  }
};

/** Makes an unstarted step ready once every need is met. */
const awaitNeeds = (step: Step, needed: readonly NeedStatus[]): Step | null => {
  if (needed.some(({ state }) => state === UNKNOWN)) return null;
  const bad = needed.find(({ state }) => isNeedFailed(state));
  const gone = cancelWithNeed(step, needed);
  if (gone) return gone;
  if (bad) return block(step, createBlockedRefusal(bad));
  return requireNeeds(
    step,
    needed.every((each) => isNeedMet(each)),
  );
};

/** A published step lands after all of its needs. */
const holdForNeeds = (step: Step, needed: readonly NeedStatus[]): Step | null => {
  const gone = cancelWithNeed(step, needed);
  if (gone) return gone;
  const bad = needed.find(({ state }) => isNeedFailed(state));
  if (bad) return block(step, createBlockedRefusal(bad));
  const open = needed.find(({ state }) => !isNeedFinished(state));
  const why = open ? refuseEarlyLanding(open.task) : null;
  return queueBehind(step, why);
};

const cancelWithNeed = (step: Step, needed: readonly NeedStatus[]): Step | null => {
  const cancelled = needed.find(({ state }) => state === "cancelled");
  if (!cancelled) return null;
  const why = refuseCancelledNeed(cancelled.task);
  return cancel(step, why);
};

const createBlockedRefusal = ({ task, state, need }: NeedStatus): Refusal => {
  const retry = (of: TaskId): string => `/enki retry ${of}`;
  if (state !== null) return refuseFailedNeed(task, retry(task));
  const what = "task" in need ? "task" : "step";
  return refuseAbsentNeed(task, what);
};

const endExecution = (tx: ExecutionWriter, id: string): void => {
  const execution = tx.execution(id);
  const steps = tx.steps(id);
  if (!execution || hasOpenAmendment(execution) || execution.workflow?.endState === null || !isExecutionOver(execution, steps)) return;
  const state = execution.workflow?.endState ?? computeEndState(steps);
  tx.putExecution(finishExecution(execution, state, findEndRefusal(execution, state, steps)));
  tx.note(`${id} is ${state}`);
};

/** Published work of a failed workflow never lands, so the end does not wait for it. */
const isExecutionOver = ({ workflow }: Execution, steps: readonly Step[]): boolean =>
  steps.every(({ state }) => isTerminalState(state) || (workflow?.endState === "failed" && state === "published"));

const findEndRefusal = ({ id }: Execution, state: ExecutionEndState, steps: readonly Step[]): Refusal | null => {
  if (state === "cancelled") return ALL_CANCELLED_REFUSAL;
  if (state !== "failed") return null;
  const failed = steps.find((step) => step.state === "failed") ?? steps.find((step) => step.state === "blocked");
  return failed?.refusal ?? refuseBlockedExecution(id);
};

/** Cancelled steps do not fail an execution: it is done if a step is done. */
const computeEndState = (steps: readonly Step[]): ExecutionEndState => {
  if (steps.some((step) => step.state === "failed" || step.state === "blocked")) return "failed";
  return steps.some((step) => step.state === "cancelled") && !steps.some((step) => step.state === "done") ? "cancelled" : "done";
};
