import type { PersonCommand } from "../../domain/command.ts";
import { listFlakyChecks } from "../../domain/flaky-check.ts";
import { findTarget } from "../../domain/find-target.ts";
import { listAddedSteps } from "../../messages/amendment.ts";
import { describeBudget } from "../../messages/budget-text.ts";
import { renderExplanation } from "../../messages/explanation-text.ts";
import { renderFlakyNote } from "../../messages/flaky-text.ts";
import { renderHelpReply, renderStatusReply } from "../../messages/command-replies.ts";
import { viewBudget } from "../budget-room.ts";
import type { DecisionTransaction, DecisionReader } from "../decision-transaction.ts";
import { explainTarget } from "../explain/explain-target.ts";
import { requestAmendment, discardAmendment } from "./amend-plan.ts";
import type { CommandAnswer, TargetCommandHandler } from "./answer.ts";
import { approvePlan } from "./approve-plan.ts";
import { approveStepResult } from "./approve-step-result.ts";
import { setBudget } from "./budget.ts";
import { cancelTarget, skipTarget, stopAllExecutions } from "./cancel.ts";
import type { CommandedEvent } from "./commanded-event.ts";
import { drawGraphs } from "./draw-graph.ts";
import { landPull, unlandPull } from "./land-pull.ts";
import { answerMailQuestion } from "./mail-commands.ts";
import { pauseTarget, resumeTarget } from "./pause.ts";
import { retryTarget } from "./retry.ts";
import { revisePlan } from "./revise-plan.ts";
import { setPriority } from "./set-priority.ts";
import { undoTarget } from "./undo.ts";
import { startPlanning, applyRunCommand, startAdhocTask } from "./start-request.ts";

/** Applies a permitted command. A refused command has no effect, and its refusal is the answer. */
export const applyCommand = (tx: DecisionTransaction, event: CommandedEvent, command: PersonCommand): CommandAnswer => {
  switch (command.kind) {
    case "do":
    case "plan":
      return startPlanning(tx, event, command);
    case "run":
      return applyRunCommand(tx, event, command);
    case "quick":
    case "ask":
      return startAdhocTask(tx, event, command);
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
    case "undo":
      return undoTarget(tx, event, command.target);
    case "stop":
      return stopAllExecutions(tx, event.by);
    case "budget":
      return applyToTarget(tx, { event, target: command.target }, setBudget(command));
    case "reply":
      return answerMailQuestion(tx, event, command);
    case "status":
    case "explain":
    case "graph":
    case "help":
      return applyQuestion(tx, event, command);
  }
};

/** Answers a command that changes nothing. */
const applyQuestion = (
  tx: DecisionTransaction,
  event: CommandedEvent,
  command: Extract<PersonCommand, { kind: "status" | "explain" | "graph" | "help" }>,
): CommandAnswer => {
  switch (command.kind) {
    case "status":
      return applyToTarget(tx, { event, target: command.target }, applyStatusCommand);
    case "explain":
      return applyExplainCommand(tx, event, command.target);
    case "graph":
      return drawGraphs(tx, event.issue, command.target);
    case "help":
      return { text: renderHelpReply(), shared: "hint" };
  }
};

const applyStatusCommand: TargetCommandHandler = (tx, { execution }) => {
  const [plan, grown] = [tx.plan(execution.plan), tx.plan(execution.amendment?.plan ?? null)];
  const status = renderStatusReply(execution, plan, listAddedSteps({ plan, grown }));
  const flaky = listFlakyChecks(tx.queue(execution.baseBranch).flakiness?.checks ?? [], tx.now);
  const parts = [status, renderFlakyNote(execution.baseBranch, flaky), describeBudget(viewBudget(tx, execution))];
  return { text: parts.filter((part) => part !== "").join("\n\n") };
};

const applyExplainCommand = (tx: DecisionReader, { issue }: CommandedEvent, target: string | null): CommandAnswer => {
  const explained = explainTarget(tx, issue, target);
  return explained.ok ? { text: renderExplanation(explained.value) } : explained.refusal;
};

const applyToTarget = (
  tx: DecisionTransaction,
  { event, target }: { event: CommandedEvent; target: string | null },
  act: TargetCommandHandler,
): CommandAnswer => {
  const found = findTarget(tx.executions(), event.issue, target);
  return found.ok ? act(tx, found.value, event) : found.refusal;
};
