import { basename } from "node:path";
import type { ConfigText } from "../core/config/read-config.ts";
import type { WorkflowFault } from "../core/workflow/workflow-fault.ts";
import type { FileFault } from "../core/config/config-fault.ts";
import { checkCalls } from "../core/workflow/check-calls.ts";
import { readWorkflow } from "../core/workflow/read-workflow.ts";
import type { Workflow } from "../core/workflow/workflow.ts";

export type WorkflowReadings = { readonly workflows: readonly Workflow[]; readonly faults: readonly FileFault[] };

/** Names that workflows may use; `models` is null if any model is accepted. */
type KnownNames = { readonly roles: readonly string[]; readonly models: readonly string[] | null };

const toFileFault = ({ reason, instead, ...fault }: WorkflowFault): FileFault => ({
  ...fault,
  column: 1,
  why: reason,
  suggestion: instead,
});

/**
 * Reads workflows and reports every mistake in the files and in their calls of each other. Of two files with the same name, the later
 * counts.
 */
export const readAllWorkflows = (files: readonly ConfigText[], { roles, models }: KnownNames): WorkflowReadings => {
  const workflows = new Map<string, Workflow>();
  const faults: FileFault[] = [];
  for (const { path, text } of files) {
    const name = basename(path, ".md");
    const read = readWorkflow({ name, path, text, roles, models, workflows: null });
    if (read.ok) workflows.set(name, read.value);
    else faults.push(...read.faults.map((fault) => toFileFault(fault)));
  }
  const calls = checkCalls([...workflows.values()]).map((fault) => toFileFault(fault));
  return { workflows: [...workflows.values()], faults: [...faults, ...calls] };
};
