import type { Millis } from "../model/ids.ts";
import type { Check, RequiredCheck } from "../model/query.ts";

/** `fault`: it says nothing of the candidate, which is verified again; never held against a step. */
type Meaning = "green" | "red" | "wait" | "fault";

type Row = { readonly means: Meaning; readonly why: string };

/** What each state of a check or status means: one meaning each. Documents are rendered from this table. */
export const MEANINGS: Readonly<Record<string, Row>> = {
  success: { means: "green", why: "it passed" },
  neutral: { means: "green", why: "it passed: GitHub takes neutral for a pass" },
  skipped: { means: "green", why: "it was skipped by its own condition: GitHub takes that for a pass" },
  failure: { means: "red", why: "it failed" },
  error: { means: "red", why: "its status is an error" },
  cancelled: { means: "fault", why: "it was cancelled, or its runner was lost or took too long" },
  timed_out: { means: "fault", why: "it timed out" },
  startup_failure: { means: "fault", why: "it could not start" },
  stale: { means: "fault", why: "GitHub gave it up after 14 days" },
  action_required: { means: "wait", why: "a person has to let it run" },
  queued: { means: "wait", why: "it is queued" },
  requested: { means: "wait", why: "it is queued" },
  waiting: { means: "wait", why: "it waits for a deployment rule" },
  pending: { means: "wait", why: "it is pending" },
  in_progress: { means: "wait", why: "it runs" },
  missing: { means: "wait", why: "nothing of that name has reported" },
  "other-app": { means: "wait", why: "only another app has reported under that name" },
  "earlier-red": { means: "wait", why: "it was red in an earlier run, and has not run again" },
  unknown: { means: "wait", why: "GitHub tells a state that Enki does not know" },
};

export type Judged = { readonly means: Meaning; readonly why: string };

/** The state of one required check: of the newest that reported under its name, from its app. What was red before `since` belongs to an earlier run. */
const stateOf = ({ name, app }: RequiredCheck, found: readonly Check[], since: Millis): string => {
  const named = found.filter((check) => check.name === name);
  const own = named.filter((check) => app === null || check.app?.slug === app || String(check.app?.id) === app);
  const newest = own.reduce<Check | null>((last, each) => (last === null || isNewer(each, last) ? each : last), null);
  if (newest === null) return named.length > 0 ? "other-app" : "missing";
  const state = newest.state in MEANINGS ? newest.state : "unknown";
  return newest.at < since && MEANINGS[state]?.means !== "green" && MEANINGS[state]?.means !== "wait" ? "earlier-red" : state;
};

const isNewer = (one: Check, other: Check): boolean => one.started > other.started || (one.started === other.started && one.id > other.id);

/** What overrules what: one red check makes all red. */
const ORDER: readonly Meaning[] = ["red", "fault", "wait", "green"];

/** What all required checks of a commit say together, with the words for the one that decides. None required is green: `verify` is the gate then. */
export const judgeChecks = (required: readonly RequiredCheck[], found: readonly Check[], since: Millis): Judged => {
  const rows = required.map((each) => {
    const row = MEANINGS[stateOf(each, found, since)];
    const name = `The check \`${each.name}\`${each.app === null ? "" : ` of \`${each.app}\``}`;
    return { means: row?.means ?? "wait", why: `${name}: ${row?.why ?? ""}` };
  });
  for (const means of ORDER) {
    const first = rows.find((row) => row.means === means);
    if (first) return first;
  }
  return { means: "green", why: "no check is required" };
};

/** The words for a check that never came to an end; a workflow that a path filter leaves out stays pending for ever. */
export const overdue = ({ why }: Judged): string =>
  `${why}, and its time is up. A workflow that a path filter left out never reports: let it run always, with a last job that has \`if: always()\`.`;
