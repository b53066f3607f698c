import { stripHiddenChars, takeLastChars } from "../domain/visible-text.ts";
import { redactSecrets } from "../policy/secrets.ts";

/** A job that failed, with the text of its log; null if the log could not be read. */
export type FailedLog = { readonly job: string; readonly log: string | null };

const TIME_PATTERN = /^\uFEFF?\d{4}-\d{2}-\d{2}T[\d:.]+Z ?/gm;
/** The runner's mark before an error. */
const ERROR_MARK = "##[error]";

/** The lines up to the last error, without times: steps that clean up afterwards say nothing about the failure. */
const cutLog = (log: string): string => {
  // Without the times first: a secret of several lines has one before each.
  const text = redactSecrets(stripHiddenChars(log).replaceAll(TIME_PATTERN, ""));
  const last = text.lastIndexOf(ERROR_MARK);
  const end = last < 0 ? -1 : text.indexOf("\n", last);
  return (end < 0 ? text : text.slice(0, end)).trimEnd();
};

/** The ends of the logs of failed jobs, in at most about `limit` characters. */
export const composeFailedLogs = (failed: readonly FailedLog[], limit: number): string => {
  const share = Math.floor(limit / Math.max(1, failed.length));
  const texts = failed.map(
    ({ job, log }) => `Job ${job}:\n${log === null ? "Its log could not be read." : takeLastChars(cutLog(log), share)}`,
  );
  return redactSecrets(texts.join("\n\n"));
};
