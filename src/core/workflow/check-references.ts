import { findNearestWord } from "../domain/nearest-word.ts";
import type { Report } from "./fault.ts";
import { type Graph, reached } from "./graph.ts";
import { isJsonObject } from "./json.ts";
import { type Reference, referencesOf } from "./template/references.ts";
import { readVariable, rolesByVariable, variableNames } from "./variables.ts";
import type { Edge, Loop, WorkflowRole } from "./workflow.ts";

/** Names at the root that are no roles. */
export const BUILT_IN = ["Args", "Item", "Index", "Round", "MaxRounds"] as const;
/** What every role has, whatever fields it gives. */
export const OF_EVERY_ROLE = ["output", "skipped", "failed", "error"] as const;

export type Checked = {
  readonly roles: readonly WorkflowRole[];
  readonly edges: readonly Edge[];
  readonly loops: readonly Loop[];
  readonly graph: Graph;
};

/** Where something is read: by whom, and for faults how to say so. */
type Reader = { readonly role: string; readonly what: string };

type Check = Checked & {
  readonly byName: ReadonlyMap<string, WorkflowRole>;
  /** The roles that have run, or may have, when one runs: those before it, and in a loop all of the loop. */
  readonly earlier: (role: string) => ReadonlySet<string>;
  readonly byVariable: ReadonlyMap<string, string>;
  readonly wanted: Map<string, Set<string>>;
  readonly report: Report;
};

/**
 * Checks everything that prompts, guards, lists and commands read: it must be there, and before the reader. Answers the fields that are read of each role.
 */
export const checkReferences = (checked: Checked, report: Report): ReadonlyMap<string, ReadonlySet<string>> => {
  const byName = new Map(checked.roles.map((role) => [role.name, role]));
  const check: Check = {
    ...checked,
    byName,
    byVariable: rolesByVariable(checked.roles),
    earlier: earlierThan(checked),
    wanted: new Map(),
    report,
  };
  for (const role of checked.roles) checkRole(check, role);
  for (const { from, to, guard } of checked.edges) {
    if (guard.kind !== "if") continue;
    for (const reference of referencesOf(guard.condition))
      checkRead(check, reference, { role: from, what: `the guard of ${from} -> ${to}` });
  }
  for (const { from, to, until } of checked.loops) {
    for (const reference of referencesOf(until))
      checkRead(check, reference, { role: from, what: `the condition of the loop ${from} -> ${to}` });
  }
  return check.wanted;
};

const earlierThan = ({ graph, loops }: Checked): Check["earlier"] => {
  const known = new Map<string, ReadonlySet<string>>();
  return (role) => {
    const before = known.get(role) ?? reached(graph.before, role);
    if (!known.has(role)) {
      // `reached` gives a new set with the role itself, which reads itself in a loop or in a guard only.
      const all = new Set(before);
      for (const { body } of loops) if (body.includes(role)) for (const name of body) all.add(name);
      known.set(role, all);
      return all;
    }
    return before;
  };
};

const checkRole = (check: Check, role: WorkflowRole): void => {
  const { name, work, foreach } = role;
  const reader = { role: name, what: `role "${name}"` };
  const prompt = work.kind === "agent" ? work.prompt : work.kind === "call" ? work.args : null;
  const inLoop = check.loops.some(({ body }) => body.includes(name));
  for (const reference of prompt ? referencesOf(prompt) : []) {
    if (reference.keys[0] === name && !inLoop) notEarlier(check, reference, reader);
    else checkRead(check, reference, reader);
  }
  if (foreach) checkRead(check, { keys: [foreach.role, foreach.field], line: role.line }, reader);
  if (work.kind === "run") checkCommand(check, { role, command: work.command });
};

const checkRead = (check: Check, reference: Reference, reader: Reader): void => {
  const { keys, line } = reference;
  const [first, field] = keys;
  const { byName, report } = check;
  if (first === undefined) {
    report({
      code: "unknown-reference",
      line,
      why: `${reader.what}: \`.\` alone is everything`,
      instead: "name what is meant, such as `.Args`",
    });
    return;
  }
  if (BUILT_IN.some((each) => each === first)) {
    checkBuiltIn(check, reference, reader);
    return;
  }
  const target = byName.get(first);
  if (!target) {
    const meant = findNearestWord(first, [...byName.keys(), ...BUILT_IN]);
    const instead = meant
      ? `did you mean \`.${meant}\`?`
      : `declare the role, or write one of .${["Args", ...byName.keys()].slice(0, 20).join(", .")}`;
    report({ code: "unknown-reference", line, why: `${reader.what} reads \`.${first}\`, and there is no such role`, instead });
    return;
  }
  if (!check.earlier(reader.role).has(first)) notEarlier(check, reference, reader);
  if (field !== undefined && !isOfRole(target, field)) readField(check, { target, field, line }, reader);
};

const isOfRole = ({ foreach }: WorkflowRole, field: string): boolean =>
  OF_EVERY_ROLE.some((each) => each === field) || (foreach !== null && field === "items");

const checkBuiltIn = ({ byName, report }: Check, { keys, line }: Reference, { role, what }: Reader): void => {
  const [first = ""] = keys;
  if (first !== "Item" && keys.length > 1) {
    report({
      code: "unknown-reference",
      line,
      why: `${what} reads \`.${keys.join(".")}\`, and \`.${first}\` has no fields`,
      instead: `write \`.${first}\``,
    });
  }
  if ((first === "Item" || first === "Index") && !byName.get(role)?.foreach) {
    report({
      code: "not-foreach",
      line,
      why: `${what} reads \`.${first}\`, and "${role}" has no \`foreach\``,
      instead: "write `foreach: planner.items` at the role",
    });
  }
};

const notEarlier = ({ report, graph }: Check, { keys: [first = ""], line }: Reference, { role, what }: Reader): void => {
  const isLater = reached(graph.after, role).has(first);
  const instead = isLater
    ? `remove the reference, or make it a loop: \`${first} -> ${role} until '…' max 3\``
    : `write the edge \`${first} -> ${role}\`, or remove the reference`;
  report({ code: "not-ancestor", line, why: `${what} reads \`.${first}\`, and "${first}" need not have run by then`, instead });
};

type FieldRead = { readonly target: WorkflowRole; readonly field: string; readonly line: number };

/** Fields are known where the role declares them, or a schema that allows no others. */
const readField = ({ wanted, report }: Check, { target, field, line }: FieldRead, { what }: Reader): void => {
  const { name, fields, schema } = target;
  const properties = isJsonObject(schema?.["properties"]) ? Object.keys(schema["properties"]) : [];
  const isClosed = fields.length > 0 || schema?.["additionalProperties"] === false;
  const known = [...fields, ...properties];
  // How every role ended, where it has no field of its own with this name.
  if (isClosed && field !== "status" && !known.includes(field)) {
    const meant = findNearestWord(field, [...known, ...OF_EVERY_ROLE]);
    const instead = meant
      ? `did you mean \`.${name}.${meant}\`?`
      : `write one of ${known.join(", ")}, or add \`${field}\` to what "${name}" gives`;
    report({ code: "unknown-field", line, why: `${what} reads \`.${name}.${field}\`, and "${name}" gives no \`${field}\``, instead });
    return;
  }
  const own = wanted.get(name) ?? new Set();
  wanted.set(name, own.add(field));
};

const checkCommand = (check: Check, { role, command }: { role: WorkflowRole; command: string }): void => {
  const { roles, byName, byVariable, report } = check;
  const { line, name } = role;
  for (const [written, first = ""] of command.matchAll(/\{\{[^{}]*?\.([A-Za-z_][\w-]*)[^{}]*\}\}/g)) {
    if (!byName.has(first) && !BUILT_IN.some((each) => each === first)) continue;
    const instead = 'use an environment variable: "$ENKI_ARGS", "$ENKI_OUTPUT_<ROLE>" or "$ENKI_FIELD_<ROLE>__<field>"';
    report({
      code: "run-template",
      line,
      why: `role "${name}": \`${written}\` in a command would make a text of somebody a command`,
      instead,
    });
  }
  for (const variable of variableNames(command)) {
    const read = readVariable(variable, byVariable);
    const reader = { role: name, what: `role "${name}"` };
    if (read) checkRead(check, { keys: read.field === null ? [read.role] : [read.role, read.field], line }, reader);
    else
      report({
        code: "unknown-reference",
        line,
        why: `role "${name}" reads $${variable}, and there is no such role`,
        instead: variablesHint(byVariable),
      });
  }
  if (byVariable.size < roles.length) {
    report({
      code: "same-variable",
      line,
      why: `role "${name}" runs a command, and two roles have names that give one variable`,
      instead: "rename the one that differs in - and _ only",
    });
  }
};

const variablesHint = (byVariable: ReadonlyMap<string, string>): string => `write one of ${[...byVariable.keys()].slice(0, 10).join(", ")}`;
