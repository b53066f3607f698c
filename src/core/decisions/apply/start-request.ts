import type { Brief } from "../../domain/brief.ts";
import type { MicroUsd } from "../../domain/budget.ts";
import type { PersonCommand } from "../../domain/command.ts";
import { createExecution } from "../../domain/execution-lifecycle.ts";
import { type Execution, hasEnded } from "../../domain/execution.ts";
import { findStepByPull } from "../../domain/find-target.ts";
import { type BranchName, deriveExecutionId, type Login, toTaskId } from "../../domain/ids.ts";
import { accept, type Refusal, type Result } from "../../domain/refusal.ts";
import { refuseBadConfig, refuseBusyIssue, refuseStepPull } from "../../messages/refusals/plan-commands.ts";
import type { DecisionReader, LedgerReader, ExecutionWriter, TextWriter } from "../decision-transaction.ts";
import { checkLandable } from "../landing-terms.ts";
import type { CommandAnswer } from "./answer.ts";
import { findCommandBase } from "./find-command-base.ts";
import type { CommandedEvent } from "./commanded-event.ts";
import { createAdhocTask } from "./create-task.ts";
import { checkExecutionLimit } from "./hourly-limits.ts";
import { findCommandBrief } from "./find-command-brief.ts";
import { startApprovedPlan } from "./start-approved-plan.ts";
import { startWorkflow } from "./start-workflow.ts";
import { type Known, replaceUnknown, UNKNOWN } from "../../domain/known.ts";

type StartingContext = { readonly baseBranch: BranchName; readonly brief: Brief };

/** The base branch and the brief of a new request. */
const findStartingContext = (tx: DecisionReader, event: CommandedEvent): Known<Result<StartingContext>> => {
  const base = findOpenBase(tx, event);
  if (base === UNKNOWN || !base.ok) return base;
  const brief = findCommandBrief(tx, event);
  return brief !== UNKNOWN && brief.ok ? accept({ baseBranch: base.value, brief: brief.value }) : brief;
};

/** Starts a workflow, unless its issue is busy. */
export const applyRunCommand = (
  tx: ExecutionWriter & TextWriter,
  event: CommandedEvent,
  command: Extract<PersonCommand, { kind: "run" }>,
): CommandAnswer => {
  const refused = checkIssueFree(tx, event);
  if (refused) return refused;
  const grounds = findStartingContext(tx, event);
  if (grounds === UNKNOWN) return null;
  return grounds.ok ? startWorkflow(tx, event, { command, ...grounds.value }) : grounds.refusal;
};

/** A quick task or a question needs no approval: a person with write permission wrote its whole text. A question lands nothing. */
export const startAdhocTask = (
  tx: ExecutionWriter & TextWriter,
  event: CommandedEvent,
  command: Extract<PersonCommand, { kind: "quick" | "ask" }>,
): CommandAnswer => {
  const { issue, onPullRequest, by } = event;
  const grounds = findStartingContext(tx, event);
  if (grounds === UNKNOWN) return null;
  if (!grounds.ok) return grounds.refusal;
  const { baseBranch, brief } = grounds.value;
  const id = deriveExecutionId(event.id, (taken) => tx.execution(taken) !== undefined);
  const refused =
    checkExecutionLimit(tx, by) ??
    checkConfigUsable(tx) ??
    (command.kind === "quick" ? replaceUnknown(checkLandable(tx, baseBranch), null) : null) ??
    createAdhocTask(tx, { issue, onPullRequest, requestedBy: by, baseBranch }, { id, command });
  const made = tx.execution(id);
  if (refused || !made) return refused;
  tx.putBrief(id, brief);
  startApprovedPlan(tx, made, { by, at: event.at });
  return null;
};

export const checkConfigUsable = ({ snapshot }: LedgerReader): Refusal | null => {
  const { broken } = snapshot.config;
  return broken === null ? null : refuseBadConfig(broken);
};

/** The base branch of a new request. Requests on the pull request of a step are refused. */
const findOpenBase = (tx: DecisionReader, event: CommandedEvent): Known<Result<BranchName>> => {
  const own = findStepByPull(tx.executions(), event.issue);
  // A person's pull request in the queue is a pull request like any other.
  return own && !own.execution.landsPull ? refuseStepPull(toTaskId(own.execution.id, own.step.id)) : findCommandBase(tx, event);
};

/** Why no new execution may start on an issue; null if one may. */
const checkIssueFree = (tx: LedgerReader, event: CommandedEvent): Refusal | null => {
  const busy = tx.executions().find((each) => each.issue === event.issue && !hasEnded(each));
  if (!busy) return checkConfigUsable(tx) ?? checkExecutionLimit(tx, event.by);
  return refuseBusyIssue(busy.id, busy.state);
};

/** Starts a planner for a request. Refuses a request whose issue, base, configuration or brief does not allow a new execution. */
export const startPlanning = (
  tx: ExecutionWriter & TextWriter,
  event: CommandedEvent,
  command: Extract<PersonCommand, { kind: "do" | "plan" }>,
): CommandAnswer => {
  const base = findOpenBase(tx, event);
  if (base === UNKNOWN) return null;
  if (!base.ok) return base.refusal;
  const refused = checkIssueFree(tx, event) ?? replaceUnknown(checkLandable(tx, base.value), null);
  if (refused) return refused;
  const brief = findCommandBrief(tx, event);
  if (brief === UNKNOWN) return null;
  if (!brief.ok) return brief.refusal;
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
