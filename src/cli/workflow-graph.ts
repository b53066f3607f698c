import { escapeMermaidLabel } from "../core/messages/escape.ts";
import { renderAsciiGraph } from "../core/messages/ascii-graph.ts";
import { DEFAULT_TIER, type PlannedStep } from "../core/domain/plan.ts";
import type { WorkflowEdge, WorkflowLoop, Workflow, WorkflowRole } from "../core/workflow/workflow.ts";

/** A workflow for a terminal: its roles as rails, below them conditional edges and loops as written. */
export const formatWorkflowText = ({ roles, edges, loops }: Workflow, width: number): string => {
  const steps = roles.map((role) => toGraphStep(role, edges));
  const conditions = [...edges.filter(({ guard }) => guard.kind !== "always").map(formatEdge), ...loops.map(formatLoop)];
  return [
    renderAsciiGraph(steps, { states: {} }, width),
    ...(conditions.length > 0 ? ["", ...conditions.map((line) => `  ${line}`)] : []),
  ].join("\n");
};

const toGraphStep = (role: WorkflowRole, edges: readonly WorkflowEdge[]): PlannedStep => ({
  id: role.name,
  title: describeRoleWork(role),
  description: "",
  tier: role.tier ?? DEFAULT_TIER,
  role: role.role,
  output: role.output ?? "branch",
  needs: edges.filter(({ to }) => to === role.name).map(({ from }) => ({ step: from, condition: "merged" })),
  checkpoint: role.checkpoint,
  paths: role.paths,
  verify: role.verify,
  optional: false,
  run: null,
});

const describeRoleWork = ({ work, role, output, foreach, join }: WorkflowRole): string =>
  [
    work.kind === "run"
      ? `$ ${work.command.trim().split("\n")[0] ?? ""}`
      : work.kind === "call"
        ? `workflow ${work.workflow}`
        : (role ?? "an agent"),
    ...(output === "artifact" ? ["a report"] : []),
    ...(foreach ? [`for each of ${foreach.role}.${foreach.field}, at most ${foreach.max}`] : []),
    ...(join === "all" ? [] : [`after ${join} of those before it`]),
  ].join(", ");

/** A condition in single quotes, as in a workflow file. */
const quoteCondition = (source: string): string => `'${source.replaceAll("'", "''")}'`;

/** A condition without template braces, for a label. */
const stripTemplateBraces = (source: string): string => source.replace(/^\{\{ *((?:(?!\{\{|\}\}).)*?) *\}\}$/, "$1");

const formatGuard = ({ guard }: Pick<WorkflowEdge, "guard">, write = quoteCondition): string => {
  switch (guard.kind) {
    case "always":
      return "";
    case "if":
      return `if ${write(guard.condition.source)}`;
    case "else":
      return "else";
    case "failure":
      return "on: failure";
  }
};

const formatLoopCondition = ({ until, max }: Pick<WorkflowLoop, "until" | "max">, write = quoteCondition): string =>
  `until ${write(until.source)} max ${max}`;
const formatEdge = (edge: WorkflowEdge): string => `${edge.from} -> ${edge.to} ${formatGuard(edge)}`.trimEnd();
const formatLoop = (loop: WorkflowLoop): string => `${loop.from} -> ${loop.to} ${formatLoopCondition(loop)}`;

const MAX_EDGE_LABEL_CHARS = 80;

/** A workflow for Mermaid: conditions label the arrows, and loops return on dotted ones. */
export const renderWorkflowMermaid = ({ roles, edges, loops }: Workflow): string => {
  const names = new Map(roles.map(({ name }, at) => [name, `n${at}`]));
  const nodes = roles.map((role) => {
    const [open, close] = role.checkpoint ? ["{{", "}}"] : ["[", "]"];
    return `  ${names.get(role.name) ?? ""}${open}"${escapeMermaidLabel(role.name)}"${close}`;
  });
  const arrow = (line: string, { from, to }: Pick<WorkflowEdge, "from" | "to">, words: string): string =>
    `  ${names.get(from) ?? ""} ${line}${words === "" ? "" : `|"${escapeMermaidLabel(words, MAX_EDGE_LABEL_CHARS)}"|`} ${names.get(to) ?? ""}`;
  const forward = edges.map((edge) => arrow("-->", edge, formatGuard(edge, stripTemplateBraces)));
  return [
    "graph LR",
    ...nodes,
    ...forward,
    ...loops.map((loop) => arrow("-.->", loop, formatLoopCondition(loop, stripTemplateBraces))),
  ].join("\n");
};

/** A workflow as JSON. */
export const toWorkflowJson = ({ name, description, path, roles, edges, loops }: Workflow): object => ({
  workflow: name,
  description,
  from: path,
  roles: roles.map(({ name: role, work, tier, role: persona, tools, model, output, checkpoint, join, foreach }) => ({
    name: role,
    does: work.kind === "run" ? { run: work.command } : work.kind === "call" ? { workflow: work.workflow } : "agent",
    tier,
    role: persona,
    tools,
    model,
    output,
    checkpoint,
    join,
    foreach,
  })),
  edges: edges.map(({ from, to, guard }) => ({ from, to, on: guard.kind, if: guard.kind === "if" ? guard.condition.source : null })),
  loops: loops.map(({ from, to, until, max }) => ({ from, to, until: until.source, max })),
});
