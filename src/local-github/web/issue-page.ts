import type { Issue } from "../api/forge-issue.ts";
import { html, type SafeHtml, type TemplatePart } from "./safe-html.ts";
import type { PageContent } from "./page-layout.ts";
import { listWaiting } from "../../core/messages/waiting-items.ts";
import { renderCommentBox, renderWaitingCard } from "./action-forms.ts";
import { readPageLedger } from "./page-ledger.ts";
import { renderIssueRow, listPagePulls } from "./list-rows.ts";
import { renderBadge, renderCard, renderAccount, renderRows, issueStateOf, formatPageTitle, renderTime } from "./page-parts.ts";
import { pagePath, type PageScope } from "./page-scope.ts";
import { commentEntries, renderDiscussion } from "./render-discussion.ts";

/** Renders the title, state and main facts of an issue or pull request. */
export const renderHeading = (issue: Issue, facts: TemplatePart): SafeHtml =>
  html`<div>
    <div class="title">
      <h1>${formatPageTitle(issue.title)} <span class="number">#${issue.number}</span></h1>
      ${renderBadge(issueStateOf(issue))}${issue.labels.map((label) => html`<span class="chip">${label}</span>`)}
    </div>
    <div class="facts">${facts}</div>
  </div>`;

const renderRelatedPulls = (scope: PageScope, { number }: Issue): SafeHtml | null => {
  const mention = new RegExp(`(^|[\\s(,])#${number}\\b`);
  const pulls = listPagePulls(scope).filter(({ body }) => mention.test(body));
  if (pulls.length === 0) return null;
  const items = pulls.reverse().map((pull) => renderIssueRow(scope, pull));
  return renderCard({ id: "related", title: "Pull requests for this issue", body: renderRows(items, "") });
};

/** What the newest execution of the issue waits for, with a link to its page. */
const renderIssueWaiting = async (scope: PageScope, { number }: Issue): Promise<SafeHtml | null> => {
  const all = Object.values((await readPageLedger(scope))?.executions ?? {}).filter(({ issue }) => issue === number);
  const newest = all.toSorted((a, b) => a.createdAt - b.createdAt).at(-1);
  if (!newest) return null;
  const link = html`<p id="execution">
    <a href="${pagePath(scope, "executions", newest.id)}">Execution ${newest.id}: graph, timeline and steps</a>
  </p>`;
  return html`${link}${renderWaitingCard(scope, number, listWaiting(newest))}`;
};

/** Renders an issue with its discussion, or with one page of it if `page` is not null. */
export const renderIssuePage = async (scope: PageScope, issue: Issue, page: number | null): Promise<PageContent> => {
  const closed = issue.closed === null ? null : html`<span>closed ${renderTime(issue.closed)}</span>`;
  const facts = html`<span>opened by ${renderAccount(issue.by)} ${renderTime(issue.created)}</span>${closed}`;
  const discussion = await renderDiscussion(scope, issue, { entries: commentEntries(scope, issue), page });
  return {
    title: `${formatPageTitle(issue.title)} #${issue.number}`,
    tab: "issues",
    main: html`${renderHeading(issue, facts)}${await renderIssueWaiting(scope, issue)}${renderRelatedPulls(scope, issue)}${discussion}${renderCommentBox(scope, issue.number)}`,
  };
};
