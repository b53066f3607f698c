import type { NodePath, NodePathPart } from "../domain/workflow-run.ts";
import { takeFirstChars } from "../domain/visible-text.ts";
import { accept, refuse, type Result } from "../domain/refusal.ts";
import { type RunState, type NodeRun, toNodeRunId } from "./run-state.ts";
import { type RunProgress, toProgress, createScope, toRoleView } from "./template-scope.ts";
import { renderTemplate, type ValueShortener } from "./template/render-template.ts";
import { readKey, toText, type TemplateValue } from "./template/template-value.ts";
import { readCommandVariable, rolesByVariable, listVariableNames } from "./command-variables.ts";
import type { Workflow, WorkflowRole } from "./workflow.ts";

/** What is to be done for a unit: a prompt for an agent, or a command with the environment that carries its values. */
export type RenderedNode =
  | { readonly kind: "agent"; readonly role: WorkflowRole; readonly prompt: string }
  | { readonly kind: "run"; readonly role: WorkflowRole; readonly command: string; readonly environment: Readonly<Record<string, string>> };

export type NodeLocation = {
  readonly path: NodePath;
  readonly workflows?: ReadonlyMap<string, Workflow>;
  /** The way to the workflow that is prepared, where others call it. */
  readonly callPath?: NodePath;
};

/** More of one value is not put into a prompt, in characters. */
const MAX_VALUE_CHARS = 20_000;

/** Systems take no longer variable: 128 KiB, in bytes. */
const MAX_VARIABLE_BYTES = 120_000;

/**
 * Writes what a unit is to do, from the state that it was made ready in or a later one: it reads only roles before it.
 * Refusals: `unknown-unit`, `cannot-render` (a value is missing).
 */
export const renderNode = (
  workflow: Workflow,
  state: RunState,
  { path, workflows = new Map(), callPath = [] }: NodeLocation,
): Result<RenderedNode> => {
  const [first, ...rest] = path;
  const role = workflow.roles.find(({ name }) => name === first?.role);
  const unit = first && findNodeRun(state, first);
  if (role && unit && rest.length === 0) return renderWork({ workflow, progress: toProgress(state), role, item: unit.item, callPath });
  const called = role?.work.kind === "call" ? workflows.get(role.work.workflow) : undefined;
  if (!called || !unit?.call) return refuse("unknown-unit", `the workflow works on no "${toNodeRunId(path)}"`);
  return renderNode(called, unit.call, { path: rest, workflows, callPath: [...callPath, ...path.slice(0, 1)] });
};

const findNodeRun = (state: RunState, { role, run, item }: NodePathPart): NodeRun | undefined => {
  const found = toProgress(state).roleOf(role);
  return found?.run === run ? found.nodeRuns.find((unit) => (unit.item && unit.item.index) === item) : undefined;
};

type NodeContext = {
  readonly workflow: Workflow;
  readonly progress: RunProgress;
  readonly role: WorkflowRole;
  readonly item: NodeRun["item"];
  readonly callPath: NodePath;
};

/** The file that has a value whole, as `{{ .planner.output }}` names it; the folder where several have parts of it. */
const inputFileOf = ({ workflow, callPath, role: reader }: NodeContext, written: string): string => {
  const [, first = ""] = /\.([A-Za-z][\w-]*)/.exec(written) ?? [];
  const name = first === "Item" ? reader.foreach?.role : first;
  const role = workflow.roles.find((each) => each.name === name);
  const isOne = role && role.foreach === null && role.work.kind !== "call";
  // Each round of a loop has the name of the first.
  const path = [...callPath, { role: role?.name ?? "", run: 1, item: null }].map((each) => ({ ...each, run: 1 }));
  return isOne ? `$ENKI_INPUTS/${toNodeRunId(path)}.md` : "$ENKI_INPUTS";
};

/** What others said is cut at a limit that is seen, and is whole in a file. What was asked for stands whole. */
const createShortener =
  (place: NodeContext): ValueShortener =>
  (text, written) => {
    if (text.length <= MAX_VALUE_CHARS || /^\.Args\b/.test(written.trim())) return text;
    const short = takeFirstChars(text, MAX_VALUE_CHARS);
    return `${short}\n[… ${text.length - short.length} characters left out; all of it is in \`${inputFileOf(place, written)}\` …]`;
  };

const renderWork = (place: NodeContext): Result<RenderedNode> => {
  const { workflow, progress, role, item } = place;
  const { work, name } = role;
  if (work.kind === "call") return refuse("unknown-unit", `role "${name}" calls a workflow, and does nothing of its own`);
  if (work.kind === "agent") {
    const scope = createScope(workflow, progress, { role: name, item });
    const prompt = renderTemplate(`role "${name}"`, work.prompt, { scope, shorten: createShortener(place) });
    return prompt.ok ? accept({ kind: "agent", role, prompt: prompt.value }) : prompt;
  }
  const environment = buildEnvironment(place, work.command);
  return environment.ok ? accept({ kind: "run", role, command: work.command, environment: environment.value }) : environment;
};

/** `ENKI_ARGS`, `ENKI_ROUND`, of `foreach` `ENKI_ITEM` and `ENKI_INDEX`; and the outputs and fields that the command names. */
const buildEnvironment = ({ workflow, progress, role, item }: NodeContext, command: string): Result<Record<string, string>> => {
  const scope = createScope(workflow, progress, { role: role.name, item });
  const values: [string, TemplateValue][] = [
    ["ENKI_ARGS", scope.look("Args")],
    ["ENKI_ROUND", scope.look("Round")],
    ...(item
      ? ([
          ["ENKI_ITEM", item.value],
          ["ENKI_INDEX", item.index + 1],
        ] as [string, TemplateValue][])
      : []),
  ];
  const byVariable = rolesByVariable(workflow.roles);
  for (const name of listVariableNames(command)) {
    const variable = readCommandVariable(name, byVariable);
    const run = variable && progress.roleOf(variable.role);
    if (!variable || !run) continue;
    const value = readKey(toRoleView(run), variable.field ?? "output");
    if (value === undefined)
      return refuse("cannot-render", `role "${role.name}": $${name} has no value: "${variable.role}" gave no \`${variable.field}\``);
    values.push([name, value]);
  }
  const texts = values.map(([name, value]): [string, string] => [name, toText(value).replaceAll("\0", "")]);
  const long = texts.find(([, text]) => Buffer.byteLength(text) > MAX_VARIABLE_BYTES);
  return long
    ? refuse("cannot-render", `role "${role.name}": $${long[0]} is longer than ${MAX_VARIABLE_BYTES} bytes`)
    : accept(Object.fromEntries(texts));
};
