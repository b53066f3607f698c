import { type JobKind, toJobKey } from "../domain/job.ts";
import type { LedgerReader } from "./decision-transaction.ts";

/** The number of jobs of a kind that were requested so far; a repetition after a retry needs a new run. */
export const countRequestedJobs = (tx: LedgerReader, kind: JobKind, target: string): number => {
  let count = 0;
  while (tx.effectRecord(`start-job:${toJobKey({ kind, target, attempt: count + 1 })}`)) count += 1;
  return count;
};
