import type { Forge } from "../forge/state.ts";
import { log } from "./history.ts";
import { html, type Html } from "./html.ts";
import type { Page } from "./layout.ts";
import { history, issueRow, issuesOf, pullsOf, runRow, runsOf } from "./lists.ts";
import { firstGraph } from "./markdown.ts";
import { branch, card, PER_PAGE, pager, rows, titleOf } from "./parts.ts";
import { path, type Place, publicOf } from "./place.ts";
import { commentPath } from "./talk.ts";

const SHORT = 6;
const LANDED = 12;
/** Comments that are searched for a graph. */
const LOOKED_AT = 20;

const said = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;

/** A list of all repositories that anybody may see. */
export const homePage = (forge: Forge): Page => {
  const items = publicOf(forge).map((repository) => {
    const { owner, name, issues, runs } = repository;
    const pulls = [...issues.values()].filter(({ pull }) => pull).length;
    const counts = [said(issues.size - pulls, "issue"), said(pulls, "pull request"), said(runs.size, "run")];
    return html`<li>
      <span class="what"><a href="${path({ repository })}">${owner.login} / ${name}</a></span
      ><span class="aside dim small">${counts.join(" · ")}</span>
    </li>`;
  });
  return {
    title: "Repositories",
    tab: null,
    main: card({ id: "repositories", title: "Repositories", body: rows(items, "There is no repository yet.") }),
  };
};

/** The newest graph of a plan that somebody was told of. */
const planCard = (place: Place): Html | null => {
  const { comments, issues } = place.repository;
  const newest = [...comments.values()]
    .filter(({ by, body }) => by.type === "Bot" && body.includes("```mermaid"))
    .sort((a, b) => b.updated - a.updated);
  for (const { id, issue: number, body } of newest.slice(0, LOOKED_AT)) {
    const graph = firstGraph(body, place.memory);
    const issue = issues.get(number);
    if (!graph || !issue) continue;
    return card({
      id: "plan",
      title: titleOf(/^### (.+)$/m.exec(body)?.[1] ?? "The plan"),
      more: html`<a href="${commentPath(place, issue, id)}">${titleOf(issue.title)} #${issue.number}</a>`,
      body: html`<div class="in">${graph}</div>`,
    });
  }
  return null;
};

/** A repository at a glance: the plan at work, issues, pull requests, runs, and what has landed. */
export const overviewPage = async (place: Place): Promise<Page> => {
  const { defaultBranch } = place.repository;
  const tip = place.refs.get(`refs/heads/${defaultBranch}`);
  const landed = tip === undefined ? [] : await log(place, { tip, firstParent: true, count: LANDED });
  const short = <T>(list: List, items: readonly T[], row: (place: Place, item: T) => Html): Html =>
    card({
      id: list,
      title: LISTS[list].title,
      more: items.length > SHORT ? html`<a href="${path(place, list)}">all ${items.length}</a>` : null,
      body: rows(
        items.slice(0, SHORT).map((item) => row(place, item)),
        LISTS[list].nothing,
      ),
    });
  const line = card({
    id: "landed",
    title: html`Landed on ${branch(place, defaultBranch)}`,
    more: html`<a href="${path(place, "commits", defaultBranch)}">all commits</a>`,
    body: await history(place, landed, "Nothing has been pushed yet."),
  });
  const main = html`${planCard(place)}
    <div class="columns">${short("issues", issuesOf(place), issueRow)}${short("pulls", pullsOf(place), issueRow)}</div>
    ${line}${short("actions", runsOf(place), runRow)}`;
  return { title: "Overview", tab: "overview", main };
};

const LISTS = {
  issues: { title: "Issues", nothing: "No issues yet." },
  pulls: { title: "Pull requests", nothing: "No pull requests yet." },
  actions: { title: "Workflow runs", nothing: "No workflow has run yet." },
} as const;
type List = keyof typeof LISTS;

const listOf =
  <T>(list: List, all: (place: Place) => readonly T[], row: (place: Place, item: T) => Html) =>
  (place: Place, page: number): Page => {
    const { title, nothing } = LISTS[list];
    const items = all(place);
    const shown = items.slice((page - 1) * PER_PAGE, page * PER_PAGE).map((item) => row(place, item));
    const pages = pager({ to: path(place, list), page, more: items.length > page * PER_PAGE });
    return {
      title,
      tab: list,
      main: html`${card({ id: list, title, body: rows(shown, page > 1 ? "There are no more." : nothing) })}${pages}`,
    };
  };

export const issuesPage = listOf("issues", issuesOf, issueRow);
export const pullsPage = listOf("pulls", pullsOf, issueRow);
export const runsPage = listOf("actions", runsOf, runRow);
