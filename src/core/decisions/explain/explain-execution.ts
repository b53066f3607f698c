import { type Execution, isPlanning } from "../../domain/execution.ts";
import type { Evidence, Explanation, StepReason, SuggestedAction } from "../../domain/explanation.ts";
import type { Refusal } from "../../domain/refusal.ts";
import type { Step, StepState } from "../../domain/step.ts";
import { describeBudgetHold, suggestRaise } from "../../messages/budget-text.ts";
import {
  AWAITS_ADDED_APPROVAL,
  AWAITS_APPROVAL,
  AWAITS_WORKER,
  CANCELLED_EARLIER,
  FINISHED,
  explainBackOff,
  explainBudget,
  explainPersonWaits,
  explainPlanner,
  explainProgress,
  explainQuota,
} from "../../messages/refusals/waits.ts";
import { findBudgetHold, viewBudget } from "../budget-room.ts";
import type { DecisionReader } from "../decision-transaction.ts";
import { listQuotaHolds } from "../quota-waits.ts";
import { findRunUrl } from "./step-evidence.ts";
import { findStepReason } from "./step-reason.ts";
import { suggestCommand, suggestStepActions, toRefusalAction } from "./suggest-actions.ts";

const MAX_STEPS_SHOWN = 10;
const MAX_STEPS_ACTED_ON = 3;

/** Steps in need of a person come first, steps waiting for other steps last. */
const URGENT_STATES: readonly StepState[] = ["waiting", "failed", "paused", "blocked", "running", "published", "ready", "pending"];

const NEEDS_PERSON: ReadonlySet<StepState> = new Set(["waiting", "failed", "paused"]);

/** Why an execution is in its state. Writes nothing. */
export const explainExecution = (tx: DecisionReader, execution: Execution): Explanation => {
  const steps = tx.steps(execution.id);
  const open = URGENT_STATES.flatMap((state) => steps.filter((step) => step.state === state));
  const why = findExecutionReason(tx, execution, steps);
  return {
    execution: execution.id,
    step: null,
    title: execution.request,
    state: execution.state,
    why,
    evidence: collectEvidence(tx, execution),
    steps: open.slice(0, MAX_STEPS_SHOWN).map((step) => toStepReason(tx, execution, step)),
    moreSteps: Math.max(0, open.length - MAX_STEPS_SHOWN),
    actions: suggestActions(tx, execution, { why, open }),
  };
};

const toStepReason = (tx: DecisionReader, execution: Execution, step: Step): StepReason => ({
  step: step.id,
  state: step.state,
  why: findStepReason(tx, { execution, step, planned: tx.planned(execution, step.id) }),
});

const findExecutionReason = (tx: DecisionReader, execution: Execution, steps: readonly Step[]): Refusal => {
  const { state, refusal, baseBranch } = execution;
  switch (state) {
    case "planning":
      return explainPlanning(tx, execution);
    case "proposed":
      return AWAITS_APPROVAL;
    case "running":
      return tx.queue(baseBranch).frozen ?? explainRunning(tx, execution, steps);
    case "asking":
    case "paused":
    case "failed":
    case "cancelled":
      return refusal ?? CANCELLED_EARLIER;
    case "done":
      return FINISHED;
  }
};

const explainPlanning = (tx: DecisionReader, execution: Execution): Refusal => {
  const { id, planning } = execution;
  if (planning.deadline !== null) return explainPlanner(planning.attempt);
  const quotaEnd = listQuotaHolds(tx, execution).get(null);
  if (quotaEnd !== undefined) return explainQuota(quotaEnd, `/enki retry ${id}`);
  const hold = findBudgetHold(tx, execution);
  if (hold) return explainBudget(describeBudgetHold(hold), hold.kind === "execution" ? suggestRaise(hold) : "");
  return planning.notBefore > tx.now ? explainBackOff(planning.notBefore) : AWAITS_WORKER;
};

const explainRunning = (tx: DecisionReader, execution: Execution, steps: readonly Step[]): Refusal => {
  const asking = steps.filter(({ state }) => NEEDS_PERSON.has(state)).length;
  const { hold } = viewBudget(tx, execution);
  if (asking === 0 && execution.amendment?.state === "proposed") return AWAITS_ADDED_APPROVAL;
  if (asking > 0) return explainPersonWaits(asking === 1 ? "1 step waits" : `${asking} steps wait`);
  if (hold) return explainBudget(describeBudgetHold(hold), hold.kind === "execution" ? suggestRaise(hold) : "");
  return explainProgress(steps.filter(({ state }) => state === "done").length, steps.length);
};

const collectEvidence = (tx: DecisionReader, execution: Execution): Evidence[] => {
  const { id, planning, approved, state } = execution;
  const { charged, cap } = viewBudget(tx, execution);
  const isPlanShown = isPlanning(execution) || state === "asking" || (state === "failed" && execution.plan === null);
  const run = isPlanShown ? findRunUrl(tx, { kind: "plan", target: id, attempt: planning.attempt }) : null;
  return [
    ...(run !== null ? [{ kind: "attempt", attempt: planning.attempt, run, fault: null } as const] : []),
    ...(approved ? [{ kind: "decision", what: "plan", by: approved.by } as const] : []),
    ...(cap === null ? [] : [{ kind: "budget", charged, cap } as const]),
    ...(planning.deadline === null || state === "paused"
      ? []
      : [{ kind: "deadline", of: isPlanning(execution) ? "run" : "wait", at: planning.deadline } as const]),
  ];
};

type OpenWork = { readonly why: Refusal; readonly open: readonly Step[] };

const suggestActions = (tx: DecisionReader, execution: Execution, { why, open }: OpenWork): readonly SuggestedAction[] => {
  const { id, state, plan } = execution;
  switch (state) {
    case "planning":
      return [...toRefusalAction(why, why.code === "awaits-budget" ? "raise" : "retry"), suggestCommand("cancel", `/enki cancel ${id}`)];
    case "proposed":
      return [suggestCommand("approve", `/enki approve ${(plan ?? "").slice(0, 12)}`), suggestCommand("cancel", `/enki cancel ${id}`)];
    case "asking":
      return toRefusalAction(why, "answer");
    case "paused":
      return [suggestCommand("resume", `/enki resume ${id}`)];
    case "running":
      return [...suggestForHolds(why), ...suggestForAmendment(execution), ...suggestForSteps(tx, execution, open)];
    case "failed":
      return toRefusalAction(why.next.startsWith("/enki") ? why : { ...why, next: `/enki retry ${id}` }, "retry");
    case "cancelled":
      return toRefusalAction(why, "continue");
    case "done":
      return [];
  }
};

const suggestForHolds = (why: Refusal): readonly SuggestedAction[] => {
  if (why.code === "awaits-budget") return toRefusalAction(why, "raise");
  return why.code === "awaits-person" || why.code === "in-progress" ? [] : toRefusalAction(why, "continue");
};

const suggestForAmendment = ({ amendment }: Execution): readonly SuggestedAction[] =>
  amendment?.state === "proposed" && amendment.plan !== null
    ? [suggestCommand("approve", `/enki approve ${amendment.plan.slice(0, 12)}`)]
    : [];

/** The first action for each of the steps that need a person. */
const suggestForSteps = (tx: DecisionReader, execution: Execution, open: readonly Step[]): readonly SuggestedAction[] =>
  open
    .filter(({ state }) => NEEDS_PERSON.has(state))
    .slice(0, MAX_STEPS_ACTED_ON)
    .flatMap((step) => {
      const of = { execution, step, planned: tx.planned(execution, step.id) };
      return suggestStepActions(tx, of, findStepReason(tx, of)).slice(0, 1);
    });
