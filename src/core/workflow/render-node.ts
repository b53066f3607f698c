import { refuseCallingRole, refuseLongValue, refuseMissingValue, refuseUnknownNode } from "../messages/refusals/workflows.ts";
import type { NodePath, NodePathPart } from "../domain/workflow-run.ts";
import { takeFirstChars } from "../domain/visible-text.ts";
import { accept, type Result } from "../domain/refusal.ts";
import { type RunState, type NodeRun, toNodeRunId } from "./run-state.ts";
import { type RunProgress, toProgress, createScope, toRoleView } from "./template-scope.ts";
import { renderTemplate, type ValueShortener } from "./template/render-template.ts";
import { readKey, toText, type TemplateValue } from "./template/template-value.ts";
import { readCommandVariable, rolesByVariable, listVariableNames } from "./command-variables.ts";
import type { Workflow, WorkflowRole } from "./workflow.ts";

/** The work of a node run: a prompt for an agent, or a command with the environment that holds its values. */
export type RenderedNode =
  | { readonly kind: "agent"; readonly role: WorkflowRole; readonly prompt: string }
  | { readonly kind: "run"; readonly role: WorkflowRole; readonly command: string; readonly environment: Readonly<Record<string, string>> };

export type NodeLocation = {
  readonly path: NodePath;
  readonly workflows?: ReadonlyMap<string, Workflow>;
  /** The path of calls that leads to the workflow. */
  readonly callPath?: NodePath;
};

/** Characters of one value in a prompt. */
const MAX_VALUE_CHARS = 20_000;

/** Bytes of an environment variable. Linux allows 128 KiB for one string. */
const MAX_VARIABLE_BYTES = 120_000;

/**
 * Renders the work of a node run from the state in which it became ready, or a later one: it reads earlier roles only.
 * Refuses with `unknown-unit`, or with `cannot-render` if a value is missing.
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
  if (!called || !unit?.call) return refuseUnknownNode(toNodeRunId(path));
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

/** The file with the full value of a reference such as `{{ .planner.output }}`; the folder if several files hold parts of it. */
const inputFileOf = ({ workflow, callPath, role: reader }: NodeContext, written: string): string => {
  const [, first = ""] = /\.([A-Za-z][\w-]*)/.exec(written) ?? [];
  const name = first === "Item" ? reader.foreach?.role : first;
  const role = workflow.roles.find((each) => each.name === name);
  const isOne = role && role.foreach === null && role.work.kind !== "call";
  // All rounds of a loop share the name of the first round.
  const path = [...callPath, { role: role?.name ?? "", run: 1, item: null }].map((each) => ({ ...each, run: 1 }));
  return isOne ? `$ENKI_INPUTS/${toNodeRunId(path)}.md` : "$ENKI_INPUTS";
};

/** Cuts long values of other roles visibly; a file has the full text. The arguments of the workflow are never cut. */
const createShortener =
  (context: NodeContext): ValueShortener =>
  (text, written) => {
    if (text.length <= MAX_VALUE_CHARS || /^\.Args\b/.test(written.trim())) return text;
    const short = takeFirstChars(text, MAX_VALUE_CHARS);
    return `${short}\n[… ${text.length - short.length} characters left out; all of it is in \`${inputFileOf(context, written)}\` …]`;
  };

const renderWork = (context: NodeContext): Result<RenderedNode> => {
  const { workflow, progress, role, item } = context;
  const { work, name } = role;
  if (work.kind === "call") return refuseCallingRole(name);
  if (work.kind === "agent") {
    const scope = createScope(workflow, progress, { role: name, item });
    const prompt = renderTemplate(`role "${name}"`, work.prompt, { scope, shorten: createShortener(context) });
    return prompt.ok ? accept({ kind: "agent", role, prompt: prompt.value }) : prompt;
  }
  const environment = buildEnvironment(context, work.command);
  return environment.ok ? accept({ kind: "run", role, command: work.command, environment: environment.value }) : environment;
};

/** `ENKI_ARGS` and `ENKI_ROUND`, with `foreach` `ENKI_ITEM` and `ENKI_INDEX`, and the outputs and fields that the command names. */
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
    if (value === undefined) return refuseMissingValue(role.name, name, { role: variable.role, name: variable.field ?? "output" });
    values.push([name, value]);
  }
  const texts = values.map(([name, value]): [string, string] => [name, toText(value).replaceAll("\0", "")]);
  const long = texts.find(([, text]) => Buffer.byteLength(text) > MAX_VARIABLE_BYTES);
  return long ? refuseLongValue(role.name, long[0], MAX_VARIABLE_BYTES) : accept(Object.fromEntries(texts));
};
