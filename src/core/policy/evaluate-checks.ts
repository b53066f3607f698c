import type { Millis } from "../domain/ids.ts";
import { type Check, ENKI_STATUS_CONTEXT, type RequiredCheck } from "../domain/github-facts.ts";

/** `fault`: it says nothing of the candidate, which is verified again; never held against a step. */
type CheckMeaning = "green" | "red" | "wait" | "fault";

type StateMeaning = { readonly means: CheckMeaning; readonly reason: string };

/** What each state of a check or status means: one meaning each. Documents are rendered from this table. */
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
  in_progress: { means: "wait", reason: "it runs" },
  missing: { means: "wait", reason: "no check of that name has reported" },
  "other-app": { means: "wait", reason: "only another app has reported under that name" },
  "earlier-red": { means: "wait", reason: "it was red in an earlier run, and has not run again" },
  unknown: { means: "wait", reason: "GitHub reports a state that Enki does not know" },
};

/** As the name of a required check: all that report, of its app where one is given. */
const ANY_CHECK_NAME = "*";
/** The jobs of `enki-step.yml`: they run at the tip of the default branch, whatever they work on. */
export const ENKI_JOB_NAMES: ReadonlySet<string> = new Set(["agent", "verify", "publish"]);

export type CheckVerdict = { readonly means: CheckMeaning; readonly reason: string };

const isFromRequiredApp = ({ app }: RequiredCheck, check: Check): boolean =>
  app === null || check.app?.slug === app || String(check.app?.id) === app;

/** The state of one required check: of the newest that reported under its name, from its app. What was red before `since` belongs to an earlier run. */
const findCheckState = (required: RequiredCheck, found: readonly Check[], since: Millis): string => {
  const named = found.filter((check) => check.name === required.name);
  const own = named.filter((check) => isFromRequiredApp(required, check));
  const newest = own.reduce<Check | null>((last, each) => (last === null || isNewerCheck(each, last) ? each : last), null);
  if (newest === null) return named.length > 0 ? "other-app" : "missing";
  const state = newest.state in CHECK_STATE_MEANINGS ? newest.state : "unknown";
  return newest.updatedAt < since && CHECK_STATE_MEANINGS[state]?.means !== "green" && CHECK_STATE_MEANINGS[state]?.means !== "wait"
    ? "earlier-red"
    : state;
};

const isNewerCheck = (one: Check, other: Check): boolean =>
  one.startedAt > other.startedAt || (one.startedAt === other.startedAt && one.id > other.id);

/** What overrules what: one red check makes all red. */
const MEANINGS_BY_PRECEDENCE: readonly CheckMeaning[] = ["red", "fault", "wait", "green"];

/** What counts where all checks are required. */
const selectAnyChecks = (required: RequiredCheck, found: readonly Check[]): Check[] =>
  required.name === ANY_CHECK_NAME ? found.filter((check) => check.name !== ENKI_STATUS_CONTEXT && isFromRequiredApp(required, check)) : [];

/** Each required check by its own name. Where all are required and none has reported yet it stays as it is. */
const expandRequiredChecks = (required: readonly RequiredCheck[], found: readonly Check[]): RequiredCheck[] =>
  required.flatMap((each) => {
    const all = selectAnyChecks(each, found).map(({ name, app }) => ({ name, app: app && app.slug }));
    return all.length === 0 ? [each] : all;
  });

/** Of what was said of a base: what is required by name, and what began since its verification did. GitHub's times have whole seconds. */
export const selectBaseChecks = (required: readonly RequiredCheck[], found: readonly Check[], since: Millis): Check[] =>
  found.filter(
    ({ name, app, startedAt }) =>
      required.some((each) => each.name === name) ||
      (startedAt >= Math.floor(since / 1_000) * 1_000 && !(app?.slug === "github-actions" && ENKI_JOB_NAMES.has(name))),
  );

/** Until when nothing more may begin before what reported is all: `quiet` milliseconds after the last word. 0 where only named checks count, which are waited for by name. */
export const findQuietEnd = (required: readonly RequiredCheck[], found: readonly Check[], quiet: Millis): Millis =>
  Math.max(0, ...required.flatMap((each) => selectAnyChecks(each, found).map(({ updatedAt }) => updatedAt + quiet)));

/** Of several judgements the one that decides: one red is red. */
export const pickDecisiveVerdict = (judged: readonly CheckVerdict[]): CheckVerdict =>
  MEANINGS_BY_PRECEDENCE.flatMap((means) => judged.find((each) => each.means === means) ?? [])[0] ?? {
    means: "green",
    reason: "no check is required",
  };

/** What all required checks of a commit say together, with the words for the one that decides. None required is green: `verify` is the gate then. */
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

/** The words for a check that never came to an end; a workflow that a path filter leaves out stays pending for ever. */
export const describeOverdueCheck = ({ reason }: CheckVerdict): string =>
  `${reason}, and it timed out. A workflow that a path filter skips never reports, so run it always and end it with a job that has \`if: always()\`.`;
