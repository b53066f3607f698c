import type { BudgetHold } from "./budget-text.ts";
import type { Execution } from "../domain/execution.ts";
import type { Millis } from "../domain/ids.ts";
import type { Queue } from "../domain/queue.ts";
import { formatDuration } from "./duration-text.ts";
import { formatMinute } from "./quota-note.ts";
import { MINUTE_MS } from "../domain/durations.ts";

/** The hindrances that only a person removes. */
type EndHindrances = { readonly queue: Pick<Queue, "frozen"> | undefined; readonly hold: BudgetHold | null };

/** The expected end of a running execution; null if it is unknown, or a person must act first. */
export const findShownEnd = ({ state, estimate }: Execution, { queue, hold }: EndHindrances): Millis | null =>
  state === "running" && !queue?.frozen && hold === null ? (estimate?.end ?? null) : null;

/** An absolute time: the text of a comment changes only with the end. */
export const renderExpectedEnd = (end: Millis | null): string => (end === null ? "" : `expected end ${formatMinute(end)}`);

/** The time left for a terminal. */
export const formatTimeLeft = (end: Millis | null, now: Millis): string => {
  if (end === null) return "";
  const left = Math.ceil((end - now) / MINUTE_MS) * MINUTE_MS;
  return left > 0
    ? `about ${formatDuration(left)} left (expected end ${formatMinute(end)})`
    : `later than expected (expected end ${formatMinute(end)})`;
};
