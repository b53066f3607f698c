import type { ForgeAccount } from "../api/forge-actor.ts";
import type { Issue } from "../api/forge-issue.ts";
import type { ForgeRun } from "../api/forge-run.ts";
import { isSha } from "../../core/domain/ids.ts";
import { html, type SafeHtml, type TemplatePart } from "./safe-html.ts";
import { takeFirstChars } from "../../core/domain/visible-text.ts";
import { pagePath, type PageScope } from "./page-scope.ts";
import { MINUTE_MS, SECOND_MS } from "../../core/domain/durations.ts";

const MONTH_NAMES = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Renders a time in milliseconds since the epoch, in UTC. */
export const renderTime = (at: number): SafeHtml => {
  const iso = new Date(at).toISOString();
  const [, month = "1", day = "1", clock = ""] = /^\d+-(\d\d)-(\d\d)T(\d\d:\d\d:\d\d)/.exec(iso) ?? [];
  return html`<time datetime="${iso}" title="${iso}">${Number(day)} ${MONTH_NAMES[Number(month) - 1] ?? ""} ${clock}</time>`;
};

/** Formats a duration in milliseconds as seconds or minutes. */
export const formatElapsed = (time: number): string =>
  time < MINUTE_MS
    ? `${Math.max(0, Math.round(time / SECOND_MS))} s`
    : `${Math.floor(time / MINUTE_MS)} min ${Math.round((time % MINUTE_MS) / SECOND_MS)} s`;

export const renderAccount = ({ login, type }: ForgeAccount): SafeHtml =>
  html`<b>${login.replace(/\[bot\]$/, "")}</b>${type === "Bot" ? html` <span class="chip">bot</span>` : null}`;

/** Renders a state as a coloured word. Its class is one word without special characters. */
export const renderBadge = (state: string): SafeHtml =>
  html`<span class="badge is-${state.toLowerCase().replace(/[^a-z_]/g, "")}">${state.toLowerCase().replaceAll("_", " ")}</span>`;

export const issueStateOf = (issue: Issue): string => (issue.pull?.merged ? "merged" : issue.state);
export const runState = (run: ForgeRun): string => run.conclusion ?? run.status;

export const renderCommitLink = (scope: PageScope, id: string): SafeHtml =>
  html`<a class="mono" href="${pagePath(scope, "commit", id)}" title="${id}">${id.slice(0, 7)}</a>`;

/** Renders a branch, with a link to its commits if it exists. */
export const renderBranch = (scope: PageScope, name: string): SafeHtml =>
  scope.refs.has(`refs/heads/${name}`)
    ? html`<a class="chip branch" href="${pagePath(scope, "commits", name)}">${takeFirstChars(name, 100)}</a>`
    : html`<span class="chip" title="${name}">${takeFirstChars(name, 100)}</span>`;

/** GitHub limits titles to 256 characters; git does not. */
const MAX_SHOWN_TITLE_CHARS = 256;
/** Formats a title so that it is never empty and never too long. */
export const formatPageTitle = (text: string): string => {
  const title = text.trim();
  if (title === "") return "(no title)";
  return title.length > MAX_SHOWN_TITLE_CHARS ? `${takeFirstChars(title, MAX_SHOWN_TITLE_CHARS)}…` : title;
};

/** The path of the page of an issue or pull request. */
export const issuePath = (scope: PageScope, { number, pull }: Issue): string => pagePath(scope, pull ? "pull" : "issues", number);

/** A link to an issue or pull request: for a clone, to the page on GitHub, or plain text without a known GitHub. */
export const renderNumberLink = (scope: PageScope, target: { kind: "issues" | "pull"; number: number; text: string }): TemplatePart => {
  const { kind, number, text } = target;
  if (!scope.cloned) return html`<a href="${pagePath(scope, kind, number)}">${text}</a>`;
  const { address } = scope.cloned;
  return address === null ? text : html`<a href="${address}/${kind}/${number}" rel="noreferrer">${text}</a>`;
};

/** Renders a name with its commit ids shortened. */
export const renderShortName = (name: string): SafeHtml =>
  html`<span title="${name}"
    >${formatPageTitle(name)
      .split("/")
      .map((part) => (isSha(part) ? part.slice(0, 12) : part))
      .join("/")}</span
  >`;

/** Renders a card. Its `id` must be stable, because a refreshed page recognizes its parts by id. */
export const renderCard = (card: {
  readonly title: TemplatePart;
  readonly more?: TemplatePart;
  readonly body: TemplatePart;
  readonly id: string;
}): SafeHtml =>
  html`<section class="card" id="${card.id}">
    <div class="head">
      <h2>${card.title}</h2>
      ${card.more ? html`<span class="more">${card.more}</span>` : null}
    </div>
    ${card.body}
  </section>`;

export const renderRows = (items: readonly SafeHtml[], emptyText: string): SafeHtml =>
  items.length === 0
    ? html`<p class="empty">${emptyText}</p>`
    : html`<ul class="rows">
        ${items}
      </ul>`;

/** The number of items on one page of a long list. */
export const LIST_PAGE_ITEMS = 50;
const NEWEST_FIRST = ["← newer", "older →"] as const;
type PagerOptions = { readonly to: string; readonly page: number; readonly more: boolean; readonly labels?: readonly [string, string] };
export const renderPager = ({ to, page, more, labels: [before, after] = NEWEST_FIRST }: PagerOptions): SafeHtml | null =>
  page > 1 || more
    ? html`<nav class="pager" aria-label="Pages">
        ${page > 1 ? html`<a href="${to}?page=${page - 1}">${before}</a>` : null}<span class="dim">page ${page}</span
        >${more ? html`<a href="${to}?page=${page + 1}">${after}</a>` : null}
      </nav>`
    : null;
