import { formatFault } from "../core/config/config-fault.ts";
import { readConfig } from "../core/config/read-config.ts";
import { toOneLine } from "../core/messages/escape.ts";
import type { Workflow } from "../core/workflow/workflow.ts";
import { readOptions } from "./command-options.ts";
import { readEffectiveLayers, readEffectiveWorkflows } from "./effective-layers.ts";
import type { TerminalHost } from "./terminal-host.ts";
import { readAllWorkflows } from "./read-all-workflows.ts";

export const workflowsOptions = {
  json: { type: "boolean", default: false, about: "prints workflows, roles and edges as JSON" },
} as const;

/**
 * `enki workflows`: lists the workflows for `/enki run`, with their files. A file with a mistake has no effect and leads to exit code 1.
 */
export const runWorkflowsCommand = async (args: readonly string[], terminal: TerminalHost): Promise<number> => {
  const { json } = readOptions(args, workflowsOptions);
  const { config } = readConfig(await readEffectiveLayers(terminal));
  const { workflows: found, faults } = readAllWorkflows(await readEffectiveWorkflows(terminal), {
    roles: Object.keys(config.roles),
    models: config.models,
  });
  const all = found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  if (json) terminal.out(`${JSON.stringify({ workflows: all.map(toWorkflowSummary), faults }, null, 2)}\n`);
  else terminal.out(all.map((each) => formatWorkflowListing(each, { width: terminal.size().columns, all })).join(""));
  if (!json) for (const fault of faults) terminal.err(`${formatFault(fault)}\n`);
  return faults.length === 0 ? 0 : 1;
};

const toWorkflowSummary = ({ name, description, path, roles, edges, loops }: Workflow): object => ({
  name,
  description,
  from: path,
  roles: roles.map((role) => role.name),
  edges: edges.map(({ from, to, guard }) => ({ from, to, on: guard.kind })),
  loops: loops.map(({ from, to, max }) => ({ from, to, max })),
});

type WorkflowListing = { readonly width: number; readonly all: readonly Workflow[] };

const formatWorkflowListing = ({ name, description, path, roles }: Workflow, { width, all }: WorkflowListing): string => {
  const names = Math.max(...all.map((each) => each.name.length));
  const indent = " ".repeat(names + 2);
  const order = toOneLine(roles.map((role) => role.name).join(", "), Math.max(40, width - names - 2));
  return `${name.padEnd(names)}  ${path}\n${indent}${toOneLine(description, Math.max(40, width - names - 2))}\n${indent}${order}\n`;
};
