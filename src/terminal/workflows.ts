import { writeFault } from "../config/fault.ts";
import { readConfig } from "../config/read.ts";
import { oneLine } from "../render/escape.ts";
import type { Workflow } from "../workflow/workflow.ts";
import { readOptions } from "./options.ts";
import { readOwnLayers, readOwnWorkflows } from "./own-layers.ts";
import type { Terminal } from "./terminal.ts";
import { readWorkflows } from "./workflow-files.ts";

export const workflowsOptions = {
  json: { type: "boolean", default: false, about: "prints them as JSON, with their roles and edges" },
} as const;

/** `enki workflows`: what `/enki run` starts here, and which file says so; 1 where a file has a mistake, which counts for nothing. */
export const workflows = async (args: readonly string[], terminal: Terminal): Promise<number> => {
  const { json } = readOptions(args, workflowsOptions);
  const { config } = readConfig(await readOwnLayers(terminal));
  const { workflows: found, faults } = readWorkflows(await readOwnWorkflows(terminal), {
    roles: Object.keys(config.roles),
    models: config.models,
  });
  const all = found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  if (json) terminal.out(`${JSON.stringify({ workflows: all.map(shown), faults }, null, 2)}\n`);
  else terminal.out(all.map((each) => describe(each, { width: terminal.size().columns, all })).join(""));
  if (!json) for (const fault of faults) terminal.err(`${writeFault(fault)}\n`);
  return faults.length === 0 ? 0 : 1;
};

const shown = ({ name, description, path, roles, edges, loops }: Workflow): object => ({
  name,
  description,
  from: path,
  roles: roles.map((role) => role.name),
  edges: edges.map(({ from, to, guard }) => ({ from, to, on: guard.kind })),
  loops: loops.map(({ from, to, max }) => ({ from, to, max })),
});

type Around = { readonly width: number; readonly all: readonly Workflow[] };

const describe = ({ name, description, path, roles }: Workflow, { width, all }: Around): string => {
  const names = Math.max(...all.map((each) => each.name.length));
  const indent = " ".repeat(names + 2);
  const order = oneLine(roles.map((role) => role.name).join(", "), Math.max(40, width - names - 2));
  return `${name.padEnd(names)}  ${path}\n${indent}${oneLine(description, Math.max(40, width - names - 2))}\n${indent}${order}\n`;
};
