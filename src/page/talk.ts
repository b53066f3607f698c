import type { Account, Comment, Issue } from "../forge/state.ts";
import { cut } from "../model/visible.ts";
import { html, type Html, type Part } from "./html.ts";
import { leadsOf } from "./linked.ts";
import { asWritten, type Reading, readMarkdown } from "./markdown.ts";
import { issuePath, pager, person, when } from "./parts.ts";
import type { Place } from "./place.ts";

export type Said = {
  readonly id: string;
  readonly by: Account;
  readonly at: number;
  readonly what: Part;
  /** What happened to it later. */
  readonly since?: Part;
  readonly body: string;
  /** What stands below the text. */
  readonly after?: Part;
};

/** GitHub takes no longer comment; this forge takes any. */
const LONGEST = 65_536;
/** Comments of a page, and of each end where no page is asked for. */
const PER_TALK = 100;
const PER_END = PER_TALK / 2;
/** Characters that are read as Markdown for one page; what is more is shown as it was written. */
const MOST_PROSE = 200_000;

const REACTIONS: Readonly<Record<string, string>> = {
  "+1": "👍",
  "-1": "👎",
  laugh: "😄",
  hooray: "🎉",
  confused: "😕",
  heart: "❤️",
  rocket: "🚀",
  eyes: "👀",
};

type Rendering = Pick<Reading, "lead" | "memory"> & { readonly rendered: boolean };

const bodyOf = ({ id, body }: Said, { rendered, ...of }: Rendering): Html => {
  if (body.length <= LONGEST) return rendered ? readMarkdown(body, { id, ...of }) : asWritten(body);
  return html`${asWritten(cut(body, LONGEST))}
    <p class="dim">${body.length - LONGEST} more characters are not shown here: GitHub would not take such a long text.</p>`;
};

const cardOf = (one: Said, rendering: Rendering): Html => {
  const { id, by, at, what, since = null, body, after = null } = one;
  const text = body.trim() === "" ? null : html`<div class="in prose">${bodyOf(one, rendering)}${after}</div>`;
  return html`<article class="card comment${by.type === "Bot" ? " by-bot" : ""}" id="${id}">
    <div class="head">
      ${person(by)} <span class="dim">${what} <a href="#${id}">${when(at)}</a>${since}</span>
    </div>
    ${text}
  </article>`;
};

const reactionsOf = ({ reactions }: Comment): Html | null => {
  const counts = new Map<string, string[]>();
  for (const { content, by } of reactions) counts.set(content, [...(counts.get(content) ?? []), by.login]);
  if (counts.size === 0) return null;
  return html`<p class="reactions">
    ${[...counts].map(([content, by]) => html`<span class="chip" title="${content}: ${by.join(", ")}">${REACTIONS[content] ?? content} ${by.length}</span> `)}
  </p>`;
};

/** What was said on an issue or a pull request after it was opened, oldest first. */
export const commentsOf = ({ repository }: Place, { number }: Issue): Said[] =>
  [...repository.comments.values()]
    .filter(({ issue }) => issue === number)
    .map((comment) => {
      const { id, by, created: at, updated, body } = comment;
      const since = updated > at ? html` · edited ${when(updated)}` : null;
      return { id: `issuecomment-${id}`, by, at, what: "commented", since, body, after: reactionsOf(comment) };
    })
    .sort((a, b) => a.at - b.at);

const openingOf = ({ number, by, created, body }: Issue): Said => ({
  id: `issue-${number}`,
  by,
  at: created,
  what: "wrote",
  body: body.trim() === "" ? "*Nothing more was written.*" : body,
});

/** What of a talk is shown: all of it, both ends of it, or a page of it; and what stands between or after. */
const choose = (issue: Issue, said: readonly Said[], asked: { page: number | null; to: string }): readonly (Said | Html)[] => {
  const { page, to } = asked;
  if (page !== null) {
    const pages = pager({ to, page, more: said.length > page * PER_TALK, words: ["← earlier", "later →"] });
    return [...said.slice((page - 1) * PER_TALK, page * PER_TALK), ...(pages ? [pages] : [])];
  }
  if (said.length <= PER_TALK) return [openingOf(issue), ...said];
  const gap = html`<p class="gap">
    <b>${said.length - PER_TALK} comments</b> between these are not shown here.
    <a href="${to}?page=1">Read all ${said.length}, page by page</a>
  </p>`;
  return [openingOf(issue), ...said.slice(0, PER_END), gap, ...said.slice(-PER_END)];
};

/** The text of an issue or a pull request, and what was said on it, in order. */
export const talkOf = async (place: Place, issue: Issue, of: { said: readonly Said[]; page: number | null }): Promise<Html> => {
  const chosen = choose(issue, of.said, { page: of.page, to: issuePath(place, issue) });
  const lead = await leadsOf(
    place,
    chosen.flatMap((one) => ("body" in one ? [one.body] : [])),
  );
  let left = MOST_PROSE;
  const cards = chosen.map((one) => {
    if (!("body" in one)) return one;
    left -= one.body.length;
    return cardOf(one, { lead, memory: place.memory, rendered: left >= 0 });
  });
  return html`${cards}`;
};

/** Where a comment is shown, also where it is not among the first and the last. */
export const commentPath = (place: Place, issue: Issue, comment: number): string => {
  const id = `issuecomment-${comment}`;
  const said = commentsOf(place, issue);
  const at = said.findIndex((one) => one.id === id);
  const hidden = at >= PER_END && at < said.length - PER_END && said.length > PER_TALK;
  return `${issuePath(place, issue)}${hidden ? `?page=${Math.floor(at / PER_TALK) + 1}` : ""}#${id}`;
};
