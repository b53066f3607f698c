import type { Explanation } from "../../domain/explanation.ts";
import type { DecisionReader } from "../decision-transaction.ts";
import { collectStepEvidence } from "./step-evidence.ts";
import { type ExplainedStep, findStepReason } from "./step-reason.ts";
import { suggestStepActions } from "./suggest-actions.ts";

/** Why a step is in its state. Writes nothing. */
export const explainStep = (tx: DecisionReader, of: ExplainedStep): Explanation => {
  const { execution, step, planned } = of;
  const why = findStepReason(tx, of);
  return {
    execution: execution.id,
    step: step.id,
    title: planned?.title ?? "",
    state: step.state,
    why,
    evidence: collectStepEvidence(tx, of),
    steps: [],
    moreSteps: 0,
    actions: suggestStepActions(tx, of, why),
  };
};
