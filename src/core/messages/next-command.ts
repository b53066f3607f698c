import type { Execution } from "../domain/execution.ts";
import { toTaskId } from "../domain/ids.ts";
import type { PlannedStep } from "../domain/plan.ts";
import type { Queue } from "../domain/queue.ts";
import type { Refusal } from "../domain/refusal.ts";
import { DECISION_GONE_CODE, isAwaitingAnswer, isAwaitingConfirmation, isHeldByPerson, type Step } from "../domain/step.ts";
import { toInlineCode, escapeSentence } from "./escape.ts";
import { findFailureAction } from "./failure-action.ts";
import { listFindings } from "../domain/tampering.ts";
import { findTrial } from "../domain/trial.ts";
import { renderReason } from "./refusal-page.ts";
import { renderFindings } from "./tampering-text.ts";
import { describeFailedTrial, renderTrialLog, summarizeTrial } from "./trial-text.ts";
import { renderPlanApproval } from "./plan-approval.ts";

const APPROVAL_REQUEST = "Nothing runs until a person with write permission approves. To start exactly this plan, comment:";

/** GitHub shows a copy button on a code block. */
export const formatCopyBlock = (line: string): string => `\`\`\`\n${line}\n\`\`\``;

/** A refusal's next step: a command to copy, or a sentence. */
export const renderNextStep = ({ next }: Refusal): string =>
  next.startsWith("/enki") ? formatCopyBlock(next) : next === "" ? "" : `Next: ${escapeSentence(next)}`;

/** The next step on a pull request, unless it only leads to the pull request itself. */
export const renderNextOwnStep = (refusal: Refusal): string => (/^#\d+$/.test(refusal.next) ? "" : renderNextStep(refusal));

/** The steps of an execution that have started, and those of its plan. */
type NextSteps = { readonly started: readonly Step[]; readonly planned: readonly PlannedStep[] };

/** The next steps for a person, with commands; empty if Enki continues automatically. */
export const renderNextCommand = (execution: Execution, queue: Queue, { started, planned }: NextSteps): string => {
  switch (execution.state) {
    case "proposed":
      return [
        renderPlanApproval(execution, { steps: planned, plan: execution.plan, request: APPROVAL_REQUEST }),
        `Not what you meant? Comment ${toInlineCode("/enki revise <what to change>")}, or quote a line of the plan and say what to change. To cancel it, comment ${toInlineCode(`/enki cancel ${execution.id}`)}.`,
      ].join("\n\n");
    case "running":
      return renderRunningActions(execution, queue, started);
    case "failed":
      return renderFailureAction(execution, started);
    case "paused":
      return `Running jobs may finish, but nothing new starts or lands. To continue, comment:\n\n${formatCopyBlock(`/enki resume ${execution.id}`)}`;
    case "asking":
      return execution.refusal ? `To answer, comment:\n\n${renderNextStep(execution.refusal)}` : "";
    case "planning":
    case "done":
    case "cancelled":
      return "";
  }
};

const MAX_STEPS_SUGGESTED = 5;

const renderRunningActions = (execution: Execution, { frozen }: Queue, steps: readonly Step[]): string => {
  const waiting = steps.filter((step) => step.state === "waiting").slice(0, MAX_STEPS_SUGGESTED);
  const failed = steps.filter((step) => step.state === "failed");
  const paused = steps.filter((step) => step.state === "paused");
  return [
    ...(frozen ? [renderFrozenAction(frozen)] : []),
    ...waiting.map((step) => renderWaitingStep(execution, step)),
    ...(!frozen && failed[0] ? [renderRetryCommand(execution, failed)] : []),
    ...(paused[0] ? [renderResumeCommand(execution, paused)] : []),
  ].join("\n\n");
};

/** The fix outside of Enki comes before the command. */
const renderFrozenAction = (frozen: Refusal): string => {
  if (frozen.next.startsWith("/enki")) return `When that is fixed, comment:\n\n${renderNextStep(frozen)}`;
  return `${renderNextStep(frozen)} Enki checks again within 15 minutes; to check now, comment ${toInlineCode("/enki retry")}.`;
};

/** Refusals of an approval that a checkpoint's line does not explain. */
const EXPLAINED_CODES: readonly string[] = ["hasty-review", "self-approval", "pusher-unknown"];

const renderHeldStep = ({ id }: Step, refusal: Refusal): string => {
  const held = `${toInlineCode(id)} is **held**: ${renderReason(refusal)}`;
  if (refusal.code === DECISION_GONE_CODE) return `${held} To decide again, comment:\n\n${renderNextStep(refusal)}`;
  if (refusal.next.startsWith("/enki approve ")) return `${held} To approve again, comment:\n\n${renderNextStep(refusal)}`;
  return held;
};

const renderWaitingStep = (execution: Execution, step: Step): string => {
  if (isAwaitingAnswer(step) && step.refusal)
    return `${toInlineCode(step.id)} **asks**. ${escapeSentence(step.refusal.message)} To answer, comment:\n\n${renderNextStep(step.refusal)}`;
  if (isHeldByPerson(step) && step.refusal) return renderHeldStep(step, step.refusal);
  if (isAwaitingConfirmation(step) && step.refusal) return renderNothingToDo(execution, step, step.refusal);
  return renderCheckpoint(execution, step);
};

const renderReviewed = (step: Step & { readonly pull: number }): string => {
  const again = step.refusal && EXPLAINED_CODES.includes(step.refusal.code) ? ` ${renderReason(step.refusal)}` : "";
  const findings = listFindings(step);
  const approve = `approve #${step.pull} with a review to land it and start the next steps.${again}`;
  if (findings.length === 0) return `${toInlineCode(step.id)} is a **checkpoint**, and its work is verified: ${approve}`;
  const name = `${toInlineCode(step.id)} changes **the checks that judge it**`;
  const trial = findTrial(step);
  const words =
    trial?.state === "failed"
      ? `${name}, and **${describeFailedTrial(trial)}**. Find out why, then request changes, or ${approve}`
      : `${name}, and its work is verified: ${approve}${trial ? ` ${summarizeTrial(trial)}` : ""}`;
  return [words, renderFindings(findings), renderTrialLog(trial)].filter((part) => part !== "").join("\n\n");
};

const hasPull = (step: Step): step is Step & { readonly pull: number } => step.pull !== null;

const renderCheckpoint = (execution: Execution, step: Step): string => {
  if (hasPull(step)) return renderReviewed(step);
  const name = `${toInlineCode(step.id)} is a **checkpoint**`;
  const line = `/enki approve ${toTaskId(execution.id, step.id)}@${(step.result ?? "").slice(0, 12)}`;
  const hint = step.artifact ? "read its report below. To continue with it" : "it changed nothing. To continue";
  return `${name}: ${hint}, comment:\n\n${formatCopyBlock(line)}`;
};

/** A person decides whether the steps that need it continue without its work. */
const renderNothingToDo = (execution: Execution, step: Step, refusal: Refusal): string => {
  const task = toTaskId(execution.id, step.id);
  return [
    `${toInlineCode(step.id)} found **nothing to do**: ${escapeSentence(refusal.message, 1_000)} To confirm and start the steps that need it, comment:`,
    formatCopyBlock(refusal.next),
    `If that is wrong, comment ${toInlineCode(`/enki retry ${task}`)} to try again, or ${toInlineCode(`/enki skip ${task}`)} to continue without it.`,
  ].join("\n\n");
};

const renderRetryCommand = (execution: Execution, failed: readonly Step[]): string => {
  const { command } = findFailureAction(execution, failed);
  return `To try ${failed.length === 1 ? "it" : `all ${failed.length} of them`} again, comment:\n\n${formatCopyBlock(command)}`;
};

const renderResumeCommand = (execution: Execution, paused: readonly Step[]): string => {
  const names = paused.slice(0, MAX_STEPS_SUGGESTED).map(({ id }) => toInlineCode(id));
  const more = paused.length > MAX_STEPS_SUGGESTED ? ` and ${paused.length - MAX_STEPS_SUGGESTED} more` : "";
  return `Paused: ${names.join(", ")}${more}. To continue, comment:\n\n${formatCopyBlock(findResumeCommand(execution, paused))}`;
};

/** Continues the only paused step, or the whole execution. */
const findResumeCommand = ({ id }: Execution, [first, ...others]: readonly Step[]): string =>
  `/enki resume ${first && others.length === 0 ? toTaskId(id, first.id) : id}`;

/** The paused steps of a running execution for a terminal, with the command line that continues; empty without one. */
export const formatPausedSteps = (execution: Execution): string => {
  const paused = Object.values(execution.steps).filter(({ state }) => state === "paused");
  if (execution.state !== "running" || paused.length === 0) return "";
  return `Paused: ${paused.map(({ id }) => id).join(", ")}. To continue: ${findResumeCommand(execution, paused).slice(1)}`;
};

const renderFailureAction = (execution: Execution, steps: readonly Step[]): string => {
  const failed = steps.filter((step) => step.state === "failed");
  if (failed.length > 0) return renderRetryCommand(execution, failed);
  const { advice, command } = findFailureAction(execution, failed);
  const lead = advice === "" ? "To try again, comment:" : `Next: ${escapeSentence(advice)} To try again then, comment:`;
  return `${lead}\n\n${formatCopyBlock(command)}`;
};
