import type { Execution } from "../../model/execution.ts";
import type { Step } from "../../model/step.ts";
import { readFields } from "../../workflow/fields.ts";
import type { UnitResult } from "../../workflow/record.ts";
import type { WorkflowRole } from "../../workflow/workflow.ts";
import type { Draft } from "../draft.ts";

/** What a step that came to its end gives its workflow; `again` where its answer has not the form that it was told; null while it goes on. */
export const resultOf = (
  draft: Draft,
  { execution, step, role }: { execution: Execution; step: Step; role: WorkflowRole },
): UnitResult | { readonly state: "again"; readonly why: string } | null => {
  switch (step.state) {
    case "worker_done":
      return role.checkpoint ? null : answered(draft, { execution, step, role });
    case "done":
      return answered(draft, { execution, step, role });
    case "skipped":
      return { state: "done", output: { text: "", fields: {} } };
    case "failed":
    case "blocked":
    case "cancelled":
      return { state: "failed", error: step.why?.why ?? step.state, output: { text: step.output, fields: {} } };
    case "pending":
    case "ready":
    case "running":
    case "waiting":
    case "paused":
      return null;
  }
};

const answered = (draft: Draft, { execution, step, role }: { execution: Execution; step: Step; role: WorkflowRole }) => {
  const text = draft.ledger().artifacts[`${execution.id}/${step.id}`] ?? step.output;
  const { fields, problems } = readFields(text, { wantsKeyValues: role.fields, schema: role.schema });
  if (problems.length === 0) return { state: "done", output: { text, fields } } as const;
  const why = `Its answer has not the form that it was told: ${problems.slice(0, 5).join(" ")}`;
  return execution.workflow?.asked.includes(step.id) === true
    ? ({ state: "failed", error: why, output: { text, fields: {} } } as const)
    : ({ state: "again", why } as const);
};
