import type { ForgeState } from "../api/forge-state.ts";
import { readCommitLog } from "./commit-log.ts";
import { html, type SafeHtml } from "./safe-html.ts";
import type { PageContent } from "./page-layout.ts";
import { renderHistory, renderIssueRow, listPageIssues, listPagePulls, renderRunRow, listPageRuns } from "./list-rows.ts";
import { drawFirstGraph } from "./render-markdown.ts";
import { renderBranch, renderCard, LIST_PAGE_ITEMS, renderPager, renderRows, formatPageTitle } from "./page-parts.ts";
import { pagePath, type PageScope, listPublicRepositories } from "./page-scope.ts";
import { commentPagePath } from "./render-discussion.ts";

const MAX_CARD_ITEMS = 6;
const MAX_LANDED_COMMITS = 12;
/** Comments that are searched for a graph. */
const MAX_SEARCHED_COMMENTS = 20;

const formatPlural = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;

/** A list of all repositories that anybody may see. */
export const renderHomePage = (forge: ForgeState): PageContent => {
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
    main: renderCard({ id: "repositories", title: "Repositories", body: renderRows(items, "There is no repository yet.") }),
  };
};

/** The newest graph of a plan that somebody was told of. */
const renderPlanCard = (place: PageScope): SafeHtml | null => {
  const { comments, issues } = place.repository;
  const newest = [...comments.values()]
    .filter(({ by, body }) => by.type === "Bot" && body.includes("```mermaid"))
    .sort((a, b) => b.updated - a.updated);
  for (const { id, issue: number, body } of newest.slice(0, MAX_SEARCHED_COMMENTS)) {
    const graph = drawFirstGraph(body, place.memory);
    const issue = issues.get(number);
    if (!graph || !issue) continue;
    return renderCard({
      id: "plan",
      title: formatPageTitle(/^### (.+)$/m.exec(body)?.[1] ?? "The plan"),
      more: html`<a href="${commentPagePath(place, issue, id)}">${formatPageTitle(issue.title)} #${issue.number}</a>`,
      body: html`<div class="in">${graph}</div>`,
    });
  }
  return null;
};

/** A repository at a glance: the plan at work, issues, pull requests, runs, and what has landed. */
export const renderOverviewPage = async (place: PageScope): Promise<PageContent> => {
  const { defaultBranch } = place.repository;
  const tip = place.refs.get(`refs/heads/${defaultBranch}`);
  const landed = tip === undefined ? [] : await readCommitLog(place, { tip, firstParent: true, count: MAX_LANDED_COMMITS });
  const short = <T>(list: PageList, items: readonly T[], row: (place: PageScope, item: T) => SafeHtml): SafeHtml =>
    renderCard({
      id: list,
      title: PAGE_LISTS[list].title,
      more: items.length > MAX_CARD_ITEMS ? html`<a href="${pagePath(place, list)}">all ${items.length}</a>` : null,
      body: renderRows(
        items.slice(0, MAX_CARD_ITEMS).map((item) => row(place, item)),
        PAGE_LISTS[list].nothing,
      ),
    });
  const line = renderCard({
    id: "landed",
    title: html`Landed on ${renderBranch(place, defaultBranch)}`,
    more: html`<a href="${pagePath(place, "commits", defaultBranch)}">all commits</a>`,
    body: await renderHistory(place, landed, "Nothing has been pushed yet."),
  });
  const main = html`${renderPlanCard(place)}
    <div class="columns">
      ${short("issues", listPageIssues(place), renderIssueRow)}${short("pulls", listPagePulls(place), renderIssueRow)}
    </div>
    ${line}${short("actions", listPageRuns(place), renderRunRow)}`;
  return { title: "Overview", tab: "overview", main };
};

const PAGE_LISTS = {
  issues: { title: "Issues", nothing: "No issues yet." },
  pulls: { title: "Pull requests", nothing: "No pull requests yet." },
  actions: { title: "Workflow runs", nothing: "No workflow has run yet." },
} as const;
type PageList = keyof typeof PAGE_LISTS;

const createListPage =
  <T>(list: PageList, all: (place: PageScope) => readonly T[], row: (place: PageScope, item: T) => SafeHtml) =>
  (place: PageScope, page: number): PageContent => {
    const { title, nothing } = PAGE_LISTS[list];
    const items = all(place);
    const shown = items.slice((page - 1) * LIST_PAGE_ITEMS, page * LIST_PAGE_ITEMS).map((item) => row(place, item));
    const pages = renderPager({ to: pagePath(place, list), page, more: items.length > page * LIST_PAGE_ITEMS });
    return {
      title,
      tab: list,
      main: html`${renderCard({ id: list, title, body: renderRows(shown, page > 1 ? "There are no more." : nothing) })}${pages}`,
    };
  };

export const renderIssuesPage = createListPage("issues", listPageIssues, renderIssueRow);
export const renderPullsPage = createListPage("pulls", listPagePulls, renderIssueRow);
export const renderRunsPage = createListPage("actions", listPageRuns, renderRunRow);
