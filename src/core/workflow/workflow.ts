import type { Tier } from "../domain/plan.ts";
import type { OutputSchema } from "./output-schema.ts";
import type { Template } from "./template/template.ts";

/** The tools of the seed; each agent calls them something else. */
export const TOOL_NAMES = ["read", "grep", "glob", "write", "edit", "bash"] as const;
export type ToolName = (typeof TOOL_NAMES)[number];

/** With none of these a role changes nothing. */
const WRITING_TOOLS: readonly ToolName[] = ["write", "edit", "bash"];

/** True for tools that cannot change anything. */
export const areReadOnlyTools = (tools: readonly ToolName[] | null): boolean =>
  tools !== null && !tools.some((tool) => WRITING_TOOLS.includes(tool));

/** What a role does: ask an agent, run a command, or call another workflow with arguments. */
export type RoleWork =
  | { readonly kind: "agent"; readonly prompt: Template }
  /** A shell command. It is no template: values reach it as environment variables, so that no text of anybody becomes a command. */
  | { readonly kind: "run"; readonly command: string }
  | { readonly kind: "call"; readonly workflow: string; readonly args: Template };

/** One time for each item of a list that an earlier role gave. */
export type RoleForeach = { readonly role: string; readonly field: string; readonly max: number };

export type WorkflowRole = {
  readonly name: string;
  readonly line: number;
  readonly work: RoleWork;
  /** Null for all of them; an empty list for none. */
  readonly tools: readonly ToolName[] | null;
  readonly model: string | null;
  readonly tier: Tier | null;
  /** The name of one of the cascade's roles, whose prompt goes before this one's. */
  readonly role: string | null;
  readonly checkpoint: boolean;
  /** How many of its incoming edges must have fired. */
  readonly join: "all" | "any" | number;
  readonly paths: readonly string[];
  readonly verify: readonly string[];
  /** Null leaves it to its tools, and to the cascade's role. */
  readonly output: "branch" | "artifact" | null;
  /** Fields that it was asked for, or that somebody reads: `key: value` lines at its end count for these. */
  readonly fields: readonly string[];
  readonly schema: OutputSchema | null;
  /** Whether its file gives it a field `status` of its own: what it ends with is that, then, and not its outcome. */
  readonly hasStatusField: boolean;
  readonly foreach: RoleForeach | null;
};

export type EdgeGuard =
  | { readonly kind: "always" }
  | { readonly kind: "if"; readonly condition: Template }
  /** When none of the guards beside it held. */
  | { readonly kind: "else" }
  | { readonly kind: "failure" };

export type WorkflowEdge = {
  readonly from: string;
  readonly to: string;
  readonly guard: EdgeGuard;
  readonly line: number;
  /** Loops that it leads out of, by index: it fires when they are over. */
  readonly leftLoops: readonly number[];
};

/** After `from`, back to `to`, until the condition holds; `max` rounds in all. */
export type WorkflowLoop = {
  readonly from: string;
  readonly to: string;
  readonly until: Template;
  readonly max: number;
  readonly line: number;
  /** Its roles, `to` first and `from` last. */
  readonly body: readonly string[];
};

/** A workflow that was found good. A plain value. */
export type Workflow = {
  readonly name: string;
  readonly path: string;
  readonly description: string;
  /** In an order in which each comes after those that it waits for. */
  readonly roles: readonly WorkflowRole[];
  readonly edges: readonly WorkflowEdge[];
  /** Those within others first. */
  readonly loops: readonly WorkflowLoop[];
};
