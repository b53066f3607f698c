import { neededSteps, type PlannedStep } from "../model/plan.ts";
import type { Step, StepState } from "../model/step.ts";
import { label, upTo } from "./escape.ts";
import { stateWords } from "./step-table.ts";

const COLOURS: Readonly<Record<string, string>> = {
  done: "fill:#1a7f37,color:#fff",
  running: "fill:#0969da,color:#fff",
  waiting: "fill:#bf8700,color:#fff",
  failed: "fill:#cf222e,color:#fff",
  blocked: "fill:#6e7781,color:#fff",
};

const shade = (state: StepState): string | null => {
  if (state === "worker_done") return "running";
  if (state === "cancelled" || state === "skipped" || state === "paused") return "blocked";
  return state in COLOURS ? state : null;
};

/** GitHub draws at most this many characters of a diagram. */
const LIMIT = 20_000;
/** Mermaid draws an error instead of a graph with more: https://mermaid.js.org/config/schema-docs/config-properties-maxedges.html */
const MOST_EDGES = 500;
/** No node is written with less: `  n1["a"]`. */
const SHORTEST_NODE = 9;

/** The plan as a Mermaid graph for a comment, coloured by state; null for one step, and where it would be too large to draw. */
export const mermaid = (steps: readonly PlannedStep[], states: Readonly<Record<string, Step>>): string | null => {
  if (steps.length < 2 || steps.length > LIMIT / SHORTEST_NODE) return null;
  if (steps.reduce((edges, step) => edges + neededSteps(step).length, 0) > MOST_EDGES) return null;
  const text = ["```mermaid", write(steps, states, LIMIT), "```"].join("\n");
  return text.length > LIMIT ? null : text;
};

/** The same without a fence, of any size. */
export const mermaidText = (steps: readonly PlannedStep[], states: Readonly<Record<string, Step>>): string =>
  write(steps, states, Infinity);

const write = (steps: readonly PlannedStep[], states: Readonly<Record<string, Step>>, limit: number): string => {
  const names = new Map(steps.map((step, at) => [step.id, `n${at}`]));
  const used = new Set<string>();
  const lines = upTo(limit, steps, (step) => {
    const name = names.get(step.id) ?? "";
    const [open, close] = step.checkpoint ? ["{{", "}}"] : ["[", "]"];
    const state = states[step.id];
    const symbol = state ? `${stateWords(state)[0]} ` : "";
    const colour = state && shade(state.state);
    if (colour) used.add(colour);
    const node = `  ${name}${open}"${symbol}${label(step.title)}"${close}${colour ? `:::${colour}` : ""}`;
    const needs = neededSteps(step).flatMap((need) => names.get(need) ?? []);
    return [node, ...needs.map((need) => `  ${need} --> ${name}`)].join("\n");
  });
  const classes = Object.entries(COLOURS).flatMap(([name, style]) => (used.has(name) ? [`  classDef ${name} ${style}`] : []));
  return ["graph LR", ...lines, ...classes].join("\n");
};
