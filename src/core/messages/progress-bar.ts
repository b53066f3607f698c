import type { Execution } from "../domain/execution.ts";
import { hasEnded } from "../domain/execution.ts";
import type { Millis } from "../domain/ids.ts";
import type { Step, StepState } from "../domain/step.ts";
import { formatDuration } from "./duration-text.ts";
import { formatMinute } from "./quota-note.ts";
import { renderExpectedEnd } from "./time-left.ts";

const BAR_CHARS = 20;

/** In the order of the words. */
const PROGRESS_WORDS: Readonly<Record<Exclude<StepState, "done">, string>> = {
  waiting: "waiting for you",
  failed: "failed",
  paused: "paused",
  published: "in the queue",
  running: "at work",
  ready: "about to start",
  pending: "not started",
  blocked: "blocked",
  skipped: "skipped",
  cancelled: "cancelled",
};

const countDone = (steps: readonly Step[]): number => steps.filter(({ state }) => state === "done").length;

/** `2 of 3 steps done`. */
export const formatProgress = (steps: readonly Step[]): string =>
  `${countDone(steps)} of ${steps.length} ${steps.length === 1 ? "step" : "steps"} done`;

/** The number of steps in each state but the done one, in words: `1 in the queue`. */
export const countOtherStates = (steps: readonly Step[]): string[] =>
  Object.entries(PROGRESS_WORDS).flatMap(([state, words]) => {
    const count = steps.filter((step) => step.state === state).length;
    return count === 0 ? [] : [`${count} ${words}`];
  });

/** From the request to the last landing; null if nothing landed. */
const findTimeToLanding = ({ createdAt }: Execution, steps: readonly Step[]): number | null => {
  const ends = steps.flatMap(({ landed }) => (landed && landed.at > createdAt ? [landed.at] : []));
  return ends.length === 0 ? null : Math.max(...ends) - createdAt;
};

const renderTime = (execution: Execution, steps: readonly Step[]): string => {
  if (!hasEnded(execution)) return execution.approved && execution.approved.at > 0 ? `started ${formatMinute(execution.approved.at)}` : "";
  const took = execution.state === "done" ? findTimeToLanding(execution, steps) : null;
  return took === null ? "" : `took ${formatDuration(took)}`;
};

/**
 * A bar of characters, the number of steps in each other state, and the time. Times are absolute or over, so that the text changes only with
 * the state. `end`: the expected end; null for none. Empty before the steps start.
 */
export const renderProgressBar = (execution: Execution, steps: readonly Step[], end: Millis | null = null): string => {
  if (steps.length === 0) return "";
  const filled = Math.floor((countDone(steps) / steps.length) * BAR_CHARS);
  const times = [renderTime(execution, steps), renderExpectedEnd(end)].filter((time) => time !== "");
  return [`\`${"█".repeat(filled)}${"░".repeat(BAR_CHARS - filled)}\``, ...countOtherStates(steps), ...times].join(" · ");
};
