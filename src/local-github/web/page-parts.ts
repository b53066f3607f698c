import type { ForgeAccount } from "../api/forge-actor.ts";
import type { Issue } from "../api/forge-issue.ts";
import type { ForgeRun } from "../api/forge-run.ts";
import { isSha } from "../../core/domain/ids.ts";
import { html, type SafeHtml, type TemplatePart } from "./safe-html.ts";
import { takeFirstChars } from "../../core/domain/visible-text.ts";
import { pagePath, type PageScope } from "./page-scope.ts";

const PAGE_SECOND_MS = 1_000;
const PAGE_MINUTE_MS = 60 * PAGE_SECOND_MS;
const MONTH_NAMES = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** A time in milliseconds since the epoch, in UTC. */
export const renderTime = (at: number): SafeHtml => {
  const iso = new Date(at).toISOString();
  const [, month = "1", day = "1", clock = ""] = /^\d+-(\d\d)-(\d\d)T(\d\d:\d\d:\d\d)/.exec(iso) ?? [];
  return html`<time datetime="${iso}" title="${iso}">${Number(day)} ${MONTH_NAMES[Number(month) - 1] ?? ""} ${clock}</time>`;
};

/** Milliseconds as people say them. */
export const formatElapsed = (time: number): string =>
  time < PAGE_MINUTE_MS
    ? `${Math.max(0, Math.round(time / PAGE_SECOND_MS))} s`
    : `${Math.floor(time / PAGE_MINUTE_MS)} min ${Math.round((time % PAGE_MINUTE_MS) / PAGE_SECOND_MS)} s`;

export const renderAccount = ({ login, type }: ForgeAccount): SafeHtml =>
  html`<b>${login.replace(/\[bot\]$/, "")}</b>${type === "Bot" ? html` <span class="chip">bot</span>` : null}`;

/** A state as a coloured word; its class is one word, whatever the state is called. */
export const renderBadge = (state: string): SafeHtml =>
  html`<span class="badge is-${state.toLowerCase().replace(/[^a-z_]/g, "")}">${state.toLowerCase().replaceAll("_", " ")}</span>`;

export const issueStateOf = (issue: Issue): string => (issue.pull?.merged ? "merged" : issue.state);
export const runState = (run: ForgeRun): string => run.conclusion ?? run.status;

export const renderCommitLink = (place: PageScope, id: string): SafeHtml =>
  html`<a class="mono" href="${pagePath(place, "commit", id)}" title="${id}">${id.slice(0, 7)}</a>`;

/** A branch, as a link to its commits as long as it is there. */
export const renderBranch = (place: PageScope, name: string): SafeHtml =>
  place.refs.has(`refs/heads/${name}`)
    ? html`<a class="chip branch" href="${pagePath(place, "commits", name)}">${takeFirstChars(name, 100)}</a>`
    : html`<span class="chip" title="${name}">${takeFirstChars(name, 100)}</span>`;

/** GitHub takes titles of at most 256 characters; git takes any. */
const MAX_SHOWN_TITLE_CHARS = 256;
/** A title that can be shown and clicked, whatever was written. */
export const formatPageTitle = (text: string): string => {
  const title = text.trim();
  if (title === "") return "(no title)";
  return title.length > MAX_SHOWN_TITLE_CHARS ? `${takeFirstChars(title, MAX_SHOWN_TITLE_CHARS)}…` : title;
};

/** Where an issue or a pull request is shown. */
export const issuePath = (place: PageScope, { number, pull }: Issue): string => pagePath(place, pull ? "pull" : "issues", number);

/** A name with long commit ids cut to what is read. */
export const renderShortName = (name: string): SafeHtml =>
  html`<span title="${name}"
    >${formatPageTitle(name)
      .split("/")
      .map((part) => (isSha(part) ? part.slice(0, 12) : part))
      .join("/")}</span
  >`;

/** `id` for one that comes and goes, so that a page that renews itself knows it again. */
export const renderCard = (of: {
  readonly title: TemplatePart;
  readonly more?: TemplatePart;
  readonly body: TemplatePart;
  readonly id: string;
}): SafeHtml =>
  html`<section class="card" id="${of.id}">
    <div class="head">
      <h2>${of.title}</h2>
      ${of.more ? html`<span class="more">${of.more}</span>` : null}
    </div>
    ${of.body}
  </section>`;

export const renderRows = (items: readonly SafeHtml[], nothing: string): SafeHtml =>
  items.length === 0
    ? html`<p class="empty">${nothing}</p>`
    : html`<ul class="rows">
        ${items}
      </ul>`;

/** Items of a long list, with links to the other pages of it. */
export const LIST_PAGE_ITEMS = 50;
const NEWEST_FIRST = ["← newer", "older →"] as const;
type PagerOptions = { readonly to: string; readonly page: number; readonly more: boolean; readonly words?: readonly [string, string] };
export const renderPager = ({ to, page, more, words: [before, after] = NEWEST_FIRST }: PagerOptions): SafeHtml | null =>
  page > 1 || more
    ? html`<nav class="pager" aria-label="Pages">
        ${page > 1 ? html`<a href="${to}?page=${page - 1}">${before}</a>` : null}<span class="dim">page ${page}</span
        >${more ? html`<a href="${to}?page=${page + 1}">${after}</a>` : null}
      </nav>`
    : null;
