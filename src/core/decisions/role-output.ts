import { readOwn } from "../domain/own-record.ts";
import type { Config } from "../domain/config.ts";
import type { PlannedStep } from "../domain/plan.ts";
import { areReadOnlyTools, type WorkflowRole } from "../workflow/workflow.ts";

/** The output of a workflow's role: its own setting, else a report if its tools are read-only, else the setting of the agent's role. */
export const chooseRoleOutput = ({ output, tools, role }: WorkflowRole, roles: Config["roles"]): PlannedStep["output"] =>
  output ?? (areReadOnlyTools(tools) ? "artifact" : ((role === null ? undefined : readOwn(roles, role)?.output) ?? "branch"));
