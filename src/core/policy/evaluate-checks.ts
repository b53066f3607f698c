import type { Millis } from "../domain/ids.ts";
import { type Check, ENKI_STATUS_CONTEXT, type RequiredCheck } from "../domain/github-facts.ts";

/** `fault` does not evaluate the candidate: the candidate is verified again and no step gets a strike. */
type CheckMeaning = "green" | "red" | "wait" | "fault";

type StateMeaning = { readonly means: CheckMeaning; readonly reason: string };

/** The meaning of each check or status state. Documents are generated from this table. */
export const CHECK_STATE_MEANINGS: Readonly<Record<string, StateMeaning>> = {
  success: { means: "green", reason: "it passed" },
  neutral: { means: "green", reason: "it passed: GitHub counts neutral as a pass" },
  skipped: { means: "green", reason: "it was skipped by its own condition: GitHub counts that as a pass" },
  failure: { means: "red", reason: "it failed" },
  error: { means: "red", reason: "its status is an error" },
  cancelled: { means: "fault", reason: "it was cancelled, or its runner was lost or took too long" },
  timed_out: { means: "fault", reason: "it timed out" },
  startup_failure: { means: "fault", reason: "it could not start" },
  stale: { means: "fault", reason: "GitHub gave up on it after 14 days" },
  action_required: { means: "wait", reason: "a person must approve the run" },
  queued: { means: "wait", reason: "it is queued" },
  requested: { means: "wait", reason: "it is queued" },
  waiting: { means: "wait", reason: "it waits for a deployment rule" },
  pending: { means: "wait", reason: "it is pending" },
  in_progress: { means: "wait", reason: "it is running" },
  missing: { means: "wait", reason: "no check of that name has reported" },
  "other-app": { means: "wait", reason: "only another app has reported under that name" },
  "earlier-red": { means: "wait", reason: "it failed in an earlier run and has not run again" },
  unknown: { means: "wait", reason: "GitHub reports a state that Enki does not know" },
};

/** Requires all reported checks, of one app if given. */
const ANY_CHECK_NAME = "*";
/** Jobs of `enki-step.yml`. Their checks belong to the tip of the default branch, not to the work. */
export const ENKI_JOB_NAMES: ReadonlySet<string> = new Set(["agent", "verify", "publish"]);

export type CheckVerdict = { readonly means: CheckMeaning; readonly reason: string };

const isFromRequiredApp = ({ app }: RequiredCheck, check: Check): boolean =>
  app === null || check.app?.slug === app || String(check.app?.id) === app;

/** The state of one required check: that of the newest report under its name and app. A red report before `since` belongs to an earlier run. */
const findCheckState = (required: RequiredCheck, found: readonly Check[], since: Millis): string => {
  const named = found.filter((check) => check.name === required.name);
  const ofApp = named.filter((check) => isFromRequiredApp(required, check));
  const newest = ofApp.reduce<Check | null>((last, each) => (last === null || isNewerCheck(each, last) ? each : last), null);
  if (newest === null) return named.length > 0 ? "other-app" : "missing";
  const state = Object.hasOwn(CHECK_STATE_MEANINGS, newest.state) ? newest.state : "unknown";
  return newest.updatedAt < since && CHECK_STATE_MEANINGS[state]?.means !== "green" && CHECK_STATE_MEANINGS[state]?.means !== "wait"
    ? "earlier-red"
    : state;
};

const isNewerCheck = (one: Check, other: Check): boolean =>
  one.startedAt > other.startedAt || (one.startedAt === other.startedAt && one.id > other.id);

/** Earlier meanings override later ones: a red check makes the result red. */
const MEANINGS_BY_PRECEDENCE: readonly CheckMeaning[] = ["red", "fault", "wait", "green"];

const selectAnyChecks = (required: RequiredCheck, found: readonly Check[]): Check[] =>
  required.name === ANY_CHECK_NAME ? found.filter((check) => check.name !== ENKI_STATUS_CONTEXT && isFromRequiredApp(required, check)) : [];

/** Replaces `*` by the reported checks; `*` stays if none has reported yet. */
const expandRequiredChecks = (required: readonly RequiredCheck[], found: readonly Check[]): RequiredCheck[] =>
  required.flatMap((each) => {
    const all = selectAnyChecks(each, found).map(({ name, app }) => ({ name, app: app && app.slug }));
    return all.length === 0 ? [each] : all;
  });

/** Selects a base's checks: those required by name, and those started since its verification. GitHub's times have whole seconds. */
export const selectBaseChecks = (required: readonly RequiredCheck[], found: readonly Check[], since: Millis): Check[] =>
  found.filter(
    ({ name, app, startedAt }) =>
      required.some((each) => each.name === name) ||
      (startedAt >= Math.floor(since / 1_000) * 1_000 && !(app?.slug === "github-actions" && ENKI_JOB_NAMES.has(name))),
  );

/**
 * Returns when the wait for further checks ends: `quiet` milliseconds after the last report. Returns 0 unless `*` matches a reported
 * check.
 */
export const findQuietEnd = (required: readonly RequiredCheck[], found: readonly Check[], quiet: Millis): Millis =>
  Math.max(0, ...required.flatMap((each) => selectAnyChecks(each, found).map(({ updatedAt }) => updatedAt + quiet)));

/** The verdict that overrides the others: a red check makes the result red. */
export const pickDecisiveVerdict = (verdicts: readonly CheckVerdict[]): CheckVerdict =>
  MEANINGS_BY_PRECEDENCE.flatMap((means) => verdicts.find((each) => each.means === means) ?? [])[0] ?? {
    means: "green",
    reason: "no check is required",
  };

/** The combined verdict of all required checks of a commit, with the deciding reason. Green if none is required: then only the verify job counts. */
export const evaluateChecks = (required: readonly RequiredCheck[], found: readonly Check[], since: Millis): CheckVerdict => {
  const rows = expandRequiredChecks(required, found).map((each): CheckVerdict => {
    if (each.name === ANY_CHECK_NAME)
      return { means: "wait", reason: `No check${each.app === null ? "" : ` of \`${each.app}\``} has reported` };
    const row = CHECK_STATE_MEANINGS[findCheckState(each, found, since)];
    const name = `The check \`${each.name}\`${each.app === null ? "" : ` of \`${each.app}\``}`;
    return { means: row?.means ?? "wait", reason: `${name}: ${row?.reason ?? ""}` };
  });
  return pickDecisiveVerdict(rows);
};

/** Describes a check that never completed. A workflow skipped by a path filter stays pending forever. */
export const describeOverdueCheck = ({ reason }: CheckVerdict): string =>
  `${reason}, and it timed out. A workflow that a path filter skips never reports, so run it always and end it with a job that has \`if: always()\`.`;
