import type { CheckRun, Issue, Pull, Review, Status, Thread } from "../forge/state.ts";
import type { Sha } from "../model/ids.ts";
import { showPatch } from "./diff.ts";
import { diff, log, mergeBase } from "./history.ts";
import { html, type Html } from "./html.ts";
import { heading } from "./issue.ts";
import type { Page } from "./layout.ts";
import { history } from "./lists.ts";
import { badge, branch, card, commitLink, person, rows, titleOf, when } from "./parts.ts";
import type { Place } from "./place.ts";
import { commentsOf, type Said, talkOf } from "./talk.ts";

export type PullIssue = Issue & { readonly pull: Pull };

/** The commit that a pull request's own work begins after; null when its base is gone. */
const startOf = async (place: Place, { pull }: PullIssue): Promise<Sha | null> => {
  const { bare } = place.repository;
  const { merged, head } = pull;
  const tip = await bare.ref(`refs/heads/${pull.baseRef}`);
  // After a merge the base has the head already: what counts is the line that it was merged into, or after a fast-forward what was before.
  const base = merged
    ? await bare.commit(merged.commit === head ? pull.baseSha : merged.commit).then((commit) => commit && parentOf(place, commit))
    : tip;
  return base && mergeBase(place, base, head);
};

const parentOf = async (place: Place, commit: Sha): Promise<Sha | null> =>
  (await log(place, { tip: commit, count: 1 }))[0]?.parents[0] ?? null;

const DID: Readonly<Record<string, string>> = {
  APPROVED: "approved these changes",
  CHANGES_REQUESTED: "asked for changes",
  COMMENTED: "reviewed",
  DISMISSED: "reviewed (dismissed since)",
};

const asSaid = (place: Place, review: Review, head: Sha): Said => {
  const stale = review.commit === head ? null : html` <span class="chip">not of the present head</span>`;
  const what = html`${badge(review.state)} ${DID[review.state] ?? "reviewed"} at ${commitLink(place, review.commit)}${stale}`;
  return { id: `pullrequestreview-${review.id}`, by: review.by, at: review.at, what, body: review.body };
};

const SHOWN_LINES = 4;

/** What was said of lines: the first comment of a thread with the lines, and whether it is settled. */
const asThread = (thread: Thread): Said[] => {
  const { path, place, original, hunk, resolvedBy, comments } = thread;
  const where = thread.subject === "file" ? path : `${path}:${place?.line ?? original.line}`;
  const state = resolvedBy !== null ? "resolved" : place === null ? "outdated" : null;
  return comments.map(({ id, by, created: at, body }, index) => ({
    id: `discussion_r${id}`,
    by,
    at,
    what: html`${index === 0 ? "commented on" : "answered on"}
      <code>${where}</code>${state ? html` <span class="chip">${state}</span>` : null}`,
    body,
    ...(index === 0 && hunk !== "" && { after: html`<pre>${hunk.split("\n").slice(-SHOWN_LINES).join("\n")}</pre>` }),
  }));
};

/** Comments on lines are reviews without words of their own. */
const hasWords = ({ state, body }: Review): boolean => state !== "COMMENTED" || body !== "";

/** A status leads where its writer says, if that is the web or this machine. */
const statusRow = ({ context, state, description, url, by, at }: Status): Html =>
  html`<li>
    <span class="what"
      >${url !== null && /^https?:\/\//i.test(url) ? html`<a href="${url}" rel="nofollow noopener noreferrer">${context}</a>` : context}</span
    ><span class="aside">${badge(state)}</span><span class="under dim small">${description ?? ""}</span
    ><span class="aside dim small">${by.login} · ${when(at)}</span>
  </li>`;

const checkRow = ({ name, status, conclusion, by, started }: CheckRun): Html =>
  html`<li>
    <span class="what">${name}</span><span class="aside">${badge(conclusion ?? status)}</span><span class="under dim small"></span
    ><span class="aside dim small">${by.login} · ${when(started)}</span>
  </li>`;

const checksCard = ({ repository }: Place, head: Sha): Html | null => {
  // They are kept newest first: of each context the newest counts.
  const newest = new Map([...(repository.statuses.get(head) ?? [])].reverse().map((status) => [status.context, status]));
  const items = [...[...newest.values()].map(statusRow), ...repository.checks.filter(({ sha }) => sha === head).map(checkRow)];
  return items.length === 0 ? null : card({ id: "checks", title: "Checks of the head", body: rows(items, "") });
};

const factsOf = (place: Place, issue: PullIssue): Html => {
  const { pull } = issue;
  const merged =
    pull.merged &&
    html`<span>landed as ${commitLink(place, pull.merged.commit)} by ${person(pull.merged.by)} ${when(pull.merged.at)}</span>`;
  return html`<span>opened by ${person(issue.by)} ${when(issue.created)}</span
    ><span>${branch(place, pull.headRef)} ${commitLink(place, pull.head)} → ${branch(place, pull.baseRef)}</span
    >${pull.draft ? html`<span>draft</span>` : null}${merged}`;
};

const MOST_COMMITS = 100;

/** A pull request: what was said, its reviews and checks, its commits and what they change. */
export const pullPage = async (place: Place, issue: PullIssue, page: number | null): Promise<Page> => {
  const { pull } = issue;
  const head = heading(issue, factsOf(place, issue));
  const reviews = pull.reviews.filter(hasWords).map((review) => asSaid(place, review, pull.head));
  const said = [...commentsOf(place, issue), ...reviews, ...pull.threads.flatMap(asThread)].sort((a, b) => a.at - b.at);
  const talk = await talkOf(place, issue, { said, page });
  const title = `${titleOf(issue.title)} #${issue.number}`;
  if (page !== null) return { title, tab: "pulls", main: html`${head}${talk}` };
  const start = await startOf(place, issue);
  const commits = start === null ? [] : await log(place, { tip: pull.head, without: start, count: MOST_COMMITS + 1 });
  const patch = start === null ? null : await diff(place, { from: start, to: pull.head });
  const list = await history(place, commits.slice(0, MOST_COMMITS), "No commit of its own.");
  const number =
    commits.length > MOST_COMMITS ? `The newest ${MOST_COMMITS} commits` : commits.length === 1 ? "1 commit" : `${commits.length} commits`;
  const main = html`${head}${talk}${checksCard(place, pull.head)} ${card({ id: "commits", title: number, body: list })}
  ${patch === null ? html`<p class="dim">What it changes cannot be told: the branch that it is to land on is gone.</p>` : showPatch(patch)}`;
  return { title, tab: "pulls", main };
};
