import { approveReport } from "../../domain/step-lifecycle.ts";
import type { Brief } from "../../domain/brief.ts";
import type { Command } from "../../domain/command.ts";
import { type Execution, hasEnded, isBeingRevised } from "../../domain/execution.ts";
import { type BranchName, deriveExecutionId, toTaskId } from "../../domain/ids.ts";
import { accept, refuse, type Refusal, type Result } from "../../domain/refusal.ts";
import { isAwaitingAnswer, isAwaitingConfirmation, createStep } from "../../domain/step.ts";
import { findStepByPull, findTarget, findExecutionIssue } from "../../domain/find-target.ts";
import { renderHelpReply, renderStatusReply } from "../../messages/command-replies.ts";
import type { Draft } from "../draft.ts";
import { add, discard, startAdded } from "./adding.ts";
import type { Answer, OnFound } from "./answer.ts";
import { baseOf } from "./base-of.ts";
import { briefOf } from "./brief.ts";
import { cancel, skip, stopAll } from "./cancel.ts";
import type { Commanded } from "./commanded-event.ts";
import { makeTask } from "./made.ts";
import { reply } from "./mail.ts";
import { pause, resume } from "./pause.ts";
import { whyUnlandable } from "../terms.ts";
import { retry } from "./retry.ts";
import { beingRevised, revise, withoutReply } from "./revising.ts";
import { startWorkflow } from "./run.ts";

/** Writes a permitted command down. Refusals are answers: nothing of a refused command takes effect. */
export const applyCommand = (draft: Draft, event: Commanded, command: Command): Answer => {
  switch (command.kind) {
    case "do":
    case "plan":
      return begin(draft, event, command);
    case "run":
      return begins(draft, event) ?? runWorkflow(draft, event, command);
    case "add":
      return add(draft, event, command.text);
    case "revise":
      return revise(draft, event, command);
    case "approve-plan":
      return approvePlan(draft, event, command.plan);
    case "approve-step":
      return approveStep(draft, event, command);
    case "retry":
      return onTarget(draft, { event, target: command.target }, retry);
    case "cancel":
      return discard(draft, event, command.target) ? null : onTarget(draft, { event, target: command.target }, cancel);
    case "pause":
      return onTarget(draft, { event, target: command.target }, pause);
    case "resume":
      return onTarget(draft, { event, target: command.target }, resume);
    case "skip":
      return onTarget(draft, { event, target: command.target }, skip);
    case "stop":
      return stopAll(draft, event.by);
    case "status":
      return onTarget(draft, { event, target: command.target }, status);
    case "help":
      return { text: renderHelpReply() };
    case "quick":
      return quick(draft, event, command);
    case "reply":
      return reply(draft, event, command);
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

const status: OnFound = (draft, { execution }) => ({ text: renderStatusReply(execution, draft.plan(execution.plan)) });

const onTarget = (draft: Draft, { event, target }: { event: Commanded; target: string | null }, act: OnFound): Answer => {
  const found = findTarget(draft.executions(), event.issue, target);
  return found.ok ? act(draft, found.value, event) : found.refusal;
};

type Grounds = { readonly base: BranchName; readonly brief: Brief };

/** Where something new lands, and what people wrote about it. Undefined while that is not known. */
const groundsOf = (draft: Draft, event: Commanded): Result<Grounds> | undefined => {
  const base = openBase(draft, event);
  if (!base?.ok) return base;
  const brief = briefOf(draft, event);
  return brief?.ok ? accept({ base: base.value, brief: brief.value }) : brief;
};

const runWorkflow = (draft: Draft, event: Commanded, command: Extract<Command, { kind: "run" }>): Answer => {
  const grounds = groundsOf(draft, event);
  return grounds?.ok ? startWorkflow(draft, event, { command, ...grounds.value }) : (grounds?.refusal ?? null);
};

/** A person with write permission wrote its whole text: that is its approval. */
const quick = (draft: Draft, event: Commanded, command: Extract<Command, { kind: "quick" }>): Answer => {
  const { issue, onPullRequest, by } = event;
  const grounds = groundsOf(draft, event);
  if (!grounds?.ok) return grounds?.refusal ?? null;
  const { base, brief } = grounds.value;
  const id = deriveExecutionId(event.id, (taken) => draft.execution(taken) !== undefined);
  const refused =
    whyBroken(draft) ??
    whyUnlandable(draft, base) ??
    makeTask(draft, { issue, onPullRequest, requestedBy: by, baseBranch: base }, { id, command });
  const made = draft.execution(id);
  if (refused || !made) return refused;
  draft.putBrief(id, brief);
  start(draft, made, { by, at: event.at });
  return null;
};

const whyBroken = ({ snapshot }: Draft): Refusal | null => {
  const { broken } = snapshot.config;
  return broken === null
    ? null
    : refuse("bad-config", `The configuration cannot be used: ${broken}.`, "fix it on the default branch").refusal;
};

/** The branch that something new lands on; on the pull request of a step nothing new is asked for. */
const openBase = (draft: Draft, event: Commanded): Result<BranchName> | undefined => {
  const own = findStepByPull(draft.executions(), event.issue);
  if (!own) return baseOf(draft, event);
  const task = toTaskId(own.execution.id, own.step.id);
  const why = `This pull request belongs to the step \`${task}\`. Comment here with what should change, then retry the step.`;
  return refuse("step-pull", why, `/enki retry ${task}`);
};

/** Why nothing new may begin on an issue; null where it may. */
const begins = (draft: Draft, event: Commanded): Refusal | null => {
  const busy = draft.executions().find((each) => each.issue === event.issue && !hasEnded(each));
  if (!busy) return whyBroken(draft);
  return refuse("already-running", `Execution \`${busy.id}\` is ${busy.state} on this issue.`, `/enki cancel ${busy.id}`).refusal;
};

const begin = (draft: Draft, event: Commanded, command: Extract<Command, { kind: "do" | "plan" }>): Answer => {
  const base = openBase(draft, event);
  if (!base?.ok) return base?.refusal ?? null;
  const refused = begins(draft, event) ?? whyUnlandable(draft, base.value);
  if (refused) return refused;
  const brief = briefOf(draft, event);
  if (!brief?.ok) return brief?.refusal ?? null;
  const id = deriveExecutionId(event.id, (taken) => draft.execution(taken) !== undefined);
  const request = command.text === "" ? brief.value.title : command.text;
  draft.putBrief(id, brief.value);
  draft.putExecution({
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
  draft.note(`${event.by} asked for ${id} on #${event.issue}: ${request.slice(0, 72)}`);
  return null;
};

const approvePlan = (draft: Draft, event: Commanded, text: string): Answer => {
  const issue = findExecutionIssue(draft.executions(), event.issue);
  const here = draft.executions().filter((each) => each.issue === issue);
  const proposed = here.filter((each) => each.state === "proposed");
  const wanted = proposed.find((each) => each.plan?.startsWith(text) === true);
  if (wanted) {
    start(draft, wanted, { by: event.by, at: event.at });
    return null;
  }
  const growing = here.filter((each) => each.amendment?.state === "proposed");
  const grown = growing.find((each) => each.amendment?.plan?.startsWith(text) === true);
  if (grown) {
    startAdded(draft, grown, { by: event.by, at: event.at });
    return null;
  }
  const replied = here.map((each) => withoutReply(draft, each, text)).find((each) => each !== null);
  if (replied) {
    const begin = replied.state === "proposed" ? start : startAdded;
    begin(draft, replied, { by: event.by, at: event.at });
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

/** Sets an approved plan going: every step is pending until its needs hold. */
export const start = (draft: Draft, execution: Execution, approved: { by: string; at: number }): void => {
  const plan = draft.plan(execution.plan);
  if (!plan || execution.plan === null) return;
  const steps = Object.fromEntries(plan.steps.map((step) => [step.id, createStep(step.id)]));
  draft.putExecution({
    ...execution,
    state: "running",
    approved: { plan: execution.plan, ...approved },
    steps,
    planning: { ...execution.planning, deadline: null },
  });
  draft.note(`${approved.by} approved plan ${execution.plan.slice(0, 12)} of ${execution.id}`);
};

const approveStep = (draft: Draft, event: Commanded, command: Extract<Command, { kind: "approve-step" }>): Answer => {
  const found = findTarget(draft.executions(), event.issue, command.task);
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
  // Why there was nothing to do is still told.
  const why = isAwaitingConfirmation(step) && step.refusal ? { ...step.refusal, next: "" } : null;
  draft.putStep(execution.id, approveReport(step, why));
  draft.note(`${event.by} approved ${task}@${step.result.slice(0, 12)}`);
  return null;
};
