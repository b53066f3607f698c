import { readConfig } from "../config/read.ts";
import { writeFault } from "../config/fault.ts";
import { oneLine } from "../render/escape.ts";
import { readOptions } from "./options.ts";
import { readOwnLayers } from "./own-layers.ts";
import type { Terminal } from "./terminal.ts";

export const rolesOptions = {
  json: { type: "boolean", default: false, about: "prints them as JSON, with their prompts" },
} as const;

/** `enki roles`: what is in force here, and which file says so; 1 where a file has a mistake, which counts for nothing. */
export const roles = async (args: readonly string[], terminal: Terminal): Promise<number> => {
  const { json } = readOptions(args, rolesOptions);
  const { config, faults, origins } = readConfig(await readOwnLayers(terminal));
  const all = Object.values(config.roles)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((role) => ({ ...role, from: origins.get(`roles.${role.name}`)?.path ?? "" }));
  if (json) terminal.out(`${JSON.stringify({ roles: all, faults }, null, 2)}\n`);
  else terminal.out(all.map((role) => describe(role, { width: terminal.size().columns, all })).join(""));
  if (!json) for (const fault of faults) terminal.err(`${writeFault(fault)}\n`);
  return faults.length === 0 ? 0 : 1;
};

type Told = {
  readonly name: string;
  readonly description: string;
  readonly canEdit: boolean;
  readonly output: "branch" | "artifact";
  readonly from: string;
};

const describe = ({ name, description, canEdit, output, from }: Told, { width, all }: { width: number; all: readonly Told[] }): string => {
  const names = Math.max(...all.map((each) => each.name.length));
  const does = `${canEdit ? "edits" : "reads"}, leaves ${output === "branch" ? "a branch" : "a report"}`;
  const indent = " ".repeat(names + 2);
  return `${name.padEnd(names)}  ${does.padEnd(22)}  ${from}\n${indent}${oneLine(description, Math.max(40, width - names - 2))}\n`;
};
