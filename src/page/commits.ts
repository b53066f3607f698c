import type { Sha } from "../model/ids.ts";
import { LEDGER } from "../model/refs.ts";
import { cut } from "../model/visible.ts";
import { showPatch } from "./diff.ts";
import { diff, log } from "./history.ts";
import { html, type Html } from "./html.ts";
import type { Page } from "./layout.ts";
import { leadsOf, linked } from "./linked.ts";
import { history, textsOf, trailerChips } from "./lists.ts";
import { branch, card, commitLink, PER_PAGE, pager, titleOf, when } from "./parts.ts";
import { path, type Place } from "./place.ts";

type Line = { readonly tip: Sha | null; readonly page: number; readonly to: string; readonly nothing: string };

/** A page of a branch's own line, and the links to the others. */
const lineOf = async (place: Place, { tip, page, to, nothing }: Line): Promise<{ list: Html; pages: Html | null }> => {
  const skip = (page - 1) * PER_PAGE;
  const commits = tip === null ? [] : await log(place, { tip, firstParent: true, skip, count: PER_PAGE + 1 });
  return {
    list: await history(place, commits.slice(0, PER_PAGE), page > 1 ? "There are no more." : nothing),
    pages: pager({ to, page, more: commits.length > PER_PAGE }),
  };
};

/** The own line of a branch, newest first. */
export const commitsPage = async (place: Place, of: { tip: Sha; page: number; branch: string }): Promise<Page> => {
  const { list, pages } = await lineOf(place, { ...of, to: path(place, "commits", of.branch), nothing: "" });
  const title = html`Commits on <span class="chip branch">${of.branch}</span>`;
  const main = html`${card({ id: "commits", title, more: html`<span class="dim">first parents only: what landed, in order</span>`, body: list })}${pages}`;
  return { title: `Commits on ${of.branch}`, tab: "commits", main };
};

/** The ledger's history: everything that Enki decided, in its own words. */
export const ledgerPage = async (place: Place, page: number): Promise<Page> => {
  const of = { tip: place.refs.get(LEDGER) ?? null, page, to: path(place, "ledger"), nothing: "Enki has decided nothing here yet." };
  const { list, pages } = await lineOf(place, of);
  const main = html`<div>
      <h1>The audit trail</h1>
      <p class="dim small line">
        Enki keeps its state in the commits of <code>${LEDGER}</code>. Each says what happened, and opens as a diff of what Enki then knew.
        In a clone: <code>git fetch origin ${LEDGER}</code>, then <code>git log FETCH_HEAD</code>.
      </p>
    </div>
    ${card({ id: "commits", title: "Decisions, newest first", body: list })}${pages}`;
  return { title: "Ledger", tab: "ledger", main };
};

const LONGEST = 50_000;

/** A commit, and what it changes of its first parent. */
export const commitPage = async (place: Place, id: Sha): Promise<Page | null> => {
  const [commit] = await log(place, { tip: id, count: 1 });
  if (!commit) return null;
  const [patch, lead] = await Promise.all([diff(place, { from: commit.parents[0] ?? null, to: id }), leadsOf(place, textsOf(commit))]);
  const names = [...place.refs].flatMap(([ref, tip]) => (tip === id ? [ref] : []));
  const chips = names
    .slice(0, 20)
    .map((ref) => (ref.startsWith(HEADS) ? branch(place, ref.slice(HEADS.length)) : html`<span class="chip">${ref}</span>`));
  const parents =
    commit.parents.length === 0
      ? "no parent"
      : html`${commit.parents.length === 1 ? "parent" : "parents"} ${commit.parents.map((parent) => html`${commitLink(place, parent)} `)}`;
  const body =
    commit.body === ""
      ? null
      : html`<pre class="line wrap">${linked(lead, cut(commit.body, LONGEST))}${commit.body.length > LONGEST ? " …" : ""}</pre>`;
  const main = html`<div>
      <h1>${linked(lead, titleOf(commit.title))}</h1>
      <div class="facts">
        <span>by <b>${commit.author}</b> ${when(commit.at)}</span><span>commit <span class="mono">${id}</span></span
        ><span>${parents}</span>${chips.length > 0 ? html`<span>${chips}</span>` : null}
      </div>
      ${body}${trailerChips(commit, lead)}
    </div>
    ${showPatch(patch)}`;
  return { title: titleOf(commit.title), tab: isLedgers(commit) ? "ledger" : "commits", main };
};

const HEADS = "refs/heads/";
const isLedgers = ({ trailers }: { readonly trailers: readonly { readonly name: string }[] }): boolean =>
  trailers.some(({ name }) => name === "Enki-Write");
