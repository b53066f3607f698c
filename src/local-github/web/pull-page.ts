import type { CheckRun, CommitStatus } from "../api/forge-run.ts";
import type { Issue } from "../api/forge-issue.ts";
import type { PullRequest, SubmittedReview, ReviewThread } from "../api/forge-pull.ts";
import type { Sha } from "../../core/domain/ids.ts";
import { renderCommentBox, renderReviewForm } from "./action-forms.ts";
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

/** Finds the commit after which a pull request's own commits start; null if its base is gone. */
const findPullStart = async (scope: PageScope, { pull }: ShownPull): Promise<Sha | null> => {
  const { bare } = scope.repository;
  const { merged, head } = pull;
  const tip = await bare.readRef(`refs/heads/${pull.baseRef}`);
  // After a merge the base contains the head, so use the first parent of the merge commit, or after a fast-forward
  // the base before the push.
  const base = merged
    ? await bare
        .resolveCommit(merged.commit === head ? pull.baseSha : merged.commit)
        .then((commit) => commit && findFirstParent(scope, commit))
    : tip;
  return base && findMergeBase(scope, base, head);
};

const findFirstParent = async (scope: PageScope, commit: Sha): Promise<Sha | null> =>
  (await readCommitLog(scope, { tip: commit, count: 1 }))[0]?.parents[0] ?? null;

const REVIEW_PHRASES: Readonly<Record<string, string>> = {
  APPROVED: "approved these changes",
  CHANGES_REQUESTED: "requested changes",
  COMMENTED: "reviewed",
  DISMISSED: "reviewed (now dismissed)",
};

const toReviewEntry = (scope: PageScope, review: SubmittedReview, head: Sha): DiscussionEntry => {
  const stale = review.commit === head ? null : html` <span class="chip">outdated commit</span>`;
  const action = html`${renderBadge(review.state)} ${REVIEW_PHRASES[review.state] ?? "reviewed"} at
  ${renderCommitLink(scope, review.commit)}${stale}`;
  return { id: `pullrequestreview-${review.id}`, by: review.by, at: review.at, action, body: review.body };
};

const MAX_HUNK_LINES = 4;

/**
 * Converts a review thread to entries. The first one shows the lines and whether the thread is resolved or outdated.
 */
const toThreadEntries = (thread: ReviewThread): DiscussionEntry[] => {
  const { path, place, original, hunk, resolvedBy, comments } = thread;
  const location = thread.subject === "file" ? path : `${path}:${place?.line ?? original.line}`;
  const state = resolvedBy !== null ? "resolved" : place === null ? "outdated" : null;
  return comments.map(({ id, by, created: at, body }, index) => ({
    id: `discussion_r${id}`,
    by,
    at,
    action: html`${index === 0 ? "commented on" : "replied on"}
      <code>${location}</code>${state ? html` <span class="chip">${state}</span>` : null}`,
    body,
    ...(index === 0 && hunk !== "" && { after: html`<pre>${hunk.split("\n").slice(-MAX_HUNK_LINES).join("\n")}</pre>` }),
  }));
};

/** Whether a review has its own text. GitHub records comments on lines as reviews without one. */
const hasReviewText = ({ state, body }: SubmittedReview): boolean => state !== "COMMENTED" || body !== "";

/** A status links only to web addresses. */
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
  // Statuses are stored newest first. Only the newest of each context counts.
  const newest = new Map([...(repository.statuses.get(head) ?? [])].reverse().map((status) => [status.context, status]));
  const items = [...[...newest.values()].map(renderStatusRow), ...repository.checks.filter(({ sha }) => sha === head).map(renderCheckRow)];
  return items.length === 0 ? null : renderCard({ id: "checks", title: "Checks of the head", body: renderRows(items, "") });
};

const renderPullFacts = (scope: PageScope, issue: ShownPull): SafeHtml => {
  const { pull } = issue;
  const merged =
    pull.merged &&
    html`<span
      >landed as ${renderCommitLink(scope, pull.merged.commit)} by ${renderAccount(pull.merged.by)} ${renderTime(pull.merged.at)}</span
    >`;
  return html`<span>opened by ${renderAccount(issue.by)} ${renderTime(issue.created)}</span
    ><span>${renderBranch(scope, pull.headRef)} ${renderCommitLink(scope, pull.head)} → ${renderBranch(scope, pull.baseRef)}</span
    >${pull.draft ? html`<span>draft</span>` : null}${merged}`;
};

/** The form for a review of an open pull request. */
const renderOwnReview = async (
  { repository, ...rest }: PageScope,
  { number, state, pull }: ShownPull,
  start: Sha | null,
): Promise<SafeHtml | null> => {
  if (state !== "open" || start === null) return null;
  const paths = await repository.bare.listChangedPaths(start, pull.head);
  return renderReviewForm({ repository, ...rest }, { number, head: pull.head, paths });
};

const MAX_PULL_COMMITS = 100;

/** Renders a pull request: discussion, reviews, checks, commits and changes. */
export const renderPullPage = async (scope: PageScope, issue: ShownPull, page: number | null): Promise<PageContent> => {
  const { pull } = issue;
  const head = renderHeading(issue, renderPullFacts(scope, issue));
  const reviews = pull.reviews.filter(hasReviewText).map((review) => toReviewEntry(scope, review, pull.head));
  const entries = [...commentEntries(scope, issue), ...reviews, ...pull.threads.flatMap(toThreadEntries)].sort((a, b) => a.at - b.at);
  const discussion = await renderDiscussion(scope, issue, { entries, page });
  const title = `${formatPageTitle(issue.title)} #${issue.number}`;
  if (page !== null) return { title, tab: "pulls", main: html`${head}${discussion}` };
  const start = await findPullStart(scope, issue);
  const commits = start === null ? [] : await readCommitLog(scope, { tip: pull.head, without: start, count: MAX_PULL_COMMITS + 1 });
  const patch = start === null ? null : await readDiff(scope, { from: start, to: pull.head });
  const list = await renderHistory(scope, commits.slice(0, MAX_PULL_COMMITS), "No commits.");
  const number =
    commits.length > MAX_PULL_COMMITS
      ? `The newest ${MAX_PULL_COMMITS} commits`
      : commits.length === 1
        ? "1 commit"
        : `${commits.length} commits`;
  const main = html`${head}${discussion}${renderChecksCard(scope, pull.head)} ${renderCard({ id: "commits", title: number, body: list })}
  ${patch === null ? html`<p class="dim">The changes cannot be shown because the base branch was deleted.</p>` : renderPatch(patch)}
  ${await renderOwnReview(scope, issue, start)}${renderCommentBox(scope, issue.number)}`;
  return { title, tab: "pulls", main };
};
