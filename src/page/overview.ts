import type { Forge } from "../forge/state.ts";
import { log } from "./history.ts";
import { html, type Html } from "./html.ts";
import type { Page } from "./layout.ts";
import { history, issueRow, issuesOf, newestFirst, pullsOf, runRow } from "./lists.ts";
import { readMarkdown } from "./markdown.ts";
import { card, issuePath, PER_PAGE, pager, reading, rows } from "./parts.ts";
import { path, type Place } from "./place.ts";

const SHORT = 6;
const DIAGRAM = /^```mermaid\n[^]*?\n```$/m;

/** All repositories that anybody may see. */
export const homePage = (forge: Forge): Page => {
  const places = [...forge.repositories.values()].filter((repository) => !repository.private).map((repository) => ({ forge, repository }));
  const items = places.map((place) => {
    const { owner, name, issues, runs } = place.repository;
    return html`<li>
      <span class="what"><a href="${path(place)}">${owner.login} / ${name}</a></span
      ><span class="aside dim small">${issues.size} issues and pull requests · ${runs.size} runs</span>
    </li>`;
  });
  return { title: "Repositories", tab: null, main: card({ title: "Repositories", body: rows(items, "There is no repository yet.") }) };
};

/** The newest graph of a plan that somebody was told of. */
const planCard = (place: Place): Html | null => {
  const { comments, issues } = place.repository;
  const comment = [...comments.values()]
    .filter(({ by, body }) => by.type === "Bot" && DIAGRAM.test(body))
    .sort((a, b) => b.updated - a.updated)[0];
  const issue = comment && issues.get(comment.issue);
  if (!comment || !issue) return null;
  const graph = readMarkdown(DIAGRAM.exec(comment.body)?.[0] ?? "", reading(place, "plan"));
  const title = /^### (.+)$/m.exec(comment.body)?.[1] ?? "The plan";
  return card({
    title,
    more: html`<a href="${issuePath(place, issue)}#c${comment.id}">${issue.title} #${issue.number}</a>`,
    body: html`<div class="in">${graph}</div>`,
  });
};

/** A repository at a glance: the plan at work, issues, pull requests, runs, and what has landed. */
export const overviewPage = async (place: Place): Promise<Page> => {
  const { repository } = place;
  const { defaultBranch } = repository;
  const tip = await repository.bare.ref(`refs/heads/${defaultBranch}`);
  const landed = tip === null ? [] : await log(place, { tip, firstParent: true, count: 12 });
  const [issues, pulls, runs] = [issuesOf(place), pullsOf(place), newestFirst(repository.runs.values())];
  const all = (to: string, count: number): Html | null => (count > SHORT ? html`<a href="${path(place, to)}">all ${count}</a>` : null);
  const main = html`${planCard(place)}
    <div class="columns">
      ${card({
        title: "Issues",
        more: all("issues", issues.length),
        body: rows(
          issues.slice(0, SHORT).map((issue) => issueRow(place, issue)),
          "No issues yet.",
        ),
      })}
      ${card({
        title: "Pull requests",
        more: all("pulls", pulls.length),
        body: rows(
          pulls.slice(0, SHORT).map((issue) => issueRow(place, issue)),
          "No pull requests yet.",
        ),
      })}
    </div>
    ${card({ title: html`Landed on <span class="chip">${defaultBranch}</span>`, more: html`<a href="${path(place, "commits", defaultBranch)}">all commits</a>`, body: history(place, landed) })}
    ${card({
      title: "Runs",
      more: all("actions", runs.length),
      body: rows(
        runs.slice(0, SHORT).map((run) => runRow(place, run)),
        "No Actions workflow has run yet.",
      ),
    })}`;
  return { title: "Overview", tab: "overview", main };
};

type Listed = { readonly page: number };

const listPage = (
  place: Place,
  of: { tab: "issues" | "pulls" | "actions"; title: string; items: readonly Html[]; nothing: string } & Listed,
): Page => {
  const { items, page } = of;
  const shown = items.slice((page - 1) * PER_PAGE, page * PER_PAGE);
  const pages = pager({ to: path(place, of.tab), page, more: items.length > page * PER_PAGE });
  return { title: of.title, tab: of.tab, main: html`${card({ title: of.title, body: rows(shown, of.nothing) })}${pages}` };
};

export const issuesPage = (place: Place, { page }: Listed): Page =>
  listPage(place, {
    tab: "issues",
    title: "Issues",
    items: issuesOf(place).map((issue) => issueRow(place, issue)),
    nothing: "No issues yet.",
    page,
  });

export const pullsPage = (place: Place, { page }: Listed): Page =>
  listPage(place, {
    tab: "pulls",
    title: "Pull requests",
    items: pullsOf(place).map((issue) => issueRow(place, issue)),
    nothing: "No pull requests yet.",
    page,
  });

export const runsPage = (place: Place, { page }: Listed): Page =>
  listPage(place, {
    tab: "actions",
    title: "Runs of Actions workflows",
    items: newestFirst(place.repository.runs.values()).map((run) => runRow(place, run)),
    nothing: "No Actions workflow has run yet.",
    page,
  });
