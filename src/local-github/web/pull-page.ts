import type { CheckRun, CommitStatus } from "../api/forge-run.ts";
import type { Issue } from "../api/forge-issue.ts";
import type { PullRequest, SubmittedReview, ReviewThread } from "../api/forge-pull.ts";
import type { Sha } from "../../core/domain/ids.ts";
import { renderPatch } from "./render-patch.ts";
import { readDiff, readCommitLog, findMergeBase } from "./commit-log.ts";
import { html, type SafeHtml } from "./safe-html.ts";
import { renderHeading } from "./issue-page.ts";
import type { PageContent } from "./page-layout.ts";
import { renderHistory } from "./list-rows.ts";
import {
  renderBadge,
  renderBranch,
  renderCard,
  renderCommitLink,
  renderAccount,
  renderRows,
  formatPageTitle,
  renderTime,
} from "./page-parts.ts";
import type { PageScope } from "./page-scope.ts";
import { commentEntries, type DiscussionEntry, renderDiscussion } from "./render-discussion.ts";

export type ShownPull = Issue & { readonly pull: PullRequest };

/** The commit that a pull request's own work begins after; null when its base is gone. */
const findPullStart = async (place: PageScope, { pull }: ShownPull): Promise<Sha | null> => {
  const { bare } = place.repository;
  const { merged, head } = pull;
  const tip = await bare.ref(`refs/heads/${pull.baseRef}`);
  // After a merge the base has the head already: what counts is the line that it was merged into, or after a fast-forward what was before.
  const base = merged
    ? await bare.commit(merged.commit === head ? pull.baseSha : merged.commit).then((commit) => commit && findFirstParent(place, commit))
    : tip;
  return base && findMergeBase(place, base, head);
};

const findFirstParent = async (place: PageScope, commit: Sha): Promise<Sha | null> =>
  (await readCommitLog(place, { tip: commit, count: 1 }))[0]?.parents[0] ?? null;

const REVIEW_PHRASES: Readonly<Record<string, string>> = {
  APPROVED: "approved these changes",
  CHANGES_REQUESTED: "asked for changes",
  COMMENTED: "reviewed",
  DISMISSED: "reviewed (dismissed since)",
};

const toReviewEntry = (place: PageScope, review: SubmittedReview, head: Sha): DiscussionEntry => {
  const stale = review.commit === head ? null : html` <span class="chip">not of the present head</span>`;
  const what = html`${renderBadge(review.state)} ${REVIEW_PHRASES[review.state] ?? "reviewed"} at
  ${renderCommitLink(place, review.commit)}${stale}`;
  return { id: `pullrequestreview-${review.id}`, by: review.by, at: review.at, what, body: review.body };
};

const MAX_HUNK_LINES = 4;

/** What was said of lines: the first comment of a thread with the lines, and whether it is settled. */
const toThreadEntries = (thread: ReviewThread): DiscussionEntry[] => {
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
    ...(index === 0 && hunk !== "" && { after: html`<pre>${hunk.split("\n").slice(-MAX_HUNK_LINES).join("\n")}</pre>` }),
  }));
};

/** Comments on lines are reviews without words of their own. */
const hasReviewText = ({ state, body }: SubmittedReview): boolean => state !== "COMMENTED" || body !== "";

/** A status leads where its writer says, if that is the web or this machine. */
const renderStatusRow = ({ context, state, description, url, by, at }: CommitStatus): SafeHtml =>
  html`<li>
    <span class="what"
      >${url !== null && /^https?:\/\//i.test(url) ? html`<a href="${url}" rel="nofollow noopener noreferrer">${context}</a>` : context}</span
    ><span class="aside">${renderBadge(state)}</span><span class="under dim small">${description ?? ""}</span
    ><span class="aside dim small">${by.login} · ${renderTime(at)}</span>
  </li>`;

const renderCheckRow = ({ name, status, conclusion, by, started }: CheckRun): SafeHtml =>
  html`<li>
    <span class="what">${name}</span><span class="aside">${renderBadge(conclusion ?? status)}</span><span class="under dim small"></span
    ><span class="aside dim small">${by.login} · ${renderTime(started)}</span>
  </li>`;

const renderChecksCard = ({ repository }: PageScope, head: Sha): SafeHtml | null => {
  // They are kept newest first: of each context the newest counts.
  const newest = new Map([...(repository.statuses.get(head) ?? [])].reverse().map((status) => [status.context, status]));
  const items = [...[...newest.values()].map(renderStatusRow), ...repository.checks.filter(({ sha }) => sha === head).map(renderCheckRow)];
  return items.length === 0 ? null : renderCard({ id: "checks", title: "Checks of the head", body: renderRows(items, "") });
};

const renderPullFacts = (place: PageScope, issue: ShownPull): SafeHtml => {
  const { pull } = issue;
  const merged =
    pull.merged &&
    html`<span
      >landed as ${renderCommitLink(place, pull.merged.commit)} by ${renderAccount(pull.merged.by)} ${renderTime(pull.merged.at)}</span
    >`;
  return html`<span>opened by ${renderAccount(issue.by)} ${renderTime(issue.created)}</span
    ><span>${renderBranch(place, pull.headRef)} ${renderCommitLink(place, pull.head)} → ${renderBranch(place, pull.baseRef)}</span
    >${pull.draft ? html`<span>draft</span>` : null}${merged}`;
};

const MAX_PULL_COMMITS = 100;

/** A pull request: what was said, its reviews and checks, its commits and what they change. */
export const renderPullPage = async (place: PageScope, issue: ShownPull, page: number | null): Promise<PageContent> => {
  const { pull } = issue;
  const head = renderHeading(issue, renderPullFacts(place, issue));
  const reviews = pull.reviews.filter(hasReviewText).map((review) => toReviewEntry(place, review, pull.head));
  const said = [...commentEntries(place, issue), ...reviews, ...pull.threads.flatMap(toThreadEntries)].sort((a, b) => a.at - b.at);
  const talk = await renderDiscussion(place, issue, { said, page });
  const title = `${formatPageTitle(issue.title)} #${issue.number}`;
  if (page !== null) return { title, tab: "pulls", main: html`${head}${talk}` };
  const start = await findPullStart(place, issue);
  const commits = start === null ? [] : await readCommitLog(place, { tip: pull.head, without: start, count: MAX_PULL_COMMITS + 1 });
  const patch = start === null ? null : await readDiff(place, { from: start, to: pull.head });
  const list = await renderHistory(place, commits.slice(0, MAX_PULL_COMMITS), "No commit of its own.");
  const number =
    commits.length > MAX_PULL_COMMITS
      ? `The newest ${MAX_PULL_COMMITS} commits`
      : commits.length === 1
        ? "1 commit"
        : `${commits.length} commits`;
  const main = html`${head}${talk}${renderChecksCard(place, pull.head)} ${renderCard({ id: "commits", title: number, body: list })}
  ${patch === null ? html`<p class="dim">What it changes cannot be told: the branch that it is to land on is gone.</p>` : renderPatch(patch)}`;
  return { title, tab: "pulls", main };
};
