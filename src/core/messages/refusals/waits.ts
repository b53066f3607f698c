import type { Millis } from "../../domain/ids.ts";
import { refuse, type Refusal } from "../../domain/refusal.ts";
import { toInlineCode, toOneLine } from "../escape.ts";
import { formatMinute } from "../quota-note.ts";

const MAX_NAMES_LISTED = 5;

const listNames = (names: readonly string[]): string => {
  const shown = names.slice(0, MAX_NAMES_LISTED).map((name) => toInlineCode(name));
  const more = names.length - shown.length;
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(", ");
};

export const explainUnmetNeeds = (names: readonly string[]): Refusal =>
  refuse("awaits-needs", `It starts after ${listNames(names)}.`, "").refusal;

export const AWAITS_APPROVAL: Refusal = refuse(
  "awaits-approval",
  "Its plan waits for an approval by a person with write permission.",
  "",
).refusal;

export const AWAITS_ADDED_APPROVAL: Refusal = refuse(
  "awaits-approval",
  "More steps wait for an approval by a person with write permission. The approved steps continue.",
  "",
).refusal;

export const AWAITS_WORKER: Refusal = refuse(
  "awaits-worker",
  "Nothing blocks it: it starts as soon as the limits in `[workers]` allow another job.",
  "",
).refusal;

export const AWAITS_STOP: Refusal = refuse("awaits-stop", "It starts once the abandoned run of its last attempt has stopped.", "").refusal;

export const explainBackOff = (until: Millis): Refusal =>
  refuse("awaits-retry", `Its last attempt failed, so the next attempt starts at ${formatMinute(until)}.`, "").refusal;

export const explainQuota = (until: Millis, next: string): Refusal =>
  refuse("awaits-quota", `Its model has no quota left until ${formatMinute(until)}. Work then starts automatically.`, next).refusal;

export const explainBudget = (amounts: string, next: string): Refusal =>
  refuse("awaits-budget", `The budget has no room for another attempt: ${amounts}.`, next).refusal;

export const explainAttempt = (attempt: number): Refusal => refuse("at-work", `Attempt ${attempt} is running.`, "").refusal;

export const explainReworkedAttempt = (attempt: number, pull: number): Refusal =>
  refuse("at-work", `Attempt ${attempt} is running to address the comments on #${pull}.`, "").refusal;

export const explainRepeatedAttempt = (attempt: number, failure: string): Refusal =>
  refuse("at-work", `Attempt ${attempt} is running because the previous attempt failed: ${toOneLine(failure, 200)}`, "").refusal;

export const explainResolution = (base: string, attempt: string): Refusal =>
  refuse("resolving", `It conflicts with \`${base}\`, and Enki resolves the conflict: ${attempt}.`, "").refusal;

export const AWAITS_VERDICT: Refusal = refuse(
  "awaits-verdict",
  "Its head is being verified, together with the work ahead of it.",
  "",
).refusal;

export const ACCUSED: Refusal = refuse(
  "accused",
  "A run with its head was red. Enki verifies it again to find out which step is to blame.",
  "",
).refusal;

export const explainQueue = (base: string): Refusal =>
  refuse("in-queue", `It waits in the queue of \`${base}\` for its verification.`, "").refusal;

export const explainLanding = (base: string): Refusal =>
  refuse("awaits-landing", `It passed verification and lands on \`${base}\` next.`, "").refusal;

export const AWAITS_PULL: Refusal = refuse("awaits-pull", "Its work is finished, and Enki is opening its pull request.", "").refusal;

export const explainLanded = (base: string, commit: string): Refusal =>
  refuse("landed", `It landed on \`${base}\` as ${commit}.`, "").refusal;

/** The process of `enki run` ended in the middle of the work. */
export const INTERRUPTED_RUN: Refusal = refuse("interrupted", "`enki run` was interrupted, so nothing runs now.", "").refusal;

export const REPORTED: Refusal = refuse("reported", "It delivered a report, which lands nothing.", "").refusal;

export const NOTHING_TO_LAND: Refusal = refuse("nothing-to-land", "It ended without anything to land.", "").refusal;

export const explainSkippedRole = (reason: string): Refusal =>
  refuse("skipped", `The workflow skipped it: ${toOneLine(reason, 300)}.`, "").refusal;

export const explainPlanner = (attempt: number): Refusal => refuse("at-work", `Its planner is running: attempt ${attempt}.`, "").refusal;

export const explainPersonWaits = (waiting: string): Refusal =>
  refuse("awaits-person", `${waiting} for a person. Steps that do not need this work continue.`, "").refusal;

export const explainProgress = (done: number, all: number): Refusal =>
  refuse("in-progress", `${done} of ${all} steps are done, and nothing waits for a person.`, "").refusal;

export const FINISHED: Refusal = refuse("finished", "All of its steps are finished.", "").refusal;

export const CANCELLED_EARLIER: Refusal = refuse("cancelled", "It was cancelled.", "/enki fix <what to do>").refusal;
