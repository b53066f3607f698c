import type { Millis } from "./ids.ts";
import type { JobResult } from "./job.ts";
import { DAY_MS, MINUTE_MS } from "./durations.ts";

/** Automatic retries of a job after a time-out, a crash or another fault of the infrastructure. */
export const MAX_FAULTS = 2;

/** After this many attempts, an interruption counts as a fault: an agent could claim it again and again. */
const MAX_INTERRUPTED_ATTEMPTS = 10;

/** Whether an attempt was interrupted from outside, and is repeated without counting a fault. */
export const isInterruption = ({ end, failure }: Pick<JobResult, "end" | "failure">, attempt: number): boolean =>
  end === "crashed" && failure?.code === "interrupted" && attempt < MAX_INTERRUPTED_ATTEMPTS;

const MAX_BACK_OFF_MS: Millis = 10 * MINUTE_MS;

/** The pause before a job is retried after its n-th fault in a row, in milliseconds. */
export const backOffMs = (faults: number): Millis => (faults <= 0 ? 0 : Math.min(MAX_BACK_OFF_MS, 2 ** (faults - 1) * 5_000));

/** Time for a job to be queued, checked out and published, on top of the time limit of its work, in milliseconds. */
export const JOB_SLACK_MS: Millis = 15 * MINUTE_MS;

/** Time limit for a person's approval or answer, in milliseconds. */
export const PERSON_WAIT_MS: Millis = 30 * DAY_MS;
