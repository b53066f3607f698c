import type { Execution } from "../../domain/execution.ts";
import type { Step } from "../../domain/step.ts";
import { readAnswerFields } from "../../workflow/read-answer-fields.ts";
import { findOutputBlock, removeOutputMarkers } from "../../workflow/output-block.ts";
import type { RoleOutput } from "../../workflow/run-state.ts";
import type { NodeResult } from "../../workflow/record-results.ts";
import type { WorkflowRole } from "../../workflow/workflow.ts";
import type { DecisionTransaction } from "../decision-transaction.ts";

type Ended = { readonly execution: Execution; readonly step: Step; readonly role: WorkflowRole };

/** What a step that came to its end gives its workflow; `again` where its answer has not the form that it was told; null while it goes on. */
export const resultOf = (tx: DecisionTransaction, ended: Ended): NodeResult | { readonly state: "again"; readonly why: string } | null => {
  const { step, role } = ended;
  switch (step.state) {
    case "published":
      return role.checkpoint ? null : evaluateAnswer(tx, ended);
    case "done":
      return evaluateAnswer(tx, ended);
    case "skipped":
      return { state: "done", output: { text: "", fields: {} } };
    case "failed":
    case "blocked":
    case "cancelled":
      return { state: "failed", error: step.refusal?.message ?? step.state, output: wordsOf(tx, ended).output };
    case "pending":
    case "ready":
    case "running":
    case "waiting":
    case "paused":
      return null;
  }
};

/** What a role said: its answer, its report, and what others see of the two. */
const wordsOf = (tx: DecisionTransaction, { execution, step }: Ended): { answer: string; report: string | null; output: RoleOutput } => {
  const { artifacts, answers } = tx.ledger();
  const name = `${execution.id}/${step.id}` as const;
  const report = artifacts[name] ?? null;
  const answer = answers[name] ?? "";
  const text = report ?? (answer === "" ? step.output : removeOutputMarkers(answer));
  const block = findOutputBlock(answer);
  const status = step.outcome;
  return { answer, report, output: { text, ...(block !== null && { block }), ...(status && { status }), fields: {} } };
};

const evaluateAnswer = (tx: DecisionTransaction, ended: Ended) => {
  const { execution, step, role } = ended;
  const { answer, report, output } = wordsOf(tx, ended);
  const wanted = { wantsKeyValues: role.fields, schema: role.schema };
  const { fields, problems } = readAnswerFields({ answer: answer === "" ? output.text : answer, report }, wanted);
  if (problems.length === 0) return { state: "done", output: { ...output, fields } } as const;
  const why = `Its answer has not the form that it was told: ${problems.slice(0, 5).join(" ")}`;
  return execution.workflow?.reaskedSteps.includes(step.id) === true
    ? ({ state: "failed", error: why, output } as const)
    : ({ state: "again", why } as const);
};
