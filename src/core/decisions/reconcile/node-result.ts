import type { Execution } from "../../domain/execution.ts";
import type { Step } from "../../domain/step.ts";
import { readAnswerFields } from "../../workflow/read-answer-fields.ts";
import { findOutputBlock, removeOutputMarkers } from "../../workflow/output-block.ts";
import type { RoleOutput } from "../../workflow/run-state.ts";
import type { NodeResult } from "../../workflow/record-results.ts";
import type { WorkflowRole } from "../../workflow/workflow.ts";
import type { LedgerReader } from "../decision-transaction.ts";

type EndedRole = { readonly execution: Execution; readonly step: Step; readonly role: WorkflowRole };

/** The result of a finished step for its workflow: `again` if its answer has the wrong format, null while the step is unfinished. */
export const findNodeResult = (
  tx: LedgerReader,
  ended: EndedRole,
): NodeResult | { readonly state: "again"; readonly reason: string } | null => {
  const { step, role } = ended;
  switch (step.state) {
    case "published":
      return role.checkpoint ? null : evaluateRoleAnswer(tx, ended);
    case "done":
      return evaluateRoleAnswer(tx, ended);
    case "skipped":
      return { state: "done", output: { text: "", fields: {} } };
    case "failed":
    case "blocked":
    case "cancelled":
      return { state: "failed", error: step.refusal?.message ?? step.state, output: readStepOutput(tx, ended).output };
    case "pending":
    case "ready":
    case "running":
    case "waiting":
    case "paused":
      return null;
  }
};

/** The answer and the report of a role, and the output that later roles receive. */
const readStepOutput = (
  tx: LedgerReader,
  { execution, step }: EndedRole,
): { answer: string; report: string | null; output: RoleOutput } => {
  const { artifacts, answers } = tx.ledger();
  const name = `${execution.id}/${step.id}` as const;
  const report = artifacts[name] ?? null;
  const answer = answers[name] ?? "";
  const text = report ?? (answer === "" ? step.output : removeOutputMarkers(answer));
  const block = findOutputBlock(answer);
  const status = step.outcome;
  return { answer, report, output: { text, ...(block !== null && { block }), ...(status && { status }), fields: {} } };
};

const evaluateRoleAnswer = (tx: LedgerReader, ended: EndedRole) => {
  const { execution, step, role } = ended;
  const { answer, report, output } = readStepOutput(tx, ended);
  const wanted = { wantsKeyValues: role.fields, schema: role.schema };
  const { fields, problems } = readAnswerFields({ answer: answer === "" ? output.text : answer, report }, wanted);
  if (problems.length === 0) return { state: "done", output: { ...output, fields } } as const;
  const reason = `Its answer has not the form that it was told: ${problems.slice(0, 5).join(" ")}`;
  return execution.workflow?.reaskedSteps.includes(step.id) === true
    ? ({ state: "failed", error: reason, output } as const)
    : ({ state: "again", reason } as const);
};
