import type { WorkflowRole } from "./workflow.ts";

/** A value that a `run:` command reads: the output of a role, or one of its fields. */
export type CommandVariable = { readonly name: string; readonly role: string; readonly field: string | null };

const toVariablePart = (name: string): string => name.toUpperCase().replaceAll("-", "_");

const toOutputVariable = (role: string): string => `ENKI_OUTPUT_${toVariablePart(role)}`;

/** Variables in a command that hold the values of roles: `ENKI_OUTPUT_<ROLE>` and `ENKI_FIELD_<ROLE>__<FIELD>`. Fields keep their case. */
export const listVariableNames = (command: string): string[] => [
  ...new Set([...command.matchAll(/\bENKI_(?:OUTPUT|FIELD)_[A-Za-z0-9_]+/g)].map(([name]) => name)),
];

/** The role and field of a variable; null if the role does not exist. */
export const readCommandVariable = (name: string, byVariable: ReadonlyMap<string, string>): CommandVariable | null => {
  const output = byVariable.get(name);
  if (output !== undefined) return { name, role: output, field: null };
  // A role name may contain `__`, so the longest matching name counts.
  const rest = name.replace(/^ENKI_FIELD_/, "ENKI_OUTPUT_");
  for (let at = rest.lastIndexOf("__"); at > 0; at = rest.lastIndexOf("__", at - 1)) {
    const role = byVariable.get(rest.slice(0, at));
    if (role !== undefined && name !== rest && at + 2 < rest.length) return { name, role, field: rest.slice(at + 2) };
  }
  return null;
};

/** Maps each output variable, such as `ENKI_OUTPUT_REVIEWER`, to the name of its role. */
export const rolesByVariable = (roles: readonly WorkflowRole[]): Map<string, string> =>
  new Map(roles.map(({ name }) => [toOutputVariable(name), name]));
