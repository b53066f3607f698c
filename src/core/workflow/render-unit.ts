import { takeFirstChars } from "../domain/visible-text.ts";
import { accept, refuse, type Result } from "../domain/refusal.ts";
import { type RunState, type Unit, unitId, type UnitPath, type UnitStep } from "./run-state.ts";
import { type Progress, progressOf, scopeFor, viewOf } from "./scope.ts";
import { renderTemplate, type Shorten } from "./template/render.ts";
import { step, toText, type Value } from "./template/values.ts";
import { readVariable, rolesByVariable, variableNames } from "./variables.ts";
import type { Workflow, WorkflowRole } from "./workflow.ts";

/** What is to be done for a unit: a prompt for an agent, or a command with the environment that carries its values. */
export type Prepared =
  | { readonly kind: "agent"; readonly role: WorkflowRole; readonly prompt: string }
  | { readonly kind: "run"; readonly role: WorkflowRole; readonly command: string; readonly environment: Readonly<Record<string, string>> };

export type Preparing = {
  readonly path: UnitPath;
  readonly workflows?: ReadonlyMap<string, Workflow>;
  /** The way to the workflow that is prepared, where others call it. */
  readonly within?: UnitPath;
};

/** More of one value is not put into a prompt, in characters. */
const LONGEST_VALUE = 20_000;

/** Systems take no longer variable: 128 KiB, in bytes. */
const LONGEST_VARIABLE = 120_000;

/**
 * Writes what a unit is to do, from the state that it was made ready in or a later one: it reads only roles before it.
 * Refusals: `unknown-unit`, `cannot-render` (a value is missing).
 */
export const renderUnit = (
  workflow: Workflow,
  state: RunState,
  { path, workflows = new Map(), within = [] }: Preparing,
): Result<Prepared> => {
  const [first, ...rest] = path;
  const role = workflow.roles.find(({ name }) => name === first?.role);
  const unit = first && findUnit(state, first);
  if (role && unit && rest.length === 0) return prepare({ workflow, progress: progressOf(state), role, item: unit.item, within });
  const called = role?.work.kind === "call" ? workflows.get(role.work.workflow) : undefined;
  if (!called || !unit?.call) return refuse("unknown-unit", `the workflow works on no "${unitId(path)}"`);
  return renderUnit(called, unit.call, { path: rest, workflows, within: [...within, ...path.slice(0, 1)] });
};

const findUnit = (state: RunState, { role, run, item }: UnitStep): Unit | undefined => {
  const found = progressOf(state).roleOf(role);
  return found?.run === run ? found.units.find((unit) => (unit.item && unit.item.index) === item) : undefined;
};

type Place = {
  readonly workflow: Workflow;
  readonly progress: Progress;
  readonly role: WorkflowRole;
  readonly item: Unit["item"];
  readonly within: UnitPath;
};

/** The file that has a value whole, as `{{ .planner.output }}` names it; the folder where several have parts of it. */
const fileOf = ({ workflow, within, role: reader }: Place, written: string): string => {
  const [, first = ""] = /\.([A-Za-z][\w-]*)/.exec(written) ?? [];
  const name = first === "Item" ? reader.foreach?.role : first;
  const role = workflow.roles.find((each) => each.name === name);
  const isOne = role && role.foreach === null && role.work.kind !== "call";
  // Each round of a loop has the name of the first.
  const path = [...within, { role: role?.name ?? "", run: 1, item: null }].map((each) => ({ ...each, run: 1 }));
  return isOne ? `$ENKI_INPUTS/${unitId(path)}.md` : "$ENKI_INPUTS";
};

/** What others said is cut at a limit that is seen, and is whole in a file. What was asked for stands whole. */
const shortenIn =
  (place: Place): Shorten =>
  (text, written) => {
    if (text.length <= LONGEST_VALUE || /^\.Args\b/.test(written.trim())) return text;
    const short = takeFirstChars(text, LONGEST_VALUE);
    return `${short}\n[… ${text.length - short.length} characters left out; all of it is in \`${fileOf(place, written)}\` …]`;
  };

const prepare = (place: Place): Result<Prepared> => {
  const { workflow, progress, role, item } = place;
  const { work, name } = role;
  if (work.kind === "call") return refuse("unknown-unit", `role "${name}" calls a workflow, and does nothing of its own`);
  if (work.kind === "agent") {
    const scope = scopeFor(workflow, progress, { role: name, item });
    const prompt = renderTemplate(`role "${name}"`, work.prompt, { scope, shorten: shortenIn(place) });
    return prompt.ok ? accept({ kind: "agent", role, prompt: prompt.value }) : prompt;
  }
  const environment = environmentOf(place, work.command);
  return environment.ok ? accept({ kind: "run", role, command: work.command, environment: environment.value }) : environment;
};

/** `ENKI_ARGS`, `ENKI_ROUND`, of `foreach` `ENKI_ITEM` and `ENKI_INDEX`; and the outputs and fields that the command names. */
const environmentOf = ({ workflow, progress, role, item }: Place, command: string): Result<Record<string, string>> => {
  const scope = scopeFor(workflow, progress, { role: role.name, item });
  const values: [string, Value][] = [
    ["ENKI_ARGS", scope.look("Args")],
    ["ENKI_ROUND", scope.look("Round")],
    ...(item
      ? ([
          ["ENKI_ITEM", item.value],
          ["ENKI_INDEX", item.index + 1],
        ] as [string, Value][])
      : []),
  ];
  const byVariable = rolesByVariable(workflow.roles);
  for (const name of variableNames(command)) {
    const variable = readVariable(name, byVariable);
    const run = variable && progress.roleOf(variable.role);
    if (!variable || !run) continue;
    const value = step(viewOf(run), variable.field ?? "output");
    if (value === undefined)
      return refuse("cannot-render", `role "${role.name}": $${name} has no value: "${variable.role}" gave no \`${variable.field}\``);
    values.push([name, value]);
  }
  const texts = values.map(([name, value]): [string, string] => [name, toText(value).replaceAll("\0", "")]);
  const long = texts.find(([, text]) => Buffer.byteLength(text) > LONGEST_VARIABLE);
  return long
    ? refuse("cannot-render", `role "${role.name}": $${long[0]} is longer than ${LONGEST_VARIABLE} bytes`)
    : accept(Object.fromEntries(texts));
};
