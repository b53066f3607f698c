import { approveReport } from "../../domain/step-lifecycle.ts";
import type { Brief } from "../../domain/brief.ts";
import type { Command } from "../../domain/command.ts";
import { type Execution, hasEnded, isBeingRevised } from "../../domain/execution.ts";
import { type BranchName, deriveExecutionId, toTaskId } from "../../domain/ids.ts";
import { accept, refuse, type Refusal, type Result } from "../../domain/refusal.ts";
import { isAwaitingAnswer, isAwaitingConfirmation, createStep } from "../../domain/step.ts";
import { findStepByPull, findTarget, findExecutionIssue } from "../../domain/find-target.ts";
import { renderHelpReply, renderStatusReply } from "../../messages/command-replies.ts";
import type { DecisionTransaction } from "../decision-transaction.ts";
import { add, discard, startAdded } from "./amend-plan.ts";
import type { Answer, OnFound } from "./answer.ts";
import { baseOf } from "./base-of.ts";
import { briefOf } from "./record-brief.ts";
import { cancel, skip, stopAll } from "./cancel.ts";
import type { Commanded } from "./commanded-event.ts";
import { makeTask } from "./create-task.ts";
import { reply } from "./mail-commands.ts";
import { pause, resume } from "./pause.ts";
import { whyUnlandable } from "../landing-terms.ts";
import { retry } from "./retry.ts";
import { beingRevised, revise, withoutReply } from "./revise-plan.ts";
import { startWorkflow } from "./start-workflow.ts";

/** Applies a permitted command. A refused command has no effect, and its refusal is the answer. */
export const applyCommand = (tx: DecisionTransaction, event: Commanded, command: Command): Answer => {
  switch (command.kind) {
    case "do":
    case "plan":
      return begin(tx, event, command);
    case "run":
      return begins(tx, event) ?? runWorkflow(tx, event, command);
    case "add":
      return add(tx, event, command.text);
    case "revise":
      return revise(tx, event, command);
    case "approve-plan":
      return approvePlan(tx, event, command.plan);
    case "approve-step":
      return approveStep(tx, event, command);
    case "retry":
      return onTarget(tx, { event, target: command.target }, retry);
    case "cancel":
      return discard(tx, event, command.target) ? null : onTarget(tx, { event, target: command.target }, cancel);
    case "pause":
      return onTarget(tx, { event, target: command.target }, pause);
    case "resume":
      return onTarget(tx, { event, target: command.target }, resume);
    case "skip":
      return onTarget(tx, { event, target: command.target }, skip);
    case "stop":
      return stopAll(tx, event.by);
    case "status":
      return onTarget(tx, { event, target: command.target }, status);
    case "help":
      return { text: renderHelpReply() };
    case "quick":
      return quick(tx, event, command);
    case "reply":
      return reply(tx, event, command);
    case "propose":
    case "add-steps":
    case "report":
    case "create-task":
    case "backlog-add":
    case "backlog-update":
    case "backlog-remove":
    case "backlog-pick":
    case "mail-send":
    case "mail-read":
    case "mail-reply":
      return refuse("not-for-people", `\`${command.kind}\` is recorded by agents' tools and is not a command.`).refusal;
  }
};

const status: OnFound = (tx, { execution }) => ({ text: renderStatusReply(execution, tx.plan(execution.plan)) });

const onTarget = (tx: DecisionTransaction, { event, target }: { event: Commanded; target: string | null }, act: OnFound): Answer => {
  const found = findTarget(tx.executions(), event.issue, target);
  return found.ok ? act(tx, found.value, event) : found.refusal;
};

type Grounds = { readonly base: BranchName; readonly brief: Brief };

/** The base branch and the brief of a new request. Undefined while facts are missing. */
const groundsOf = (tx: DecisionTransaction, event: Commanded): Result<Grounds> | undefined => {
  const base = openBase(tx, event);
  if (!base?.ok) return base;
  const brief = briefOf(tx, event);
  return brief?.ok ? accept({ base: base.value, brief: brief.value }) : brief;
};

const runWorkflow = (tx: DecisionTransaction, event: Commanded, command: Extract<Command, { kind: "run" }>): Answer => {
  const grounds = groundsOf(tx, event);
  return grounds?.ok ? startWorkflow(tx, event, { command, ...grounds.value }) : (grounds?.refusal ?? null);
};

/** A quick task needs no approval: a person with write permission wrote its whole text. */
const quick = (tx: DecisionTransaction, event: Commanded, command: Extract<Command, { kind: "quick" }>): Answer => {
  const { issue, onPullRequest, by } = event;
  const grounds = groundsOf(tx, event);
  if (!grounds?.ok) return grounds?.refusal ?? null;
  const { base, brief } = grounds.value;
  const id = deriveExecutionId(event.id, (taken) => tx.execution(taken) !== undefined);
  const refused =
    whyBroken(tx) ?? whyUnlandable(tx, base) ?? makeTask(tx, { issue, onPullRequest, requestedBy: by, baseBranch: base }, { id, command });
  const made = tx.execution(id);
  if (refused || !made) return refused;
  tx.putBrief(id, brief);
  start(tx, made, { by, at: event.at });
  return null;
};

const whyBroken = ({ snapshot }: DecisionTransaction): Refusal | null => {
  const { broken } = snapshot.config;
  return broken === null
    ? null
    : refuse("bad-config", `The configuration cannot be used: ${broken}.`, "fix it on the default branch").refusal;
};

/** The base branch of a new request. Requests on the pull request of a step are refused. */
const openBase = (tx: DecisionTransaction, event: Commanded): Result<BranchName> | undefined => {
  const own = findStepByPull(tx.executions(), event.issue);
  if (!own) return baseOf(tx, event);
  const task = toTaskId(own.execution.id, own.step.id);
  const why = `This pull request belongs to the step \`${task}\`. Comment here with what should change, then retry the step.`;
  return refuse("step-pull", why, `/enki retry ${task}`);
};

/** Why no new execution may start on an issue; null if one may. */
const begins = (tx: DecisionTransaction, event: Commanded): Refusal | null => {
  const busy = tx.executions().find((each) => each.issue === event.issue && !hasEnded(each));
  if (!busy) return whyBroken(tx);
  return refuse("already-running", `Execution \`${busy.id}\` is ${busy.state} on this issue.`, `/enki cancel ${busy.id}`).refusal;
};

const begin = (tx: DecisionTransaction, event: Commanded, command: Extract<Command, { kind: "do" | "plan" }>): Answer => {
  const base = openBase(tx, event);
  if (!base?.ok) return base?.refusal ?? null;
  const refused = begins(tx, event) ?? whyUnlandable(tx, base.value);
  if (refused) return refused;
  const brief = briefOf(tx, event);
  if (!brief?.ok) return brief?.refusal ?? null;
  const id = deriveExecutionId(event.id, (taken) => tx.execution(taken) !== undefined);
  const request = command.text === "" ? brief.value.title : command.text;
  tx.putBrief(id, brief.value);
  tx.putExecution({
    id,
    issue: event.issue,
    onPullRequest: event.onPullRequest,
    requestedBy: event.by,
    request,
    baseBranch: base.value,
    createdAt: event.at,
    state: "planning",
    refusal: null,
    amendment: null,
    planOnly: command.kind === "plan",
    planning: { attempt: 1, faults: 0, notBefore: 0, deadline: null },
    plan: null,
    approved: null,
    steps: {},
    spent: 0,
  });
  tx.note(`${event.by} asked for ${id} on #${event.issue}: ${request.slice(0, 72)}`);
  return null;
};

const approvePlan = (tx: DecisionTransaction, event: Commanded, text: string): Answer => {
  const issue = findExecutionIssue(tx.executions(), event.issue);
  const here = tx.executions().filter((each) => each.issue === issue);
  const proposed = here.filter((each) => each.state === "proposed");
  const wanted = proposed.find((each) => each.plan?.startsWith(text) === true);
  if (wanted) {
    start(tx, wanted, { by: event.by, at: event.at });
    return null;
  }
  const growing = here.filter((each) => each.amendment?.state === "proposed");
  const grown = growing.find((each) => each.amendment?.plan?.startsWith(text) === true);
  if (grown) {
    startAdded(tx, grown, { by: event.by, at: event.at });
    return null;
  }
  const replied = here.map((each) => withoutReply(tx, each, text)).find((each) => each !== null);
  if (replied) {
    const begin = replied.state === "proposed" ? start : startAdded;
    begin(tx, replied, { by: event.by, at: event.at });
    return null;
  }
  const done = here.find((each) => each.approved?.plan.startsWith(text) === true);
  if (done)
    return refuse("already-approved", `That plan was approved by @\u200b${done.approved?.by ?? ""} and is ${done.state}.`, "/enki status")
      .refusal;
  if (here.some((each) => isBeingRevised(each))) return beingRevised;
  const [open] = [...proposed.map((each) => each.plan), ...growing.map((each) => each.amendment?.plan)];
  if (!open) return refuse("nothing-to-approve", "No plan is waiting for approval on this issue.", "/enki status").refusal;
  return refuse(
    "other-plan",
    `No proposed plan has the hash \`${text}\`: it may have changed since you read it.`,
    `/enki approve ${open.slice(0, 12)}`,
  ).refusal;
};

/** Starts an approved plan with every step pending. */
export const start = (tx: DecisionTransaction, execution: Execution, approved: { by: string; at: number }): void => {
  const plan = tx.plan(execution.plan);
  if (!plan || execution.plan === null) return;
  const steps = Object.fromEntries(plan.steps.map((step) => [step.id, createStep(step.id)]));
  tx.putExecution({
    ...execution,
    state: "running",
    approved: { plan: execution.plan, ...approved },
    steps,
    planning: { ...execution.planning, deadline: null },
  });
  tx.note(`${approved.by} approved plan ${execution.plan.slice(0, 12)} of ${execution.id}`);
};

const approveStep = (tx: DecisionTransaction, event: Commanded, command: Extract<Command, { kind: "approve-step" }>): Answer => {
  const found = findTarget(tx.executions(), event.issue, command.task);
  if (!found.ok) return found.refusal;
  const { execution, step } = found.value;
  if (!step) return refuse("no-step", `\`${command.task}\` is an execution; only a step can be approved.`, "/enki status").refusal;
  const task = toTaskId(execution.id, step.id);
  if (step.head) {
    return refuse(
      "review-needed",
      `\`${task}\` has a pull request: approve it with a review there.`,
      step.pull === null ? "/enki status" : `#${step.pull}`,
    ).refusal;
  }
  if (isAwaitingAnswer(step)) return refuse("asked", `\`${task}\` is waiting for an answer, not for approval.`, step.refusal?.next).refusal;
  if (step.state !== "waiting" || !step.result)
    return refuse("not-waiting", `\`${task}\` is ${step.state}; it is not waiting for approval.`, "/enki status").refusal;
  if (!step.result.startsWith(command.head)) {
    return refuse(
      "other-result",
      `The result of \`${task}\` is not \`${command.head}\`.`,
      `/enki approve ${task}@${step.result.slice(0, 12)}`,
    ).refusal;
  }
  // The reason why there was nothing to do stays visible after the approval.
  const why = isAwaitingConfirmation(step) && step.refusal ? { ...step.refusal, next: "" } : null;
  tx.putStep(execution.id, approveReport(step, why));
  tx.note(`${event.by} approved ${task}@${step.result.slice(0, 12)}`);
  return null;
};
