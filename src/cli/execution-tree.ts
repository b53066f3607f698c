import type { Execution } from "../core/domain/execution.ts";
import { boundsOf, type ExecutionTimeline } from "../core/domain/execution-timeline.ts";
import type { Millis } from "../core/domain/ids.ts";
import type { Plan } from "../core/domain/plan.ts";
import type { Queue } from "../core/domain/queue.ts";
import type { StepState } from "../core/domain/step.ts";
import type { BudgetHold } from "../core/messages/budget-text.ts";
import { describeCost } from "../core/messages/agent-usage.ts";
import { drawGraphLines } from "../core/messages/ascii-graph.ts";
import { formatProgress } from "../core/messages/progress-bar.ts";
import { findShownEnd, formatTimeLeft } from "../core/messages/time-left.ts";
import { formatDuration } from "../core/messages/duration-text.ts";
import { openPlaces } from "../core/messages/queue-place.ts";

export type TreeInput = {
  readonly execution: Execution;
  readonly plan: Plan | null;
  /** The queue of its base branch; absent before the first step joined. */
  readonly queue: Queue | undefined;
  /** The exhausted budget, for which no agent starts; null if the budget has room. */
  readonly hold: BudgetHold | null;
  readonly timeline: ExecutionTimeline;
  readonly now: Millis;
  readonly width: number;
  readonly colour: (text: string, state: StepState) => string;
  /** Set for a run whose process ended in the middle of the work. */
  readonly isInterrupted?: boolean;
  /** Set if the tree is redrawn while steps run: each running step has a spinner. */
  readonly isLive?: true;
};

const TIME_WIDTH_CHARS = 11;
/** The width of a time with a spinner before it. */
const LIVE_TIME_WIDTH_CHARS = 15;

const SPINNER_FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const SPINNER_FRAME_MS = 200;

const formatSpinner = ({ execution, isLive, now }: TreeInput, id: string): string =>
  isLive && execution.steps[id]?.state === "running"
    ? `${SPINNER_FRAMES[Math.floor(now / SPINNER_FRAME_MS) % SPINNER_FRAMES.length]} `
    : "";

/** The time that a step takes, since its needs were met; empty before. */
const formatStepTime = (input: TreeInput, id: string): string => {
  const { from, to } = boundsOf(input.timeline.steps[id] ?? []);
  return from === null ? "" : `${formatSpinner(input, id)}${formatDuration((to ?? input.now) - from)}`;
};

/** The plan as a tree, a line for each step with its time, state and title. */
export const formatTree = (input: TreeInput): string[] => {
  const { execution, plan, queue, width, colour } = input;
  if (!plan) return [];
  const timeWidth = input.isLive ? LIVE_TIME_WIDTH_CHARS : TIME_WIDTH_CHARS;
  const drawn = { states: execution.steps, place: openPlaces(execution.id, queue) };
  return drawGraphLines(plan.steps, drawn, width - timeWidth).map(({ step, text }) => {
    if (step === null) return `${"".padStart(timeWidth)}${text}`;
    return `${formatStepTime(input, step).padStart(timeWidth - 2)}  ${colour(text, execution.steps[step]?.state ?? "pending")}`;
  });
};

/** The state of an execution in a line. */
export const formatHeadline = ({ execution, timeline, queue, hold, now, isInterrupted = false }: TreeInput): string => {
  const all = Object.values(execution.steps);
  const end = timeline.states.at(-1);
  const isOver = execution.state === "done" || execution.state === "failed" || execution.state === "cancelled";
  const time = formatDuration((isOver && end ? end.from : now) - execution.createdAt);
  const left = isInterrupted ? "" : formatTimeLeft(findShownEnd(execution, { queue, hold }), now);
  const cost = describeCost(execution);
  return [
    `${execution.id}  ${isInterrupted ? "interrupted" : execution.state}`,
    ...(all.length === 0 ? [] : [formatProgress(all)]),
    time,
    ...(left === "" ? [] : [left]),
    ...(cost === "" ? [] : [cost]),
  ].join(", ");
};
