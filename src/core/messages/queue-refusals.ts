import type { TaskId } from "../domain/ids.ts";
import { refuse, type Refusal } from "../domain/refusal.ts";

const MAX_PATHS_LISTED = 5;

export const CONFLICT_AHEAD: Refusal = refuse(
  "conflict-ahead",
  "It conflicts with a step ahead of it in the queue and waits until that step lands.",
  "/enki status",
).refusal;

export const refuseBaseConflict = (baseBranch: string, task: TaskId, paths: readonly string[]): Refusal =>
  refuse(
    "conflict",
    `It conflicts with \`${baseBranch}\` in ${paths.length === 1 ? "one file" : `${paths.length} files`}: ${paths.slice(0, MAX_PATHS_LISTED).join(", ")}.`,
    `/enki retry ${task}`,
  ).refusal;

/** `log` holds the last lines of the last run. */
export const refuseRepeatedFaults = (baseBranch: string, log: string): Refusal =>
  refuse("verify-faults", `Verification on \`${baseBranch}\` repeatedly ended without a verdict: ${log}`, "/enki retry").refusal;

export const refuseOutage = (baseBranch: string): Refusal =>
  refuse(
    "outage",
    `Verification of \`${baseBranch}\` passed before and fails now without a change. The machines are the likely cause, not a step.`,
    "/enki retry",
  ).refusal;

export const refuseRedBase = (baseBranch: string): Refusal =>
  refuse("base-red", `\`${baseBranch}\` itself does not pass verification, so no step is blamed.`, `fix \`${baseBranch}\`.`).refusal;

export const refuseFailedVerification = (task: TaskId, log: string): Refusal =>
  refuse("verification-failed", describeFailure(log), `/enki retry ${task}`).refusal;

/** Verify jobs log each command on a line that starts with `$ `. The last one is the command that failed. */
const describeFailure = (log: string): string => {
  const command = [...log.matchAll(/^\$ (.*)$/gm)].at(-1)?.[1]?.replaceAll("`", "'");
  return command === undefined
    ? "Its candidate did not pass verification."
    : `\`${command}\` failed, so its candidate did not pass verification.`;
};
