import type { PersonCommand } from "../../domain/command.ts";
import type { Execution } from "../../domain/execution.ts";
import { refuseGoneResultApproval, refuseGoneSkip } from "../../messages/refusals/approvals.ts";
import { type StepId, toTaskId } from "../../domain/ids.ts";
import { formatCommandSource, type LandingProof } from "../../domain/landing-proof.ts";
import { listNeededSteps } from "../../domain/plan.ts";
import type { Refusal } from "../../domain/refusal.ts";
import { release } from "../../domain/step-lifecycle.ts";
import { DECISION_GONE_CODE, NOTHING_TO_DO_CODE, type Step, type StepDecision } from "../../domain/step.ts";
import type { DecisionReader, LedgerReader, StepWriter } from "../decision-transaction.ts";
import { isCommandShown } from "./shown-command.ts";
import { type Known, UNKNOWN } from "../../domain/known.ts";

/**
 * Reads people's decisions about needed steps again, right before a step lands: `/enki skip`, and approvals of reports. Returns a refusal
 * unless GitHub shows each command unchanged.
 */
export const checkStepDecisions = (tx: DecisionReader, execution: Execution, landing: StepId): Known<Refusal | null> => {
  let isMissing = false;
  for (const step of listAllNeeds(tx, execution, landing)) {
    if (!isDecidedByPerson(tx, execution, step)) continue;
    const task = toTaskId(execution.id, step.id);
    const isShown = step.decision !== undefined && isCommandShown(tx, step.decision, (command) => decides(command, task, step));
    if (isShown === false) return refuseGoneDecision(task, step);
    isMissing ||= isShown === UNKNOWN;
  }
  return isMissing ? UNKNOWN : null;
};

/** People's decisions about the needs of a step, for the statement about its landing. */
export const listStepDecisions = (tx: LedgerReader, execution: Execution, landing: StepId): LandingProof["decisions"] =>
  listAllNeeds(tx, execution, landing).flatMap((step) =>
    step.decision && isDecidedByPerson(tx, execution, step)
      ? [{ step: step.id, by: step.decision.by, source: formatCommandSource(step.decision.source) }]
      : [],
  );

/** All needed steps of the same execution, direct and indirect. */
const listAllNeeds = (tx: LedgerReader, execution: Execution, landing: StepId): Step[] => {
  const found = new Map<StepId, Step>();
  const open = [landing];
  for (let id = open.pop(); id !== undefined; id = open.pop())
    for (const need of listNeededSteps(tx.planned(execution, id) ?? { needs: [] })) {
      const step = execution.steps[need];
      if (!step || found.has(need)) continue;
      found.set(need, step);
      open.push(need);
    }
  return [...found.values()];
};

/** Whether a person ended the step without a landing. */
const isDecidedByPerson = (tx: LedgerReader, execution: Execution, step: Step): boolean => {
  if (step.state === "skipped") return true;
  if (step.state !== "done" || step.landed !== null) return false;
  if (tx.planned(execution, step.id)?.checkpoint === true) return true;
  return step.decision !== undefined && step.refusal?.code === NOTHING_TO_DO_CODE;
};

const names = (target: string, task: string, { id }: Step): boolean => target === id || task.startsWith(target);

const decides = (command: PersonCommand, task: string, step: Step): boolean => {
  if (step.state === "skipped") return command.kind === "skip" && names(command.target, task, step);
  return command.kind === "approve-step" && names(command.task, task, step) && step.result?.startsWith(command.head) === true;
};

const refuseGoneDecision = (task: string, step: Step): Refusal =>
  step.state === "skipped" ? refuseGoneSkip(task) : refuseGoneResultApproval(task, (step.result ?? "").slice(0, 12));

/** Replaces a decision after GitHub stopped showing the earlier one, and releases held steps. Returns whether any step was held. */
export const renewDecision = (tx: StepWriter, execution: Execution, { id, decision }: { id: StepId; decision: StepDecision }): boolean => {
  const step = execution.steps[id];
  const held = tx.steps(execution.id).filter(({ state, refusal }) => state === "waiting" && refusal?.code === DECISION_GONE_CODE);
  if (!step || held.length === 0) return false;
  tx.putStep(execution.id, { ...step, decision });
  for (const each of held) tx.putStep(execution.id, release(each));
  tx.note(`${decision.by} decided about ${toTaskId(execution.id, id)} again`);
  return true;
};
