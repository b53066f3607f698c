import { listNeededSteps, type StepNeed, type PlannedStep } from "../domain/plan.ts";
import type { Step, StepState } from "../domain/step.ts";
import { toOneLine } from "./escape.ts";
import { drawRails } from "./draw-rails.ts";
import type { PlaceReader } from "./queue-place.ts";
import { formatPlainState } from "./step-table.ts";

const STATE_MARKS: Readonly<Record<StepState, string>> = {
  pending: "o",
  ready: "o",
  running: "@",
  published: "@",
  waiting: "?",
  paused: "=",
  done: "*",
  failed: "x",
  blocked: "-",
  skipped: "-",
  cancelled: "-",
};

/** The steps that have started, with their places in the queue. */
export type DrawnStates = { readonly states: Readonly<Record<string, Step>>; readonly place?: PlaceReader | undefined };

/** Draws a plan for a terminal: each step on one line below its needs, with state and title. `width` in columns. */
export const renderAsciiGraph = (steps: readonly PlannedStep[], drawn: DrawnStates, width: number): string =>
  drawGraphLines(steps, drawn, width)
    .map(({ text }) => text)
    .join("\n");

/** A line of the drawing, with its step; null for a line of rails only. */
export type GraphLine = { readonly step: string | null; readonly text: string };

export const drawGraphLines = (steps: readonly PlannedStep[], { states, place }: DrawnStates, width: number): GraphLine[] => {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const lines = drawRails(
    steps.map((step) => ({ id: step.id, after: listNeededSteps(step) })),
    (id) => STATE_MARKS[states[id]?.state ?? "pending"],
  );
  const railWidth = Math.max(0, ...lines.map(({ rails }) => rails.length));
  const idWidth = Math.max(0, ...steps.map(({ id }) => id.length));
  const stateOf = (id: string): string => (states[id] ? formatPlainState(states[id], place) : "");
  const stateWidth = Math.max(0, ...steps.map(({ id }) => stateOf(id).length));
  return lines.map(({ rails, node }) => {
    const step = node === null ? undefined : byId.get(node);
    if (!step) return { step: null, text: rails };
    const prefix = `${rails.padEnd(railWidth)}  ${step.id.padEnd(idWidth)}  ${stateWidth === 0 ? "" : `${stateOf(step.id).padEnd(stateWidth)}  `}`;
    return { step: step.id, text: `${prefix}${toOneLine(formatGraphTitle(step), Math.max(20, width - prefix.length))}`.trimEnd() };
  });
};

/** Adds facts that the rails do not show: checkpoints, weaker needs, and needs on other executions. */
const formatGraphTitle = ({ title, checkpoint, needs }: PlannedStep): string => {
  const notes = [...(checkpoint ? ["checkpoint"] : []), ...needs.flatMap((need) => formatNeedNotes(need))];
  return notes.length === 0 ? title : `${title} (${notes.join(", ")})`;
};

const formatNeedNotes = (need: StepNeed): string[] => {
  const when = need.condition === "merged" ? "" : ` ${need.condition}`;
  if ("task" in need) return [`after ${need.task}${when}`];
  return when === "" ? [] : [`after ${need.step}${when}`];
};
