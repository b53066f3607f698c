import { readConfig } from "../core/config/read-config.ts";
import { formatFault } from "../core/config/config-fault.ts";
import { toOneLine } from "../core/messages/escape.ts";
import { readOptions } from "./command-options.ts";
import { readEffectiveLayers } from "./effective-layers.ts";
import type { TerminalHost } from "./terminal-host.ts";

export const rolesOptions = {
  json: { type: "boolean", default: false, about: "prints roles and prompts as JSON" },
} as const;

/** `enki roles`: lists the effective roles with their files. A file with a mistake has no effect and leads to exit code 1. */
export const runRolesCommand = async (args: readonly string[], terminal: TerminalHost): Promise<number> => {
  const { json } = readOptions(args, rolesOptions);
  const { config, faults, origins } = readConfig(await readEffectiveLayers(terminal));
  const all = Object.values(config.roles)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((role) => ({ ...role, from: origins.get(`roles.${role.name}`)?.path ?? "" }));
  if (json) terminal.out(`${JSON.stringify({ roles: all, faults }, null, 2)}\n`);
  else terminal.out(all.map((role) => formatRoleListing(role, { width: terminal.size().columns, all })).join(""));
  if (!json) for (const fault of faults) terminal.err(`${formatFault(fault)}\n`);
  return faults.length === 0 ? 0 : 1;
};

type RoleListing = {
  readonly name: string;
  readonly description: string;
  readonly canEdit: boolean;
  readonly output: "branch" | "artifact";
  readonly from: string;
};

const formatRoleListing = (
  { name, description, canEdit, output, from }: RoleListing,
  { width, all }: { width: number; all: readonly RoleListing[] },
): string => {
  const names = Math.max(...all.map((each) => each.name.length));
  const does = `${canEdit ? "edits" : "reads"}, leaves ${output === "branch" ? "a branch" : "a report"}`;
  const indent = " ".repeat(names + 2);
  return `${name.padEnd(names)}  ${does.padEnd(22)}  ${from}\n${indent}${toOneLine(description, Math.max(40, width - names - 2))}\n`;
};
