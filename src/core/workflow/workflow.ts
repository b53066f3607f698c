import type { Tier } from "../domain/plan.ts";
import type { OutputSchema } from "./output-schema.ts";
import type { Template } from "./template/template.ts";

/** The tool names that workflows use. Each agent has its own names for them. */
export const TOOL_NAMES = ["read", "grep", "glob", "write", "edit", "bash"] as const;
export type ToolName = (typeof TOOL_NAMES)[number];

/** A role without any of these tools changes nothing. */
const WRITING_TOOLS: readonly ToolName[] = ["write", "edit", "bash"];

export const areReadOnlyTools = (tools: readonly ToolName[] | null): boolean =>
  tools !== null && !tools.some((tool) => WRITING_TOOLS.includes(tool));

/** The work of a role: an agent with a prompt, a shell command, or a call of another workflow with arguments. */
export type RoleWork =
  | { readonly kind: "agent"; readonly prompt: Template }
  /** A shell command, never a template: values arrive as environment variables, so that no one's text becomes a command. */
  | { readonly kind: "run"; readonly command: string }
  | { readonly kind: "call"; readonly workflow: string; readonly args: Template };

/** Runs a role once for each item of a list that an earlier role returned, at most `max` items. */
export type RoleForeach = { readonly role: string; readonly field: string; readonly max: number };

export type WorkflowRole = {
  readonly name: string;
  readonly line: number;
  readonly work: RoleWork;
  /** Allowed tools; null for every tool, empty for none. */
  readonly tools: readonly ToolName[] | null;
  readonly model: string | null;
  readonly tier: Tier | null;
  /** A role of the configuration whose prompt precedes the role's own. */
  readonly role: string | null;
  readonly checkpoint: boolean;
  /** The number of incoming edges that must fire before the role starts. */
  readonly join: "all" | "any" | number;
  readonly paths: readonly string[];
  readonly verify: readonly string[];
  /** The declared output; null derives it from the tools and the configured role. */
  readonly output: "branch" | "artifact" | null;
  /**
   * Fields that the file declares or that other roles read. At the end of the role's answer, only `key: value` lines with these fields
   * count.
   */
  readonly fields: readonly string[];
  readonly schema: OutputSchema | null;
  /** Whether its file declares a field `status`, which then replaces the reported outcome. */
  readonly hasStatusField: boolean;
  readonly foreach: RoleForeach | null;
};

export type EdgeGuard =
  | { readonly kind: "always" }
  | { readonly kind: "if"; readonly condition: Template }
  /** Fires if no condition of the same source holds. */
  | { readonly kind: "else" }
  | { readonly kind: "failure" };

export type WorkflowEdge = {
  readonly from: string;
  readonly to: string;
  readonly guard: EdgeGuard;
  readonly line: number;
  /** Indices of loops that the edge leads out of. It fires only after they have ended. */
  readonly leftLoops: readonly number[];
};

/** Returns from `from` to `to` until the condition holds, for at most `max` rounds in total. */
export type WorkflowLoop = {
  readonly from: string;
  readonly to: string;
  readonly until: Template;
  readonly max: number;
  readonly line: number;
  /** The roles of the loop, from `to` to `from`. */
  readonly body: readonly string[];
};

/** A valid workflow. A plain value. */
export type Workflow = {
  readonly name: string;
  readonly path: string;
  readonly description: string;
  /** Sorted so that each role follows its needs. */
  readonly roles: readonly WorkflowRole[];
  readonly edges: readonly WorkflowEdge[];
  /** Inner loops before the loops around them. */
  readonly loops: readonly WorkflowLoop[];
};
