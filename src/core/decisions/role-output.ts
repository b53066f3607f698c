import { readOwn } from "../domain/own-record.ts";
import type { Config } from "../domain/config.ts";
import { DEFAULT_TIER, type PlannedStep } from "../domain/plan.ts";
import { areReadOnlyTools, type WorkflowRole } from "../workflow/workflow.ts";

/** The output of a workflow's role: its own setting, else a report if its tools are read-only, else the setting of the agent's role. */
export const chooseRoleOutput = ({ output, tools, role }: WorkflowRole, roles: Config["roles"]): PlannedStep["output"] =>
  output ?? (areReadOnlyTools(tools) ? "artifact" : ((role === null ? undefined : readOwn(roles, role)?.output) ?? "branch"));

/** The tier of a workflow's role: its own setting, else `light` for a role that changes no file. */
export const chooseRoleTier = ({ tier }: WorkflowRole, output: PlannedStep["output"]): PlannedStep["tier"] =>
  tier ?? (output === "artifact" ? "light" : DEFAULT_TIER);
