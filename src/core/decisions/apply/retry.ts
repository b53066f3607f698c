import { NO_WORK_ON_PULL } from "../../messages/pull-refusals.ts";
import { refuseBlockedRetry, refuseRetryWithoutNews } from "../../messages/refusals/step-commands.ts";
import { reopen, replan } from "../../domain/execution-lifecycle.ts";
import { requestChanges, retry as retryFromFailure } from "../../domain/step-lifecycle.ts";
import { needsPersonToResolve } from "../../domain/conflict.ts";
import type { Execution } from "../../domain/execution.ts";
import { type BranchName, type Login, toTaskId } from "../../domain/ids.ts";
import { isAwaitingAnswer, isAwaitingConfirmation, type Step } from "../../domain/step.ts";
import { refuseNotFailed } from "../../messages/refusals/targets.ts";
import type { DecisionTransaction, StepWriter, ExecutionWriter, QueueWriter, EffectWriter } from "../decision-transaction.ts";
import { endQuotaWaits } from "../quota-waits.ts";
import { findFailedNeed } from "../failed-need.ts";
import { findNewFeedback } from "../next-feedback.ts";
import { withAcceptedTip, isRewoundQueue } from "../base-rewinds.ts";
import { checkLandable } from "../landing-terms.ts";
import type { CommandAnswer, TargetCommandHandler, StepCommandHandler } from "./answer.ts";
import { isResumableFailure, resumeWorkflow } from "./resume-workflow.ts";
import { replaceUnknown, UNKNOWN } from "../../domain/known.ts";

/** Retries a failed step, plan, or execution, or unfreezes a base. Refusals: `not-failed`, `blocked`. */
export const retryTarget: TargetCommandHandler = (tx, { execution, step }, event) => {
  // No agent may start work on a person's branch; a frozen queue may be retried.
  if (execution.landsPull && (step || execution.state !== "running")) return NO_WORK_ON_PULL;
  if (endQuotaWaits(tx, execution, step)) {
    tx.note(`${event.by} lets ${step ? toTaskId(execution.id, step.id) : execution.id} start without waiting for a quota`);
    if (step || execution.state !== "failed") return null;
  }
  if (isResumableFailure(execution, step)) return retryWorkflow(tx, { execution, step }, event);
  return step ? retryStepByPerson(tx, { execution, step, event }) : retryExecution(tx, execution, event.by);
};

const retryExecution = (tx: DecisionTransaction, execution: Execution, by: Login): CommandAnswer => {
  if (execution.state === "running" && tx.queue(execution.baseBranch).frozen) {
    acceptBaseTip(tx, execution.baseBranch);
    tx.note(`${by} lets ${execution.baseBranch} go on`);
    return null;
  }
  if (execution.state !== "failed") return refuseNotFailed(execution.id, execution.state).refusal;
  if (isUnplanned(execution)) {
    const hindered = replaceUnknown(checkLandable(tx, execution.baseBranch), null);
    if (hindered) return hindered;
    tx.putExecution(replan(execution));
  } else {
    for (const each of Object.values(execution.steps)) if (each.state === "failed") resetFailedStep(tx, execution, each);
    reopenExecution(tx, execution);
  }
  unfreezeQueue(tx, execution);
  tx.note(`${by} retries ${execution.id}`);
  return null;
};

/** Whether a request has no plan yet; a workflow needs none. */
const isUnplanned = ({ workflow, plan, steps }: Execution): boolean => !workflow && (plan === null || Object.keys(steps).length === 0);

const retryWorkflow: TargetCommandHandler = (tx, { execution, step }, event) => {
  if (!execution.workflow) return null;
  const answer = resumeWorkflow(tx, { execution, run: execution.workflow, step, retryStep: resetFailedStep });
  if (answer !== null) return answer;
  unfreezeQueue(tx, execution);
  tx.note(`${event.by} retries ${step ? toTaskId(execution.id, step.id) : execution.id}`);
  return null;
};

const retryStepByPerson: StepCommandHandler = (tx, { execution, step, event }) => {
  const task = toTaskId(execution.id, step.id);
  if (step.state === "blocked") {
    const failed = findFailedNeed(tx, execution, step);
    const next = failed === null ? "/enki status" : `/enki retry ${failed}`;
    return refuseBlockedRetry(task, next);
  }
  if (step.state !== "failed" && !isAwaitingConfirmation(step)) return retryWithFeedback(tx, { execution, step, event });
  resetFailedStep(tx, execution, step);
  reopenExecution(tx, execution);
  unfreezeQueue(tx, execution);
  tx.note(`${event.by} retries ${task}`);
  return null;
};

/** Starts another attempt on existing work if its pull request has new remarks. Refusals: `not-failed`, `nothing-new`. */
const retryWithFeedback: StepCommandHandler = (tx, { execution, step, event }) => {
  const task = toTaskId(execution.id, step.id);
  const isThere = step.head !== null && (step.state === "published" || step.state === "waiting") && !isAwaitingAnswer(step);
  if (!isThere || step.pull === null) return refuseNotFailed(task, step.state).refusal;
  const news = findNewFeedback(tx, { execution, step });
  if (news === UNKNOWN) return null;
  if (news.items.length === 0) {
    return refuseRetryWithoutNews(task, step.pull);
  }
  tx.putStep(execution.id, requestChanges(step));
  reopenExecution(tx, execution);
  tx.note(`${event.by} retries ${task} with what was said on #${step.pull}`);
  return null;
};

const resetFailedStep = (tx: StepWriter & EffectWriter, execution: Execution, step: Step): void => {
  const opened = `open-pull:${toTaskId(execution.id, step.id)}`;
  if (tx.effectRecord(opened)?.refused) tx.deleteEffectRecord(opened);
  const lastFailure = isAwaitingConfirmation(step)
    ? `It found nothing to do: ${step.refusal?.message ?? ""} A person asked to look again.`
    : step.lastFailure;
  tx.putStep(execution.id, retryFromFailure(step, { keepsWork: hasUsableWork(step), lastFailure }));
};

/** Whether the work exists and only its pull request or conflict resolution failed. A conflict that no agent can resolve needs new work. */
const hasUsableWork = ({ refusal, head, resolution }: Step): boolean => {
  if (refusal?.code !== "unresolved") return refusal?.code === "pull-refused";
  return head?.by === "person" || resolution?.conflicts.every((each) => !needsPersonToResolve(each)) === true;
};

/** Lets a failed execution run again. */
export const reopenExecution = (tx: ExecutionWriter, { id }: Execution): void => {
  const execution = tx.execution(id);
  if (execution?.state === "failed") tx.putExecution(reopen(execution));
};

/**
 * Unfreezes a base whose landing failed: a person who retries other work has seen the reason. A rewound base stays frozen, because it needs
 * explicit agreement.
 */
const unfreezeQueue = (tx: QueueWriter, { baseBranch }: Execution): void => {
  if (!isRewoundQueue(tx.queue(baseBranch))) acceptBaseTip(tx, baseBranch);
};

/** Accepts the base as it is now: a person who retries the base has seen its commits. */
const acceptBaseTip = (tx: QueueWriter, base: BranchName): void => {
  const queue = tx.queue(base);
  // Another freeze is announced again.
  if (queue.frozen) tx.putQueue(base, { ...withAcceptedTip(queue, tx.baseTip(base)), freezes: (queue.freezes ?? 0) + 1 });
};
