import type { Millis } from "../domain/ids.ts";

/** Time-outs, crashes and infrastructure are tried again twice; failures wait for a person. */
export const MAX_FAULTS = 2;

const MINUTE = 60_000;

/** The pause before a job is tried again after its n-th fault in a row, in milliseconds. */
export const backOff = (faults: number): Millis => (faults <= 0 ? 0 : Math.min(10 * MINUTE, 2 ** (faults - 1) * 5_000));

/** Time for a job to be queued, checked out and published, beside what its work may take. */
export const JOB_SLACK: Millis = 15 * MINUTE;

/** How long a person may take to approve or answer. */
export const PERSON_WAIT: Millis = 30 * 24 * 60 * MINUTE;
