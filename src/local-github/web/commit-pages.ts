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

type CommitRange = { readonly tip: Sha | null; readonly page: number; readonly to: string; readonly emptyText: string };

/** Renders one page of a branch's first-parent history, with links to the other pages. */
const renderCommitRange = async (
  scope: PageScope,
  { tip, page, to, emptyText }: CommitRange,
): Promise<{ list: SafeHtml; pages: SafeHtml | null }> => {
  const skip = (page - 1) * LIST_PAGE_ITEMS;
  const commits = tip === null ? [] : await readCommitLog(scope, { tip, firstParent: true, skip, count: LIST_PAGE_ITEMS + 1 });
  return {
    list: await renderHistory(scope, commits.slice(0, LIST_PAGE_ITEMS), page > 1 ? "No more entries." : emptyText),
    pages: renderPager({ to, page, more: commits.length > LIST_PAGE_ITEMS }),
  };
};

/** Renders the first-parent history of a branch, newest first. */
export const renderCommitsPage = async (scope: PageScope, range: { tip: Sha; page: number; branch: string }): Promise<PageContent> => {
  const { list, pages } = await renderCommitRange(scope, { ...range, to: pagePath(scope, "commits", range.branch), emptyText: "" });
  const title = html`Commits on <span class="chip branch">${range.branch}</span>`;
  const main = html`${renderCard({ id: "commits", title, more: html`<span class="dim">first parents only, newest landing first</span>`, body: list })}${pages}`;
  return { title: `Commits on ${range.branch}`, tab: "commits", main };
};

/** Renders the ledger's history: all of Enki's decisions, with their messages. */
export const renderLedgerPage = async (scope: PageScope, page: number): Promise<PageContent> => {
  const range = {
    tip: scope.refs.get(LEDGER_REF) ?? null,
    page,
    to: pagePath(scope, "ledger"),
    emptyText: "Enki has not made a decision in this repository yet.",
  };
  const { list, pages } = await renderCommitRange(scope, range);
  const main = html`<div>
      <h1>The audit trail</h1>
      <p class="dim small line">
        Enki keeps its state in the commits of <code>${LEDGER_REF}</code>. Each commit records one decision and what it changed. In a clone:
        <code>git fetch origin ${LEDGER_REF}</code>, then <code>git log FETCH_HEAD</code>.
      </p>
    </div>
    ${renderCard({ id: "commits", title: "Decisions, newest first", body: list })}${pages}`;
  return { title: "Ledger", tab: "ledger", main };
};

const MAX_COMMIT_BODY_CHARS = 50_000;

/** Renders a commit and its changes relative to its first parent. */
export const renderCommitPage = async (scope: PageScope, id: Sha): Promise<PageContent | null> => {
  const [commit] = await readCommitLog(scope, { tip: id, count: 1 });
  if (!commit) return null;
  const [patch, wordLink] = await Promise.all([
    readDiff(scope, { from: commit.parents[0] ?? null, to: id }),
    findWordLinks(scope, commitTexts(commit)),
  ]);
  const names = [...scope.refs].flatMap(([ref, tip]) => (tip === id ? [ref] : []));
  const chips = names
    .slice(0, 20)
    .map((ref) =>
      ref.startsWith(HEADS_PREFIX) ? renderBranch(scope, ref.slice(HEADS_PREFIX.length)) : html`<span class="chip">${ref}</span>`,
    );
  const parents =
    commit.parents.length === 0
      ? "no parent"
      : html`${commit.parents.length === 1 ? "parent" : "parents"}
        ${commit.parents.map((parent) => html`${renderCommitLink(scope, parent)} `)}`;
  const body =
    commit.body === ""
      ? null
      : html`<pre class="line wrap">
${linkWords(wordLink, takeFirstChars(commit.body, MAX_COMMIT_BODY_CHARS))}${commit.body.length > MAX_COMMIT_BODY_CHARS ? " …" : ""}</pre>`;
  const main = html`<div>
      <h1>${linkWords(wordLink, formatPageTitle(commit.title))}</h1>
      <div class="facts">
        <span>by <b>${commit.author}</b> ${renderTime(commit.at)}</span><span>commit <span class="mono">${id}</span></span
        ><span>${parents}</span>${chips.length > 0 ? html`<span>${chips}</span>` : null}
      </div>
      ${body}${renderTrailers(commit, wordLink)}
    </div>
    ${renderPatch(patch)}`;
  return { title: formatPageTitle(commit.title), tab: isLedgerCommit(commit) ? "ledger" : "commits", main };
};

const HEADS_PREFIX = "refs/heads/";
const isLedgerCommit = ({ trailers }: { readonly trailers: readonly { readonly name: string }[] }): boolean =>
  trailers.some(({ name }) => name === "Enki-Write");
