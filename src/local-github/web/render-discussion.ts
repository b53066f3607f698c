import type { ForgeAccount } from "../api/forge-actor.ts";
import type { IssueComment, Issue } from "../api/forge-issue.ts";
import { takeFirstChars } from "../../core/domain/visible-text.ts";
import { html, type SafeHtml, type TemplatePart } from "./safe-html.ts";
import { findWordLinks } from "./word-links.ts";
import { renderPlainText, type MarkdownOptions, renderMarkdown } from "./render-markdown.ts";
import { issuePath, renderPager, renderAccount, renderTime } from "./page-parts.ts";
import type { PageScope } from "./page-scope.ts";

export type DiscussionEntry = {
  readonly id: string;
  readonly by: ForgeAccount;
  readonly at: number;
  readonly what: TemplatePart;
  /** What happened to it later. */
  readonly since?: TemplatePart;
  readonly body: string;
  /** What stands below the text. */
  readonly after?: TemplatePart;
};

/** GitHub takes no longer comment; this forge takes any. */
const MAX_PAGE_COMMENT_CHARS = 65_536;
/** Comments of a page, and of each end where no page is asked for. */
const DISCUSSION_PAGE_ENTRIES = 100;
const DISCUSSION_END_ENTRIES = DISCUSSION_PAGE_ENTRIES / 2;
/** Characters that are read as Markdown for one page; what is more is shown as it was written. */
const MAX_MARKDOWN_CHARS = 200_000;

const REACTION_EMOJI: Readonly<Record<string, string>> = {
  "+1": "👍",
  "-1": "👎",
  laugh: "😄",
  hooray: "🎉",
  confused: "😕",
  heart: "❤️",
  rocket: "🚀",
  eyes: "👀",
};

type EntryRendering = Pick<MarkdownOptions, "lead" | "memory"> & { readonly rendered: boolean };

const renderEntryBody = ({ id, body }: DiscussionEntry, { rendered, ...of }: EntryRendering): SafeHtml => {
  if (body.length <= MAX_PAGE_COMMENT_CHARS) return rendered ? renderMarkdown(body, { id, ...of }) : renderPlainText(body);
  return html`${renderPlainText(takeFirstChars(body, MAX_PAGE_COMMENT_CHARS))}
    <p class="dim">${body.length - MAX_PAGE_COMMENT_CHARS} more characters are not shown here: GitHub would not take such a long text.</p>`;
};

const renderEntryCard = (one: DiscussionEntry, rendering: EntryRendering): SafeHtml => {
  const { id, by, at, what, since = null, body, after = null } = one;
  const text = body.trim() === "" ? null : html`<div class="in prose">${renderEntryBody(one, rendering)}${after}</div>`;
  return html`<article class="card comment${by.type === "Bot" ? " by-bot" : ""}" id="${id}">
    <div class="head">
      ${renderAccount(by)} <span class="dim">${what} <a href="#${id}">${renderTime(at)}</a>${since}</span>
    </div>
    ${text}
  </article>`;
};

const renderReactions = ({ reactions }: IssueComment): SafeHtml | null => {
  const counts = new Map<string, string[]>();
  for (const { content, by } of reactions) counts.set(content, [...(counts.get(content) ?? []), by.login]);
  if (counts.size === 0) return null;
  return html`<p class="reactions">
    ${[...counts].map(([content, by]) => html`<span class="chip" title="${content}: ${by.join(", ")}">${REACTION_EMOJI[content] ?? content} ${by.length}</span> `)}
  </p>`;
};

/** What was said on an issue or a pull request after it was opened, oldest first. */
export const commentEntries = ({ repository }: PageScope, { number }: Issue): DiscussionEntry[] =>
  [...repository.comments.values()]
    .filter(({ issue }) => issue === number)
    .map((comment) => {
      const { id, by, created: at, updated, body } = comment;
      const since = updated > at ? html` · edited ${renderTime(updated)}` : null;
      return { id: `issuecomment-${id}`, by, at, what: "commented", since, body, after: renderReactions(comment) };
    })
    .sort((a, b) => a.at - b.at);

const openingEntry = ({ number, by, created, body }: Issue): DiscussionEntry => ({
  id: `issue-${number}`,
  by,
  at: created,
  what: "wrote",
  body: body.trim() === "" ? "*Nothing more was written.*" : body,
});

/** What of a talk is shown: all of it, both ends of it, or a page of it; and what stands between or after. */
const selectEntries = (
  issue: Issue,
  said: readonly DiscussionEntry[],
  asked: { page: number | null; to: string },
): readonly (DiscussionEntry | SafeHtml)[] => {
  const { page, to } = asked;
  if (page !== null) {
    const pages = renderPager({ to, page, more: said.length > page * DISCUSSION_PAGE_ENTRIES, words: ["← earlier", "later →"] });
    return [...said.slice((page - 1) * DISCUSSION_PAGE_ENTRIES, page * DISCUSSION_PAGE_ENTRIES), ...(pages ? [pages] : [])];
  }
  if (said.length <= DISCUSSION_PAGE_ENTRIES) return [openingEntry(issue), ...said];
  const gap = html`<p class="gap">
    <b>${said.length - DISCUSSION_PAGE_ENTRIES} comments</b> between these are not shown here.
    <a href="${to}?page=1">Read all ${said.length}, page by page</a>
  </p>`;
  return [openingEntry(issue), ...said.slice(0, DISCUSSION_END_ENTRIES), gap, ...said.slice(-DISCUSSION_END_ENTRIES)];
};

/** The text of an issue or a pull request, and what was said on it, in order. */
export const renderDiscussion = async (
  place: PageScope,
  issue: Issue,
  of: { said: readonly DiscussionEntry[]; page: number | null },
): Promise<SafeHtml> => {
  const chosen = selectEntries(issue, of.said, { page: of.page, to: issuePath(place, issue) });
  const lead = await findWordLinks(
    place,
    chosen.flatMap((one) => ("body" in one ? [one.body] : [])),
  );
  let left = MAX_MARKDOWN_CHARS;
  const cards = chosen.map((one) => {
    if (!("body" in one)) return one;
    left -= one.body.length;
    return renderEntryCard(one, { lead, memory: place.memory, rendered: left >= 0 });
  });
  return html`${cards}`;
};

/** Where a comment is shown, also where it is not among the first and the last. */
export const commentPagePath = (place: PageScope, issue: Issue, comment: number): string => {
  const id = `issuecomment-${comment}`;
  const said = commentEntries(place, issue);
  const at = said.findIndex((one) => one.id === id);
  const hidden = at >= DISCUSSION_END_ENTRIES && at < said.length - DISCUSSION_END_ENTRIES && said.length > DISCUSSION_PAGE_ENTRIES;
  return `${issuePath(place, issue)}${hidden ? `?page=${Math.floor(at / DISCUSSION_PAGE_ENTRIES) + 1}` : ""}#${id}`;
};
