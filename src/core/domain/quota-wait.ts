import type { Millis } from "./ids.ts";
import type { JobResult } from "./job.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "./durations.ts";

/** A wait until the quota of an agent's model is renewed. `count`: waits in a row. */
export type QuotaWait = { readonly until: Millis; readonly count: number };

/** Pause if the provider names no time; doubled with each wait in a row. */
const FIRST_PAUSE_MS: Millis = 15 * MINUTE_MS;
const MAX_PAUSE_MS: Millis = 6 * HOUR_MS;
/** Weekly limits are the longest that providers have. */
const MAX_WAIT_MS: Millis = 8 * DAY_MS;
/** After this many waits in a row, a person must act: the agent may say so without a reason. */
export const MAX_QUOTA_WAITS = 20;

/** Providers round the time to minutes. */
const ROUNDING_MS: Millis = MINUTE_MS;

const choosePause = (count: number): Millis => Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (count - 1));

/** Whether a job ended because the quota of its agent's model is used up. */
const isQuotaEnd = ({ end, failure }: Pick<JobResult, "end" | "failure">): boolean => end === "failed" && failure?.code === "quota";

/**
 * The wait after a job with an exhausted quota: until the provider's time, and longer after each wait in a row, because the provider's time
 * may be wrong. Null after {@link MAX_QUOTA_WAITS}, and after any other end.
 */
export const findQuotaWait = (result: Pick<JobResult, "end" | "failure">, now: Millis, before: QuotaWait | undefined): QuotaWait | null => {
  if (!isQuotaEnd(result)) return null;
  const { failure } = result;
  const count = (before?.count ?? 0) + 1;
  if (count > MAX_QUOTA_WAITS) return null;
  const least = now + Math.min(FIRST_PAUSE_MS, MINUTE_MS * 2 ** (count - 1));
  const named = failure?.resetsAt === undefined ? now + choosePause(count) : failure.resetsAt + ROUNDING_MS;
  return { until: Math.min(Math.max(named, least), now + MAX_WAIT_MS), count };
};
