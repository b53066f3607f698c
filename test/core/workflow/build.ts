import { readWorkflow } from "../../../src/core/workflow/read-workflow.ts";
import type { Workflow } from "../../../src/core/workflow/workflow.ts";

export type Settings = {
  readonly name?: string;
  readonly roles: readonly string[];
  /** Settings of a role besides its name. `run` and `workflow` need no prompt. */
  readonly of?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly edges?: readonly string[];
  readonly prompts?: Readonly<Record<string, string>>;
};

/** Builds a workflow from its relevant parts. Throws its faults. */
export const workflow = ({ name = "test", roles, of = {}, edges = [], prompts = {} }: Settings): Workflow => {
  const front = { roles: Object.fromEntries(roles.map((role) => [role, of[role] ?? null])), edges };
  const withPrompt = roles.filter((role) => !of[role]?.["run"] && (!of[role]?.["workflow"] || prompts[role] !== undefined));
  const body = withPrompt.map((role) => `## ${role}\n\n${prompts[role] ?? `Do ${role}.`}\n`).join("\n");
  const read = readWorkflow({ name, path: `${name}.md`, text: `---\n${JSON.stringify(front)}\n---\n${body}`, roles: [], models: null });
  if (read.ok) return read.value;
  throw new Error(read.faults.map(({ code, reason }) => `${code}: ${reason}`).join("\n"));
};
