import type { Sha } from "../../core/domain/ids.ts";
import { LEDGER_REF } from "../../core/domain/refs.ts";
import { takeFirstChars } from "../../core/domain/visible-text.ts";
import { renderPatch } from "./render-patch.ts";
import { readDiff, readCommitLog } from "./commit-log.ts";
import { html, type SafeHtml } from "./safe-html.ts";
import type { PageContent } from "./page-layout.ts";
import { findWordLinks, linkWords } from "./word-links.ts";
import { renderHistory, commitTexts, renderTrailers } from "./list-rows.ts";
import { renderBranch, renderCard, renderCommitLink, LIST_PAGE_ITEMS, renderPager, formatPageTitle, renderTime } from "./page-parts.ts";
import { pagePath, type PageScope } from "./page-scope.ts";

type CommitRange = { readonly tip: Sha | null; readonly page: number; readonly to: string; readonly nothing: string };

/** A page of a branch's own line, and the links to the others. */
const renderCommitRange = async (
  place: PageScope,
  { tip, page, to, nothing }: CommitRange,
): Promise<{ list: SafeHtml; pages: SafeHtml | null }> => {
  const skip = (page - 1) * LIST_PAGE_ITEMS;
  const commits = tip === null ? [] : await readCommitLog(place, { tip, firstParent: true, skip, count: LIST_PAGE_ITEMS + 1 });
  return {
    list: await renderHistory(place, commits.slice(0, LIST_PAGE_ITEMS), page > 1 ? "There are no more." : nothing),
    pages: renderPager({ to, page, more: commits.length > LIST_PAGE_ITEMS }),
  };
};

/** The own line of a branch, newest first. */
export const renderCommitsPage = async (place: PageScope, of: { tip: Sha; page: number; branch: string }): Promise<PageContent> => {
  const { list, pages } = await renderCommitRange(place, { ...of, to: pagePath(place, "commits", of.branch), nothing: "" });
  const title = html`Commits on <span class="chip branch">${of.branch}</span>`;
  const main = html`${renderCard({ id: "commits", title, more: html`<span class="dim">first parents only: what landed, in order</span>`, body: list })}${pages}`;
  return { title: `Commits on ${of.branch}`, tab: "commits", main };
};

/** The ledger's history: everything that Enki decided, in its own words. */
export const renderLedgerPage = async (place: PageScope, page: number): Promise<PageContent> => {
  const of = {
    tip: place.refs.get(LEDGER_REF) ?? null,
    page,
    to: pagePath(place, "ledger"),
    nothing: "Enki has decided nothing here yet.",
  };
  const { list, pages } = await renderCommitRange(place, of);
  const main = html`<div>
      <h1>The audit trail</h1>
      <p class="dim small line">
        Enki keeps its state in the commits of <code>${LEDGER_REF}</code>. Each says what happened, and opens as a diff of what Enki then
        knew. In a clone: <code>git fetch origin ${LEDGER_REF}</code>, then <code>git log FETCH_HEAD</code>.
      </p>
    </div>
    ${renderCard({ id: "commits", title: "Decisions, newest first", body: list })}${pages}`;
  return { title: "Ledger", tab: "ledger", main };
};

const MAX_COMMIT_BODY_CHARS = 50_000;

/** A commit, and what it changes of its first parent. */
export const renderCommitPage = async (place: PageScope, id: Sha): Promise<PageContent | null> => {
  const [commit] = await readCommitLog(place, { tip: id, count: 1 });
  if (!commit) return null;
  const [patch, lead] = await Promise.all([
    readDiff(place, { from: commit.parents[0] ?? null, to: id }),
    findWordLinks(place, commitTexts(commit)),
  ]);
  const names = [...place.refs].flatMap(([ref, tip]) => (tip === id ? [ref] : []));
  const chips = names
    .slice(0, 20)
    .map((ref) =>
      ref.startsWith(HEADS_PREFIX) ? renderBranch(place, ref.slice(HEADS_PREFIX.length)) : html`<span class="chip">${ref}</span>`,
    );
  const parents =
    commit.parents.length === 0
      ? "no parent"
      : html`${commit.parents.length === 1 ? "parent" : "parents"}
        ${commit.parents.map((parent) => html`${renderCommitLink(place, parent)} `)}`;
  const body =
    commit.body === ""
      ? null
      : html`<pre class="line wrap">
${linkWords(lead, takeFirstChars(commit.body, MAX_COMMIT_BODY_CHARS))}${commit.body.length > MAX_COMMIT_BODY_CHARS ? " …" : ""}</pre>`;
  const main = html`<div>
      <h1>${linkWords(lead, formatPageTitle(commit.title))}</h1>
      <div class="facts">
        <span>by <b>${commit.author}</b> ${renderTime(commit.at)}</span><span>commit <span class="mono">${id}</span></span
        ><span>${parents}</span>${chips.length > 0 ? html`<span>${chips}</span>` : null}
      </div>
      ${body}${renderTrailers(commit, lead)}
    </div>
    ${renderPatch(patch)}`;
  return { title: formatPageTitle(commit.title), tab: isLedgerCommit(commit) ? "ledger" : "commits", main };
};

const HEADS_PREFIX = "refs/heads/";
const isLedgerCommit = ({ trailers }: { readonly trailers: readonly { readonly name: string }[] }): boolean =>
  trailers.some(({ name }) => name === "Enki-Write");
