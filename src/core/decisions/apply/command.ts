import { BEING_REVISED_REFUSAL } from "../../messages/refusals/plan-commands.ts";
import {
  NO_OPEN_PLAN_REFUSAL,
  refuseApprovalOfQuestion,
  refuseApprovalWithoutReview,
  refuseApprovedExecution,
  refuseBadConfig,
  refuseBusyIssue,
  refuseOtherPlan,
  refuseOtherResult,
  refuseRepeatedApproval,
  refuseStepPull,
  refuseUnaskedApproval,
} from "../../messages/refusals/plan-commands.ts";
import { createExecution } from "../../domain/execution-lifecycle.ts";
import { approveReport } from "../../domain/step-lifecycle.ts";
import type { MicroUsd } from "../../domain/budget.ts";
import type { Brief } from "../../domain/brief.ts";
import type { PersonCommand } from "../../domain/command.ts";
import { type Execution, hasEnded, isBeingRevised, type PlanApproval } from "../../domain/execution.ts";
import { type BranchName, deriveExecutionId, type Login, toTaskId } from "../../domain/ids.ts";
import { accept, type Refusal, type Result } from "../../domain/refusal.ts";
import { isAwaitingAnswer, isAwaitingConfirmation, type Step } from "../../domain/step.ts";
import { findStepByPull, findTarget, findExecutionIssue } from "../../domain/find-target.ts";
import { listAddedSteps } from "../../messages/amendment.ts";
import { NO_WORK_ON_PULL } from "../../messages/pull-refusals.ts";
import { renderHelpReply, renderStatusReply } from "../../messages/command-replies.ts";
import type { DecisionTransaction, DecisionReader } from "../decision-transaction.ts";
import { requestAmendment, discardAmendment, applyAmendment } from "./amend-plan.ts";
import type { CommandAnswer, TargetCommandHandler } from "./answer.ts";
import { findCommandBase } from "./base-of.ts";
import { findCommandBrief } from "./record-brief.ts";
import { cancelTarget, skipTarget, stopAllExecutions } from "./cancel.ts";
import { type CommandedEvent, toDecision } from "./commanded-event.ts";
import { describeBudget } from "../../messages/budget-text.ts";
import { viewBudget } from "../budget-room.ts";
import { setBudget } from "./budget.ts";
import { createAdhocTask } from "./create-task.ts";
import { checkExecutionLimit } from "./hourly-limits.ts";
import { setPriority } from "./set-priority.ts";
import { landPull, unlandPull } from "./land-pull.ts";
import { answerMailQuestion } from "./mail-commands.ts";
import { pauseTarget, resumeTarget } from "./pause.ts";
import { checkLandable } from "../landing-terms.ts";
import { retryTarget } from "./retry.ts";
import { revisePlan, withoutQuotedRevision } from "./revise-plan.ts";
import { renewApproval } from "./renew-approval.ts";
import { renewDecision } from "../reconcile/step-decisions.ts";
import { startApprovedPlan } from "./start-approved-plan.ts";
import { startWorkflow } from "./start-workflow.ts";

/** Applies a permitted command. A refused command has no effect, and its refusal is the answer. */
export const applyCommand = (tx: DecisionTransaction, event: CommandedEvent, command: PersonCommand): CommandAnswer => {
  switch (command.kind) {
    case "do":
    case "plan":
      return startPlanning(tx, event, command);
    case "run":
      return checkIssueFree(tx, event) ?? applyRunCommand(tx, event, command);
    case "add":
      return requestAmendment(tx, event, command.text);
    case "revise":
      return revisePlan(tx, event, command);
    case "approve-plan":
      return approvePlan(tx, event, command.plan);
    case "approve-step":
      return approveStepResult(tx, event, command);
    case "retry":
      return applyToTarget(tx, { event, target: command.target }, retryTarget);
    case "cancel":
      return discardAmendment(tx, event, command.target) ? null : applyToTarget(tx, { event, target: command.target }, cancelTarget);
    case "pause":
      return applyToTarget(tx, { event, target: command.target }, pauseTarget);
    case "resume":
      return applyToTarget(tx, { event, target: command.target }, resumeTarget);
    case "priority":
      return applyToTarget(tx, { event, target: command.target }, setPriority(command.priority));
    case "land":
      return landPull(tx, event, command);
    case "unland":
      return unlandPull(tx, event);
    case "skip":
      return applyToTarget(tx, { event, target: command.target }, skipTarget);
    case "stop":
      return stopAllExecutions(tx, event.by);
    case "budget":
      return applyToTarget(tx, { event, target: command.target }, setBudget(command));
    case "status":
      return applyToTarget(tx, { event, target: command.target }, applyStatusCommand);
    case "help":
      return { text: renderHelpReply() };
    case "quick":
      return applyQuickCommand(tx, event, command);
    case "reply":
      return answerMailQuestion(tx, event, command);
  }
};

const applyStatusCommand: TargetCommandHandler = (tx, { execution }) => {
  const [plan, grown] = [tx.plan(execution.plan), tx.plan(execution.amendment?.plan ?? null)];
  const status = renderStatusReply(execution, plan, listAddedSteps({ plan, grown }));
  return { text: [status, describeBudget(viewBudget(tx, execution))].filter((part) => part !== "").join("\n\n") };
};

const applyToTarget = (
  tx: DecisionTransaction,
  { event, target }: { event: CommandedEvent; target: string | null },
  act: TargetCommandHandler,
): CommandAnswer => {
  const found = findTarget(tx.executions(), event.issue, target);
  if (!found.ok) return found.refusal;
  const { landsPull, state } = found.value.execution;
  // No agent may start work on a person's branch; a frozen queue may be retried.
  if (landsPull && (act === skipTarget || (act === retryTarget && (found.value.step || state !== "running")))) return NO_WORK_ON_PULL;
  return act(tx, found.value, event);
};

type StartingContext = { readonly baseBranch: BranchName; readonly brief: Brief };

/** The base branch and the brief of a new request. Returns undefined while facts are missing. */
const findStartingContext = (tx: DecisionReader, event: CommandedEvent): Result<StartingContext> | undefined => {
  const base = findOpenBase(tx, event);
  if (!base?.ok) return base;
  const brief = findCommandBrief(tx, event);
  return brief?.ok ? accept({ baseBranch: base.value, brief: brief.value }) : brief;
};

const applyRunCommand = (
  tx: DecisionTransaction,
  event: CommandedEvent,
  command: Extract<PersonCommand, { kind: "run" }>,
): CommandAnswer => {
  const grounds = findStartingContext(tx, event);
  return grounds?.ok ? startWorkflow(tx, event, { command, ...grounds.value }) : (grounds?.refusal ?? null);
};

/** A quick task needs no approval: a person with write permission wrote its whole text. */
const applyQuickCommand = (
  tx: DecisionTransaction,
  event: CommandedEvent,
  command: Extract<PersonCommand, { kind: "quick" }>,
): CommandAnswer => {
  const { issue, onPullRequest, by } = event;
  const grounds = findStartingContext(tx, event);
  if (!grounds?.ok) return grounds?.refusal ?? null;
  const { baseBranch, brief } = grounds.value;
  const id = deriveExecutionId(event.id, (taken) => tx.execution(taken) !== undefined);
  const refused =
    checkExecutionLimit(tx, by) ??
    checkConfigUsable(tx) ??
    checkLandable(tx, baseBranch) ??
    createAdhocTask(tx, { issue, onPullRequest, requestedBy: by, baseBranch }, { id, command });
  const made = tx.execution(id);
  if (refused || !made) return refused;
  tx.putBrief(id, brief);
  startApprovedPlan(tx, made, { by, at: event.at });
  return null;
};

const checkConfigUsable = ({ snapshot }: DecisionReader): Refusal | null => {
  const { broken } = snapshot.config;
  return broken === null ? null : refuseBadConfig(broken);
};

/** The base branch of a new request. Requests on the pull request of a step are refused. */
const findOpenBase = (tx: DecisionReader, event: CommandedEvent): Result<BranchName> | undefined => {
  const own = findStepByPull(tx.executions(), event.issue);
  // A person's pull request in the queue is a pull request like any other.
  if (own?.execution.landsPull) return findCommandBase(tx, event);
  if (!own) return findCommandBase(tx, event);
  const task = toTaskId(own.execution.id, own.step.id);
  return refuseStepPull(task);
};

/** Why no new execution may start on an issue; null if one may. */
const checkIssueFree = (tx: DecisionReader, event: CommandedEvent): Refusal | null => {
  const busy = tx.executions().find((each) => each.issue === event.issue && !hasEnded(each));
  if (!busy) return checkConfigUsable(tx) ?? checkExecutionLimit(tx, event.by);
  return refuseBusyIssue(busy.id, busy.state);
};

const startPlanning = (
  tx: DecisionTransaction,
  event: CommandedEvent,
  command: Extract<PersonCommand, { kind: "do" | "plan" }>,
): CommandAnswer => {
  const base = findOpenBase(tx, event);
  if (!base?.ok) return base?.refusal ?? null;
  const refused = checkIssueFree(tx, event) ?? checkLandable(tx, base.value);
  if (refused) return refused;
  const brief = findCommandBrief(tx, event);
  if (!brief?.ok) return brief?.refusal ?? null;
  const id = deriveExecutionId(event.id, (taken) => tx.execution(taken) !== undefined);
  const request = command.text === "" ? brief.value.title : command.text;
  tx.putBrief(id, brief.value);
  const { issue, onPullRequest, by: requestedBy, at: createdAt } = event;
  const requested = { id, issue, onPullRequest, requestedBy, request, createdAt, ...toOwnBudget(command.budget, requestedBy) };
  tx.putExecution(createExecution({ ...requested, baseBranch: base.value, planOnly: command.kind === "plan" }));
  tx.note(`${event.by} asked for ${id} on #${event.issue}: ${request.slice(0, 72)}`);
  return null;
};

const toOwnBudget = (cap: MicroUsd | undefined, setBy: Login): Pick<Execution, "budget"> =>
  cap === undefined ? {} : { budget: { cap, setBy } };

const toApproval = ({ by, at, source }: CommandedEvent): Omit<PlanApproval, "plan"> => ({ by, at, source });

const approvePlan = (tx: DecisionTransaction, event: CommandedEvent, text: string): CommandAnswer => {
  const issue = findExecutionIssue(tx.executions(), event.issue);
  const here = tx.executions().filter((each) => each.issue === issue);
  const proposed = here.filter((each) => each.state === "proposed");
  const wanted = proposed.find((each) => each.plan?.startsWith(text) === true);
  if (wanted) {
    startApprovedPlan(tx, wanted, toApproval(event));
    return null;
  }
  const growing = here.filter((each) => each.amendment?.state === "proposed");
  const grown = growing.find((each) => each.amendment?.plan?.startsWith(text) === true);
  if (grown) {
    applyAmendment(tx, grown, toApproval(event));
    return null;
  }
  const replied = here.map((each) => withoutQuotedRevision(tx, each, text)).find((each) => each !== null);
  if (replied) {
    const begin = replied.state === "proposed" ? startApprovedPlan : applyAmendment;
    begin(tx, replied, toApproval(event));
    return null;
  }
  const done = here.find((each) => each.approved?.plan.startsWith(text) === true);
  if (done && renewApproval(tx, done, toApproval(event))) return null;
  if (done) return refuseRepeatedApproval(done.approved?.by ?? "", done.state);
  if (here.some((each) => isBeingRevised(each))) return BEING_REVISED_REFUSAL;
  const [open] = [...proposed.map((each) => each.plan), ...growing.map((each) => each.amendment?.plan)];
  if (!open) return NO_OPEN_PLAN_REFUSAL;
  return refuseOtherPlan(text, open.slice(0, 12));
};

const approveStepResult = (
  tx: DecisionTransaction,
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
