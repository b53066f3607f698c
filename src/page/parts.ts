import type { Account, Issue, Run } from "../forge/state.ts";
import { isSha } from "../model/ids.ts";
import { html, type Html, type Part } from "./html.ts";
import { cut } from "../model/visible.ts";
import { path, type Place } from "./place.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** A time in milliseconds since the epoch, in UTC. */
export const when = (at: number): Html => {
  const iso = new Date(at).toISOString();
  const [, month = "1", day = "1", clock = ""] = /^\d+-(\d\d)-(\d\d)T(\d\d:\d\d:\d\d)/.exec(iso) ?? [];
  return html`<time datetime="${iso}" title="${iso}">${Number(day)} ${MONTHS[Number(month) - 1] ?? ""} ${clock}</time>`;
};

/** Milliseconds as people say them. */
export const lasted = (time: number): string =>
  time < MINUTE
    ? `${Math.max(0, Math.round(time / SECOND))} s`
    : `${Math.floor(time / MINUTE)} min ${Math.round((time % MINUTE) / SECOND)} s`;

export const person = ({ login, type }: Account): Html =>
  html`<b>${login.replace(/\[bot\]$/, "")}</b>${type === "Bot" ? html` <span class="chip">bot</span>` : null}`;

/** A state as a coloured word; its class is one word, whatever the state is called. */
export const badge = (state: string): Html =>
  html`<span class="badge is-${state.toLowerCase().replace(/[^a-z_]/g, "")}">${state.toLowerCase().replaceAll("_", " ")}</span>`;

export const stateOf = (issue: Issue): string => (issue.pull?.merged ? "merged" : issue.state);
export const runState = (run: Run): string => run.conclusion ?? run.status;

export const commitLink = (place: Place, id: string): Html =>
  html`<a class="mono" href="${path(place, "commit", id)}" title="${id}">${id.slice(0, 7)}</a>`;

/** A branch, as a link to its commits as long as it is there. */
export const branch = (place: Place, name: string): Html =>
  place.refs.has(`refs/heads/${name}`)
    ? html`<a class="chip branch" href="${path(place, "commits", name)}">${cut(name, 100)}</a>`
    : html`<span class="chip" title="${name}">${cut(name, 100)}</span>`;

/** GitHub takes titles of at most 256 characters; git takes any. */
const LONGEST_TITLE = 256;
/** A title that can be shown and clicked, whatever was written. */
export const titleOf = (text: string): string => {
  const title = text.trim();
  if (title === "") return "(no title)";
  return title.length > LONGEST_TITLE ? `${cut(title, LONGEST_TITLE)}…` : title;
};

/** Where an issue or a pull request is shown. */
export const issuePath = (place: Place, { number, pull }: Issue): string => path(place, pull ? "pull" : "issues", number);

/** A name with long commit ids cut to what is read. */
export const shortly = (name: string): Html =>
  html`<span title="${name}"
    >${titleOf(name)
      .split("/")
      .map((part) => (isSha(part) ? part.slice(0, 12) : part))
      .join("/")}</span
  >`;

/** `id` for one that comes and goes, so that a page that renews itself knows it again. */
export const card = (of: { readonly title: Part; readonly more?: Part; readonly body: Part; readonly id: string }): Html =>
  html`<section class="card" id="${of.id}">
    <div class="head">
      <h2>${of.title}</h2>
      ${of.more ? html`<span class="more">${of.more}</span>` : null}
    </div>
    ${of.body}
  </section>`;

export const rows = (items: readonly Html[], nothing: string): Html =>
  items.length === 0
    ? html`<p class="empty">${nothing}</p>`
    : html`<ul class="rows">
        ${items}
      </ul>`;

/** Items of a long list, with links to the other pages of it. */
export const PER_PAGE = 50;
const NEWEST_FIRST = ["← newer", "older →"] as const;
type Pager = { readonly to: string; readonly page: number; readonly more: boolean; readonly words?: readonly [string, string] };
export const pager = ({ to, page, more, words: [before, after] = NEWEST_FIRST }: Pager): Html | null =>
  page > 1 || more
    ? html`<nav class="pager" aria-label="Pages">
        ${page > 1 ? html`<a href="${to}?page=${page - 1}">${before}</a>` : null}<span class="dim">page ${page}</span
        >${more ? html`<a href="${to}?page=${page + 1}">${after}</a>` : null}
      </nav>`
    : null;
