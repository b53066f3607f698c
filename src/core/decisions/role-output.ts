import type { Config } from "../domain/config.ts";
import type { PlannedStep } from "../domain/plan.ts";
import { areReadOnlyTools, type WorkflowRole } from "../workflow/workflow.ts";

/** What a role of a workflow leaves, where it does not say so itself: a report where its tools can only read, else what the cascade's role leaves. */
export const outputOf = ({ output, tools, role }: WorkflowRole, roles: Config["roles"]): PlannedStep["output"] =>
  output ?? (areReadOnlyTools(tools) ? "artifact" : ((role === null ? undefined : roles[role]?.output) ?? "branch"));
