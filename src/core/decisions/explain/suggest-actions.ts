import type { ActionPurpose, SuggestedAction } from "../../domain/explanation.ts";
import { type TaskId, toTaskId } from "../../domain/ids.ts";
import type { Refusal } from "../../domain/refusal.ts";
import { isAwaitingAnswer, isAwaitingConfirmation, isHeldByPerson, type Step } from "../../domain/step.ts";
import { findFailedNeed } from "../failed-need.ts";
import type { DecisionReader } from "../decision-transaction.ts";
import { listUnmetNeeds } from "../needs.ts";
import type { ExplainedStep } from "./step-reason.ts";

export const suggestCommand = (purpose: ActionPurpose, command: string): SuggestedAction => ({ kind: "command", purpose, command });

/** The next step of a refusal: a command, or a sentence for people. */
export const toRefusalAction = ({ next }: Refusal, purpose: ActionPurpose): SuggestedAction[] => {
  if (next.startsWith("/enki ")) return [suggestCommand(purpose, next)];
  // The reason already names the pull request.
  return next === "" || /^#\d+$/.test(next) ? [] : [{ kind: "advice", text: next }];
};

/** Actions that a person can take about a step now, the most useful first. Enki would accept every suggested command. */
export const suggestStepActions = (tx: DecisionReader, of: ExplainedStep, why: Refusal): readonly SuggestedAction[] => {
  const { execution, step } = of;
  const task = toTaskId(execution.id, step.id);
  if (execution.landsPull) return suggestQueueActions(of, why);
  if (step.state === "paused") return [suggestCommand("resume", `/enki resume ${task}`)];
  if (execution.state === "paused") return [suggestCommand("resume", `/enki resume ${execution.id}`)];
  switch (step.state) {
    case "pending":
      return suggestForNeeds(tx, of);
    case "ready":
      return suggestStart(task, why);
    case "running":
      return [suggestCommand("cancel", `/enki cancel ${task}`)];
    case "published":
      return tx.queue(execution.baseBranch).frozen === why ? toRefusalAction(why, "continue") : suggestHurry(why, task);
    case "waiting":
      return [...suggestForWait(task, step), ...(isAwaitingAnswer(step) ? [] : [suggestCommand("cancel", `/enki cancel ${task}`)])];
    case "blocked":
      return suggestForBlocked(tx, of, why);
    case "failed":
      return [...toRefusalAction(why, "retry"), suggestCommand("skip", `/enki skip ${task}`)];
    case "skipped":
    case "cancelled":
      return toRefusalAction(why, "continue");
    case "done":
      return [];
  }
};

/** A person's pull request has no work that could be repeated. */
const suggestQueueActions = ({ step }: ExplainedStep, why: Refusal): readonly SuggestedAction[] => {
  if (step.state === "done") return [];
  if (step.state === "failed" || step.state === "cancelled") return [suggestCommand("continue", "/enki land")];
  return [...toRefusalAction(why, "continue"), suggestCommand("cancel", "/enki unland")];
};

const suggestForNeeds = (tx: DecisionReader, { execution, planned }: ExplainedStep): readonly SuggestedAction[] => {
  const [unmet] = listUnmetNeeds(tx, execution, planned);
  return unmet?.step ? [suggestCommand("explain", `/enki explain ${unmet.task}`)] : [];
};

const suggestStart = (task: TaskId, why: Refusal): readonly SuggestedAction[] => {
  if (why.code === "awaits-quota" || why.code === "awaits-budget")
    return toRefusalAction(why, why.code === "awaits-quota" ? "retry" : "raise");
  return suggestHurry(why, task);
};

/** Work that waits for its turn can be done before other work. */
const suggestHurry = ({ code }: Refusal, task: TaskId): readonly SuggestedAction[] =>
  code === "awaits-worker" || code === "in-queue" ? [suggestCommand("hurry", `/enki priority ${task} high`)] : [];

const suggestForWait = (task: TaskId, step: Step & { readonly state: "waiting" }): readonly SuggestedAction[] => {
  const { refusal, pull } = step;
  if (isAwaitingAnswer(step)) return toRefusalAction(refusal, "answer");
  if (isAwaitingConfirmation(step)) return [...toRefusalAction(refusal, "approve"), suggestCommand("retry", `/enki retry ${task}`)];
  if (refusal.next.startsWith("/enki approve ")) return toRefusalAction(refusal, "approve");
  if (pull !== null && (!isHeldByPerson(step) || refusal.code === "unreviewed")) return [{ kind: "review", pull, task }];
  if (isHeldByPerson(step)) return refusal.next.startsWith("/enki cancel ") ? [] : toRefusalAction(refusal, "continue");
  return [suggestCommand("approve", `/enki approve ${task}@${(step.result ?? "").slice(0, 12)}`)];
};

const suggestForBlocked = (tx: DecisionReader, { execution, step }: ExplainedStep, why: Refusal): readonly SuggestedAction[] => {
  const failed = findFailedNeed(tx, execution, step);
  if (failed === null) return toRefusalAction(why, "continue");
  return [
    suggestCommand("retry", `/enki retry ${failed}`),
    suggestCommand("explain", `/enki explain ${failed}`),
    suggestCommand("skip", `/enki skip ${failed}`),
  ];
};
