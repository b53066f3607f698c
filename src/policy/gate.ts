import type { Millis } from "../model/ids.ts";
import { type Check, OUR_STATUS, type RequiredCheck } from "../model/query.ts";

/** `fault`: it says nothing of the candidate, which is verified again; never held against a step. */
type Meaning = "green" | "red" | "wait" | "fault";

type Row = { readonly means: Meaning; readonly why: string };

/** What each state of a check or status means: one meaning each. Documents are rendered from this table. */
export const MEANINGS: Readonly<Record<string, Row>> = {
  success: { means: "green", why: "it passed" },
  neutral: { means: "green", why: "it passed: GitHub counts neutral as a pass" },
  skipped: { means: "green", why: "it was skipped by its own condition: GitHub counts that as a pass" },
  failure: { means: "red", why: "it failed" },
  error: { means: "red", why: "its status is an error" },
  cancelled: { means: "fault", why: "it was cancelled, or its runner was lost or took too long" },
  timed_out: { means: "fault", why: "it timed out" },
  startup_failure: { means: "fault", why: "it could not start" },
  stale: { means: "fault", why: "GitHub gave up on it after 14 days" },
  action_required: { means: "wait", why: "a person must approve the run" },
  queued: { means: "wait", why: "it is queued" },
  requested: { means: "wait", why: "it is queued" },
  waiting: { means: "wait", why: "it waits for a deployment rule" },
  pending: { means: "wait", why: "it is pending" },
  in_progress: { means: "wait", why: "it runs" },
  missing: { means: "wait", why: "no check of that name has reported" },
  "other-app": { means: "wait", why: "only another app has reported under that name" },
  "earlier-red": { means: "wait", why: "it was red in an earlier run, and has not run again" },
  unknown: { means: "wait", why: "GitHub reports a state that Enki does not know" },
};

/** As the name of a required check: all that report, of its app where one is given. */
const ANY = "*";
/** The jobs of `enki-step.yml`: they run at the tip of the default branch, whatever they work on. */
export const OWN_JOBS: ReadonlySet<string> = new Set(["agent", "verify", "publish"]);

export type Judged = { readonly means: Meaning; readonly why: string };

const isOf = ({ app }: RequiredCheck, check: Check): boolean => app === null || check.app?.slug === app || String(check.app?.id) === app;

/** The state of one required check: of the newest that reported under its name, from its app. What was red before `since` belongs to an earlier run. */
const stateOf = (required: RequiredCheck, found: readonly Check[], since: Millis): string => {
  const named = found.filter((check) => check.name === required.name);
  const own = named.filter((check) => isOf(required, check));
  const newest = own.reduce<Check | null>((last, each) => (last === null || isNewer(each, last) ? each : last), null);
  if (newest === null) return named.length > 0 ? "other-app" : "missing";
  const state = newest.state in MEANINGS ? newest.state : "unknown";
  return newest.at < since && MEANINGS[state]?.means !== "green" && MEANINGS[state]?.means !== "wait" ? "earlier-red" : state;
};

const isNewer = (one: Check, other: Check): boolean => one.started > other.started || (one.started === other.started && one.id > other.id);

/** What overrules what: one red check makes all red. */
const ORDER: readonly Meaning[] = ["red", "fault", "wait", "green"];

/** What counts where all checks are required. */
const anyOf = (required: RequiredCheck, found: readonly Check[]): Check[] =>
  required.name === ANY ? found.filter((check) => check.name !== OUR_STATUS && isOf(required, check)) : [];

/** Each required check by its own name. Where all are required and none has reported yet it stays as it is. */
const byName = (required: readonly RequiredCheck[], found: readonly Check[]): RequiredCheck[] =>
  required.flatMap((each) => {
    const all = anyOf(each, found).map(({ name, app }) => ({ name, app: app && app.slug }));
    return all.length === 0 ? [each] : all;
  });

/** Of what was said of a base: what is required by name, and what began since its verification did. GitHub's times have whole seconds. */
export const ofBase = (required: readonly RequiredCheck[], found: readonly Check[], since: Millis): Check[] =>
  found.filter(
    ({ name, app, started }) =>
      required.some((each) => each.name === name) ||
      (started >= Math.floor(since / 1_000) * 1_000 && !(app?.slug === "github-actions" && OWN_JOBS.has(name))),
  );

/** Until when nothing more may begin before what reported is all: `quiet` milliseconds after the last word. 0 where only named checks count, which are waited for by name. */
export const quietUntil = (required: readonly RequiredCheck[], found: readonly Check[], quiet: Millis): Millis =>
  Math.max(0, ...required.flatMap((each) => anyOf(each, found).map(({ at }) => at + quiet)));

/** Of several judgements the one that decides: one red is red. */
export const worstOf = (judged: readonly Judged[]): Judged =>
  ORDER.flatMap((means) => judged.find((each) => each.means === means) ?? [])[0] ?? { means: "green", why: "no check is required" };

/** What all required checks of a commit say together, with the words for the one that decides. None required is green: `verify` is the gate then. */
export const judgeChecks = (required: readonly RequiredCheck[], found: readonly Check[], since: Millis): Judged => {
  const rows = byName(required, found).map((each): Judged => {
    if (each.name === ANY) return { means: "wait", why: `No check${each.app === null ? "" : ` of \`${each.app}\``} has reported` };
    const row = MEANINGS[stateOf(each, found, since)];
    const name = `The check \`${each.name}\`${each.app === null ? "" : ` of \`${each.app}\``}`;
    return { means: row?.means ?? "wait", why: `${name}: ${row?.why ?? ""}` };
  });
  return worstOf(rows);
};

/** The words for a check that never came to an end; a workflow that a path filter leaves out stays pending for ever. */
export const overdue = ({ why }: Judged): string =>
  `${why}, and it timed out. A workflow that a path filter skips never reports, so run it always and end it with a job that has \`if: always()\`.`;
