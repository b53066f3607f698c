import { basename } from "node:path";
import type { ConfigText } from "../config/read.ts";
import type { WrittenFault } from "../config/fault.ts";
import { checkCalls } from "../workflow/calls.ts";
import { readWorkflow } from "../workflow/read.ts";
import type { Workflow } from "../workflow/workflow.ts";

export type ReadWorkflows = { readonly workflows: readonly Workflow[]; readonly faults: readonly WrittenFault[] };

/** Names that workflows may use; null for models where nobody knows which there are. */
type Names = { readonly roles: readonly string[]; readonly models: readonly string[] | null };

/** Workflows from their files, with every mistake in them and in how they call each other; of two of one name the later counts. */
export const readWorkflows = (files: readonly ConfigText[], { roles, models }: Names): ReadWorkflows => {
  const workflows = new Map<string, Workflow>();
  const faults: WrittenFault[] = [];
  for (const { path, text } of files) {
    const name = basename(path, ".md");
    const read = readWorkflow({ name, path, text, roles, models, workflows: null });
    if (read.ok) workflows.set(name, read.value);
    else faults.push(...read.faults.map(({ instead, ...fault }) => ({ ...fault, column: 1, suggestion: instead })));
  }
  const calls = checkCalls([...workflows.values()]).map(({ instead, ...fault }) => ({ ...fault, column: 1, suggestion: instead }));
  return { workflows: [...workflows.values()], faults: [...faults, ...calls] };
};
