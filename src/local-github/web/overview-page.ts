import { readCommitLog } from "./commit-log.ts";
import { html, type SafeHtml } from "./safe-html.ts";
import type { PageContent } from "./page-layout.ts";
import { renderIssueForm } from "./action-forms.ts";
import { renderHistory, renderIssueRow, listPageIssues, listPagePulls, renderRunRow, listPageRuns } from "./list-rows.ts";
import { drawFirstGraph } from "./render-markdown.ts";
import { renderBranch, renderCard, LIST_PAGE_ITEMS, renderPager, renderRows, formatPageTitle } from "./page-parts.ts";
import { pagePath, type PageScope, listPublicRepositories } from "./page-scope.ts";
import type { PageServer } from "./page-server.ts";
import { commentPagePath } from "./render-discussion.ts";

const MAX_CARD_ITEMS = 6;
const MAX_LANDED_COMMITS = 12;
/** The number of comments that are searched for a graph. */
const MAX_SEARCHED_COMMENTS = 20;

const formatPlural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** Renders the list of all public repositories. */
export const renderHomePage = (forge: PageServer): PageContent => {
  const items = listPublicRepositories(forge).map((repository) => {
    const { owner, name, issues, runs } = repository;
    const pulls = [...issues.values()].filter(({ pull }) => pull).length;
    const counts = [formatPlural(issues.size - pulls, "issue"), formatPlural(pulls, "pull request"), formatPlural(runs.size, "run")];
    return html`<li>
      <span class="what"><a href="${pagePath({ repository })}">${owner.login} / ${name}</a></span
      ><span class="aside dim small">${counts.join(" · ")}</span>
    </li>`;
  });
  return {
    title: "Repositories",
    tab: null,
    main: renderCard({ id: "repositories", title: "Repositories", body: renderRows(items, "No repositories yet.") }),
  };
};

/** Renders the newest graph of a plan in a bot's comment; null without one. */
const renderPlanCard = (scope: PageScope): SafeHtml | null => {
  const { comments, issues } = scope.repository;
  const newest = [...comments.values()]
    .filter(({ by, body }) => by.type === "Bot" && body.includes("```mermaid"))
    .sort((a, b) => b.updated - a.updated);
  for (const { id, issue: number, body } of newest.slice(0, MAX_SEARCHED_COMMENTS)) {
    const graph = drawFirstGraph(body, scope.markdownCache);
    const issue = issues.get(number);
    if (!graph || !issue) continue;
    return renderCard({
      id: "plan",
      title: formatPageTitle(/^### (.+)$/m.exec(body)?.[1] ?? "The plan"),
      more: html`<a href="${commentPagePath(scope, issue, id)}">${formatPageTitle(issue.title)} #${issue.number}</a>`,
      body: html`<div class="in">${graph}</div>`,
    });
  }
  return null;
};

/** Renders a repository at a glance: current plan, issues, pull requests, runs and landed commits. */
export const renderOverviewPage = async (scope: PageScope): Promise<PageContent> => {
  const { defaultBranch } = scope.repository;
  const tip = scope.refs.get(`refs/heads/${defaultBranch}`);
  const landed = tip === undefined ? [] : await readCommitLog(scope, { tip, firstParent: true, count: MAX_LANDED_COMMITS });
  const short = <T>(list: PageList, items: readonly T[], row: (scope: PageScope, item: T) => SafeHtml): SafeHtml =>
    renderCard({
      id: list,
      title: PAGE_LISTS[list].title,
      more: items.length > MAX_CARD_ITEMS ? html`<a href="${pagePath(scope, list)}">all ${items.length}</a>` : null,
      body: renderRows(
        items.slice(0, MAX_CARD_ITEMS).map((item) => row(scope, item)),
        PAGE_LISTS[list].emptyText,
      ),
    });
  const line = renderCard({
    id: "landed",
    title: html`Landed on ${renderBranch(scope, defaultBranch)}`,
    more: html`<a href="${pagePath(scope, "commits", defaultBranch)}">all commits</a>`,
    body: await renderHistory(scope, landed, "No commits yet."),
  });
  const main = html`${renderPlanCard(scope)}${renderIssueForm(scope)}
    <div class="columns">
      ${short("issues", listPageIssues(scope), renderIssueRow)}${short("pulls", listPagePulls(scope), renderIssueRow)}
    </div>
    ${line}${short("actions", listPageRuns(scope), renderRunRow)}`;
  return { title: "Overview", tab: "overview", main };
};

const PAGE_LISTS = {
  issues: { title: "Issues", emptyText: "No issues yet." },
  pulls: { title: "Pull requests", emptyText: "No pull requests yet." },
  actions: { title: "Workflow runs", emptyText: "No workflow has run yet." },
} as const;
type PageList = keyof typeof PAGE_LISTS;

const createListPage =
  <T>(list: PageList, all: (scope: PageScope) => readonly T[], row: (scope: PageScope, item: T) => SafeHtml) =>
  (scope: PageScope, page: number): PageContent => {
    const { title, emptyText } = PAGE_LISTS[list];
    const items = all(scope);
    const shown = items.slice((page - 1) * LIST_PAGE_ITEMS, page * LIST_PAGE_ITEMS).map((item) => row(scope, item));
    const pages = renderPager({ to: pagePath(scope, list), page, more: items.length > page * LIST_PAGE_ITEMS });
    return {
      title,
      tab: list,
      main: html`${renderCard({ id: list, title, body: renderRows(shown, page > 1 ? "No more entries." : emptyText) })}${pages}`,
    };
  };

export const renderIssuesPage = createListPage("issues", listPageIssues, renderIssueRow);
export const renderPullsPage = createListPage("pulls", listPagePulls, renderIssueRow);
export const renderRunsPage = createListPage("actions", listPageRuns, renderRunRow);
