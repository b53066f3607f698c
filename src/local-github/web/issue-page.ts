import type { Issue } from "../api/forge-issue.ts";
import { html, type SafeHtml, type TemplatePart } from "./safe-html.ts";
import type { PageContent } from "./page-layout.ts";
import { renderIssueRow, listPagePulls } from "./list-rows.ts";
import { renderBadge, renderCard, renderAccount, renderRows, issueStateOf, formatPageTitle, renderTime } from "./page-parts.ts";
import type { PageScope } from "./page-scope.ts";
import { commentEntries, renderDiscussion } from "./render-discussion.ts";

/** The title of an issue or a pull request, and what is known of it at a glance. */
export const renderHeading = (issue: Issue, facts: TemplatePart): SafeHtml =>
  html`<div>
    <div class="title">
      <h1>${formatPageTitle(issue.title)} <span class="number">#${issue.number}</span></h1>
      ${renderBadge(issueStateOf(issue))}${issue.labels.map((label) => html`<span class="chip">${label}</span>`)}
    </div>
    <div class="facts">${facts}</div>
  </div>`;

const renderRelatedPulls = (place: PageScope, { number }: Issue): SafeHtml | null => {
  const mention = new RegExp(`(^|[\\s(,])#${number}\\b`);
  const pulls = listPagePulls(place).filter(({ body }) => mention.test(body));
  if (pulls.length === 0) return null;
  const items = pulls.reverse().map((pull) => renderIssueRow(place, pull));
  return renderCard({ id: "related", title: "Pull requests for this issue", body: renderRows(items, "") });
};

/** An issue with everything that was said on it; `page` where a page of that is asked for. */
export const renderIssuePage = async (place: PageScope, issue: Issue, page: number | null): Promise<PageContent> => {
  const closed = issue.closed === null ? null : html`<span>closed ${renderTime(issue.closed)}</span>`;
  const facts = html`<span>opened by ${renderAccount(issue.by)} ${renderTime(issue.created)}</span>${closed}`;
  const talk = await renderDiscussion(place, issue, { said: commentEntries(place, issue), page });
  return {
    title: `${formatPageTitle(issue.title)} #${issue.number}`,
    tab: "issues",
    main: html`${renderHeading(issue, facts)}${renderRelatedPulls(place, issue)}${talk}`,
  };
};
