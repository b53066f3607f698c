import { listNeededSteps, type StepNeed, type PlannedStep } from "../domain/plan.ts";
import type { Step, StepState } from "../domain/step.ts";
import { toOneLine } from "./escape.ts";
import { drawRails } from "./draw-rails.ts";
import { describeStepState } from "./step-table.ts";

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

/** A plan for a terminal: each step in a line after all that it needs, with its state and its title. In columns of so many characters. */
export const renderAsciiGraph = (steps: readonly PlannedStep[], states: Readonly<Record<string, Step>>, width: number): string => {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const lines = drawRails(
    steps.map((step) => ({ id: step.id, after: listNeededSteps(step) })),
    (id) => STATE_MARKS[states[id]?.state ?? "pending"],
  );
  const widest = Math.max(0, ...lines.map(({ rails }) => rails.length));
  const names = Math.max(0, ...steps.map(({ id }) => id.length));
  const words = (id: string): string => formatPlainState(states[id]);
  const said = Math.max(0, ...steps.map(({ id }) => words(id).length));
  return lines
    .map(({ rails, node }) => {
      const step = node === null ? undefined : byId.get(node);
      if (!step) return rails;
      const left = `${rails.padEnd(widest)}  ${step.id.padEnd(names)}  ${said === 0 ? "" : `${words(step.id).padEnd(said)}  `}`;
      return `${left}${toOneLine(formatGraphTitle(step), Math.max(20, width - left.length))}`.trimEnd();
    })
    .join("\n");
};

/** In words, without the symbols and the Markdown of a comment; empty before it has a state. */
const formatPlainState = (step: Step | undefined): string => (step ? describeStepState(step)[1].replaceAll("*", "") : "");

/** What the rails do not show is told in words: what waits for a person, for less than a landing, or for another execution. */
const formatGraphTitle = ({ title, checkpoint, needs }: PlannedStep): string => {
  const more = [...(checkpoint ? ["checkpoint"] : []), ...needs.flatMap((need) => formatNeedNotes(need))];
  return more.length === 0 ? title : `${title} (${more.join(", ")})`;
};

const formatNeedNotes = (need: StepNeed): string[] => {
  const when = need.condition === "merged" ? "" : ` ${need.condition}`;
  if ("task" in need) return [`after ${need.task}${when}`];
  return when === "" ? [] : [`after ${need.step}${when}`];
};
