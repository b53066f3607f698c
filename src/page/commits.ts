import type { Sha } from "../model/ids.ts";
import { LEDGER } from "../model/refs.ts";
import { showPatch } from "./diff.ts";
import { diff, log } from "./history.ts";
import { html } from "./html.ts";
import type { Page, Tab } from "./layout.ts";
import { history } from "./lists.ts";
import { card, commitLink, PER_PAGE, pager, when } from "./parts.ts";
import { path, type Place } from "./place.ts";

type Line = { readonly tip: Sha; readonly page: number };

/** The own line of a branch, newest first. */
export const commitsPage = async (place: Place, { branch, tip, page }: Line & { readonly branch: string }): Promise<Page> => {
  const commits = await log(place, { tip, firstParent: true, skip: (page - 1) * PER_PAGE, count: PER_PAGE + 1 });
  const title = html`Commits on <span class="chip branch">${branch}</span>`;
  const body = history(place, commits.slice(0, PER_PAGE));
  const pages = pager({ to: path(place, "commits", branch), page, more: commits.length > PER_PAGE });
  return {
    title: `Commits on ${branch}`,
    tab: "commits",
    main: html`${card({ title, more: "first parents only: what landed, in order", body })}${pages}`,
  };
};

/** The ledger's history: everything that Enki decided, in its own words. */
export const ledgerPage = async (place: Place, { tip, page }: Pick<Line, "page"> & { readonly tip: Sha | null }): Promise<Page> => {
  const commits = tip === null ? [] : await log(place, { tip, firstParent: true, skip: (page - 1) * PER_PAGE, count: PER_PAGE + 1 });
  const intro = html`<p class="dim small line">
    Enki keeps its state in <code>${LEDGER}</code>. Each write is a commit that says what happened; each of them opens as a diff. The same
    with git: <code>git log ${LEDGER}</code>
  </p>`;
  const pages = pager({ to: path(place, "ledger"), page, more: commits.length > PER_PAGE });
  return {
    title: "Ledger",
    tab: "ledger",
    main: html`<div>
        <h1>The audit trail</h1>
        ${intro}
      </div>
      ${card({ title: "Writes, newest first", body: history(place, commits.slice(0, PER_PAGE)) })}${pages}`,
  };
};

/** A commit, and what it changes of its first parent. */
export const commitPage = async (place: Place, id: Sha): Promise<Page> => {
  const [commit] = await log(place, { tip: id, count: 1 });
  const refs = [...(await place.repository.bare.refs())].flatMap(([ref, tip]) => (tip === id ? [ref] : []));
  if (!commit) return { title: id, tab: "commits", main: html`` };
  const tab: Tab = commit.trailers.some(({ name }) => name === "Enki-Write") ? "ledger" : "commits";
  const patch = await diff(place, { from: commit.parents[0] ?? null, to: id });
  const parents = commit.parents.length === 0 ? "none" : commit.parents.map((parent) => html`${commitLink(place, parent)} `);
  const trailers = commit.trailers.map(({ name, value }) => html`<span class="chip">${name}: ${value}</span>`);
  const main = html`<div>
      <div class="title"><h1>${commit.title === "" ? "(no message)" : commit.title}</h1></div>
      <div class="facts">
        <span>by <b>${commit.author}</b> ${when(commit.at)}</span><span>commit <span class="mono">${id}</span></span
        ><span>parents ${parents}</span>${refs.map((ref) => html`<span class="chip branch">${ref}</span>`)}
      </div>
      ${commit.body === "" ? null : html`<pre class="line">${commit.body}</pre>`}
      <div class="chips">${trailers}</div>
    </div>
    ${showPatch(patch)}`;
  return { title: commit.title, tab, main };
};
