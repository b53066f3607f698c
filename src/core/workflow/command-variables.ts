import type { WorkflowRole } from "./workflow.ts";

/** What a `run:` command reads of a role: its output, or one of its fields. */
export type CommandVariable = { readonly name: string; readonly role: string; readonly field: string | null };

const toVariablePart = (name: string): string => name.toUpperCase().replaceAll("-", "_");

const toOutputVariable = (role: string): string => `ENKI_OUTPUT_${toVariablePart(role)}`;

/** Names of environment variables in a command that stand for what a role gave: `ENKI_OUTPUT_<ROLE>`, `ENKI_FIELD_<ROLE>__<FIELD>`. Fields keep their case. */
export const listVariableNames = (command: string): string[] => [
  ...new Set([...command.matchAll(/\bENKI_(?:OUTPUT|FIELD)_[A-Za-z0-9_]+/g)].map(([name]) => name)),
];

/** The role and field that such a name stands for; null where there is no such role. */
export const readCommandVariable = (name: string, byVariable: ReadonlyMap<string, string>): CommandVariable | null => {
  const output = byVariable.get(name);
  if (output !== undefined) return { name, role: output, field: null };
  // A role's name may hold `__` itself: the longest that is one counts.
  const rest = name.replace(/^ENKI_FIELD_/, "ENKI_OUTPUT_");
  for (let at = rest.lastIndexOf("__"); at > 0; at = rest.lastIndexOf("__", at - 1)) {
    const role = byVariable.get(rest.slice(0, at));
    if (role !== undefined && name !== rest && at + 2 < rest.length) return { name, role, field: rest.slice(at + 2) };
  }
  return null;
};

/** Roles by the name of the variable that holds their output. */
export const rolesByVariable = (roles: readonly WorkflowRole[]): Map<string, string> =>
  new Map(roles.map(({ name }) => [toOutputVariable(name), name]));
