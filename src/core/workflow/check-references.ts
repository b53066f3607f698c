import { findNearestWord } from "../domain/nearest-word.ts";
import type { FaultReporter } from "./workflow-fault.ts";
import { type NameGraph, findReachable } from "./name-graph.ts";
import { isJsonObject } from "./read-json.ts";
import { type TemplateReference, listReferences } from "./template/list-references.ts";
import { readCommandVariable, rolesByVariable, listVariableNames } from "./command-variables.ts";
import type { WorkflowEdge, WorkflowLoop, WorkflowRole } from "./workflow.ts";

/** Names at the template root that are not roles. */
export const BUILT_IN_NAMES = ["Args", "Item", "Index", "Round", "MaxRounds"] as const;
/** Fields that every role has. */
export const COMMON_FIELDS = ["output", "skipped", "failed", "error"] as const;

export type WorkflowGraph = {
  readonly roles: readonly WorkflowRole[];
  readonly edges: readonly WorkflowEdge[];
  readonly loops: readonly WorkflowLoop[];
  readonly graph: NameGraph;
};

/** The role that reads a reference, and its description for faults. */
type ReferenceReader = { readonly role: string; readonly what: string };

type ReferenceCheck = WorkflowGraph & {
  readonly byName: ReadonlyMap<string, WorkflowRole>;
  /** The roles that may have run when a role runs: its predecessors, and all roles of its loops. */
  readonly earlierRoles: (role: string) => ReadonlySet<string>;
  readonly byVariable: ReadonlyMap<string, string>;
  readonly wantedFields: Map<string, Set<string>>;
  readonly report: FaultReporter;
};

/**
 * Checks every reference in prompts, conditions, lists and commands: it must exist and precede its reader. Returns the fields that are read, by role.
 */
export const checkReferences = (checked: WorkflowGraph, report: FaultReporter): ReadonlyMap<string, ReadonlySet<string>> => {
  const byName = new Map(checked.roles.map((role) => [role.name, role]));
  const check: ReferenceCheck = {
    ...checked,
    byName,
    byVariable: rolesByVariable(checked.roles),
    earlierRoles: createEarlierRoles(checked),
    wantedFields: new Map(),
    report,
  };
  for (const role of checked.roles) checkRoleReferences(check, role);
  for (const { from, to, guard } of checked.edges) {
    if (guard.kind !== "if") continue;
    for (const reference of listReferences(guard.condition))
      checkRead(check, reference, { role: from, what: `the guard of ${from} -> ${to}` });
  }
  for (const { from, to, until } of checked.loops) {
    for (const reference of listReferences(until))
      checkRead(check, reference, { role: from, what: `the condition of the loop ${from} -> ${to}` });
  }
  return check.wantedFields;
};

const createEarlierRoles = ({ graph, loops }: WorkflowGraph): ReferenceCheck["earlierRoles"] => {
  const known = new Map<string, ReadonlySet<string>>();
  return (role) => {
    const before = known.get(role) ?? findReachable(graph.before, role);
    if (!known.has(role)) {
      // The reachable set contains the role itself, which reads itself only in a loop or in a condition.
      const all = new Set(before);
      for (const { body } of loops) if (body.includes(role)) for (const name of body) all.add(name);
      known.set(role, all);
      return all;
    }
    return before;
  };
};

const checkRoleReferences = (check: ReferenceCheck, role: WorkflowRole): void => {
  const { name, work, foreach } = role;
  const reader = { role: name, what: `role "${name}"` };
  const prompt = work.kind === "agent" ? work.prompt : work.kind === "call" ? work.args : null;
  const inLoop = check.loops.some(({ body }) => body.includes(name));
  for (const reference of prompt ? listReferences(prompt) : []) {
    if (reference.keys[0] === name && !inLoop) reportNotEarlier(check, reference, reader);
    else checkRead(check, reference, reader);
  }
  if (foreach) checkRead(check, { keys: [foreach.role, foreach.field], line: role.line }, reader);
  if (work.kind === "run") checkCommand(check, { role, command: work.command });
};

const checkRead = (check: ReferenceCheck, reference: TemplateReference, reader: ReferenceReader): void => {
  const { keys, line } = reference;
  const [first, field] = keys;
  const { byName, report } = check;
  if (first === undefined) {
    report({
      code: "unknown-reference",
      line,
      reason: `${reader.what}: \`.\` alone is everything`,
      instead: "name what is meant, such as `.Args`",
    });
    return;
  }
  if (BUILT_IN_NAMES.some((each) => each === first)) {
    checkBuiltIn(check, reference, reader);
    return;
  }
  const target = byName.get(first);
  if (!target) {
    const instead = (): string => {
      const meant = findNearestWord(first, [...byName.keys(), ...BUILT_IN_NAMES]);
      if (meant !== null) return `did you mean \`.${meant}\`?`;
      return `declare the role, or write one of .${["Args", ...byName.keys()].slice(0, 20).join(", .")}`;
    };
    report({ code: "unknown-reference", line, reason: `${reader.what} reads \`.${first}\`, and there is no such role`, instead });
    return;
  }
  if (!check.earlierRoles(reader.role).has(first)) reportNotEarlier(check, reference, reader);
  if (field !== undefined && !isCommonField(target, field)) recordFieldRead(check, { target, field, line }, reader);
};

const isCommonField = ({ foreach }: WorkflowRole, field: string): boolean =>
  COMMON_FIELDS.some((each) => each === field) || (foreach !== null && field === "items");

const checkBuiltIn = ({ byName, report }: ReferenceCheck, { keys, line }: TemplateReference, { role, what }: ReferenceReader): void => {
  const [first = ""] = keys;
  if (first !== "Item" && keys.length > 1) {
    report({
      code: "unknown-reference",
      line,
      reason: `${what} reads \`.${keys.join(".")}\`, and \`.${first}\` has no fields`,
      instead: `write \`.${first}\``,
    });
  }
  if ((first === "Item" || first === "Index") && !byName.get(role)?.foreach) {
    report({
      code: "not-foreach",
      line,
      reason: `${what} reads \`.${first}\`, and "${role}" has no \`foreach\``,
      instead: "write `foreach: planner.items` at the role",
    });
  }
};

const reportNotEarlier = (
  { report, graph }: ReferenceCheck,
  { keys: [first = ""], line }: TemplateReference,
  { role, what }: ReferenceReader,
): void => {
  const instead = (): string =>
    findReachable(graph.after, role).has(first)
      ? `remove the reference, or make it a loop: \`${first} -> ${role} until '…' max 3\``
      : `write the edge \`${first} -> ${role}\`, or remove the reference`;
  report({ code: "not-ancestor", line, reason: `${what} reads \`.${first}\`, and "${first}" need not have run by then`, instead });
};

type FieldRead = { readonly target: WorkflowRole; readonly field: string; readonly line: number };

/** Fields are checked if the role declares fields, or has a schema that allows no others. */
const recordFieldRead = ({ wantedFields, report }: ReferenceCheck, { target, field, line }: FieldRead, { what }: ReferenceReader): void => {
  const { name, fields, schema } = target;
  const properties = isJsonObject(schema?.["properties"]) ? Object.keys(schema["properties"]) : [];
  const isClosed = fields.length > 0 || schema?.["additionalProperties"] === false;
  const known = [...fields, ...properties];
  // Every role has a status, unless it declares a field with this name.
  if (isClosed && field !== "status" && !known.includes(field)) {
    const instead = (): string => {
      const meant = findNearestWord(field, [...known, ...COMMON_FIELDS]);
      return meant === null
        ? `write one of ${known.join(", ")}, or add \`${field}\` to what "${name}" gives`
        : `did you mean \`.${name}.${meant}\`?`;
    };
    report({ code: "unknown-field", line, reason: `${what} reads \`.${name}.${field}\`, and "${name}" gives no \`${field}\``, instead });
    return;
  }
  const fieldsRead = wantedFields.get(name) ?? new Set();
  wantedFields.set(name, fieldsRead.add(field));
};

const checkCommand = (check: ReferenceCheck, { role, command }: { role: WorkflowRole; command: string }): void => {
  const { roles, byName, byVariable, report } = check;
  const { line, name } = role;
  for (const [written, first = ""] of command.matchAll(/\{\{[^{}]*?\.([A-Za-z_][\w-]*)[^{}]*\}\}/g)) {
    if (!byName.has(first) && !BUILT_IN_NAMES.some((each) => each === first)) continue;
    const instead = 'use an environment variable: "$ENKI_ARGS", "$ENKI_OUTPUT_<ROLE>" or "$ENKI_FIELD_<ROLE>__<field>"';
    report({
      code: "run-template",
      line,
      reason: `role "${name}": \`${written}\` in a command would make a text of somebody a command`,
      instead,
    });
  }
  for (const variable of listVariableNames(command)) {
    const read = readCommandVariable(variable, byVariable);
    const reader = { role: name, what: `role "${name}"` };
    if (read) checkRead(check, { keys: read.field === null ? [read.role] : [read.role, read.field], line }, reader);
    else
      report({
        code: "unknown-reference",
        line,
        reason: `role "${name}" reads $${variable}, and there is no such role`,
        instead: variablesHint(byVariable),
      });
  }
  if (byVariable.size < roles.length) {
    report({
      code: "same-variable",
      line,
      reason: `role "${name}" runs a command, and two roles have names that give one variable`,
      instead: "rename the one that differs in - and _ only",
    });
  }
};

const variablesHint = (byVariable: ReadonlyMap<string, string>): string => `write one of ${[...byVariable.keys()].slice(0, 10).join(", ")}`;
