import { listNeededSteps, type PlannedStep } from "../domain/plan.ts";
import type { Step, StepState } from "../domain/step.ts";
import { escapeMermaidLabel, collectUpTo } from "./escape.ts";
import { describeStepState } from "./step-table.ts";

const STATE_COLOURS: Readonly<Record<string, string>> = {
  done: "fill:#1a7f37,color:#fff",
  running: "fill:#0969da,color:#fff",
  waiting: "fill:#bf8700,color:#fff",
  failed: "fill:#cf222e,color:#fff",
  blocked: "fill:#6e7781,color:#fff",
};

const chooseStateColour = (state: StepState): string | null => {
  if (state === "published") return "running";
  if (state === "cancelled" || state === "skipped" || state === "paused") return "blocked";
  return state in STATE_COLOURS ? state : null;
};

/** GitHub's limit for a diagram. */
const MAX_DIAGRAM_CHARS = 20_000;
/** Mermaid draws an error for more edges: https://mermaid.js.org/config/schema-docs/config-properties-maxedges.html */
const MAX_DIAGRAM_EDGES = 500;
/** The shortest node: `  n1["a"]`. */
const MIN_NODE_CHARS = 9;

/** A Mermaid graph for a comment, coloured by state; null for a single step and for a graph that is too large to draw. */
export const renderMermaidBlock = (steps: readonly PlannedStep[], states: Readonly<Record<string, Step>>): string | null => {
  if (steps.length < 2 || steps.length > MAX_DIAGRAM_CHARS / MIN_NODE_CHARS) return null;
  if (steps.reduce((edges, step) => edges + listNeededSteps(step).length, 0) > MAX_DIAGRAM_EDGES) return null;
  const text = ["```mermaid", writeMermaid(steps, states, MAX_DIAGRAM_CHARS), "```"].join("\n");
  return text.length > MAX_DIAGRAM_CHARS ? null : text;
};

/** A Mermaid graph of any size, without a fence. */
export const renderMermaidText = (steps: readonly PlannedStep[], states: Readonly<Record<string, Step>>): string =>
  writeMermaid(steps, states, Infinity);

const writeMermaid = (steps: readonly PlannedStep[], states: Readonly<Record<string, Step>>, limit: number): string => {
  const names = new Map(steps.map((step, at) => [step.id, `n${at}`]));
  const used = new Set<string>();
  const lines = collectUpTo(limit, steps, (step) => {
    const name = names.get(step.id) ?? "";
    const [open, close] = step.checkpoint ? ["{{", "}}"] : ["[", "]"];
    const state = states[step.id];
    const symbol = state ? `${describeStepState(state)[0]} ` : "";
    const colour = state && chooseStateColour(state.state);
    if (colour) used.add(colour);
    const node = `  ${name}${open}"${symbol}${escapeMermaidLabel(step.title)}"${close}${colour ? `:::${colour}` : ""}`;
    const needs = listNeededSteps(step).flatMap((need) => names.get(need) ?? []);
    return [node, ...needs.map((need) => `  ${need} --> ${name}`)].join("\n");
  });
  const classes = Object.entries(STATE_COLOURS).flatMap(([name, style]) => (used.has(name) ? [`  classDef ${name} ${style}`] : []));
  return ["graph LR", ...lines, ...classes].join("\n");
};
