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
  readonly action: TemplatePart;
  /** A later change, such as an edit. */
  readonly since?: TemplatePart;
  readonly body: string;
  /** Content below the text. */
  readonly after?: TemplatePart;
};

/** GitHub's limit for a comment. This forge has no limit for texts of issues. */
const MAX_PAGE_COMMENT_CHARS = 65_536;
/** The number of entries on one page. */
const DISCUSSION_PAGE_ENTRIES = 100;
const DISCUSSION_END_ENTRIES = DISCUSSION_PAGE_ENTRIES / 2;
/** The number of characters that one page renders as Markdown. Later texts are shown as plain text. */
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

type EntryRendering = Pick<MarkdownOptions, "wordLink" | "markdownCache"> & { readonly rendered: boolean };

const renderEntryBody = ({ id, body }: DiscussionEntry, { rendered, ...options }: EntryRendering): SafeHtml => {
  if (body.length <= MAX_PAGE_COMMENT_CHARS) return rendered ? renderMarkdown(body, { id, ...options }) : renderPlainText(body);
  return html`${renderPlainText(takeFirstChars(body, MAX_PAGE_COMMENT_CHARS))}
    <p class="dim">
      ${body.length - MAX_PAGE_COMMENT_CHARS} more characters are not shown. GitHub does not accept a text of this length.
    </p>`;
};

const renderEntryCard = (entry: DiscussionEntry, rendering: EntryRendering): SafeHtml => {
  const { id, by, at, action, since = null, body, after = null } = entry;
  const text = body.trim() === "" ? null : html`<div class="in prose">${renderEntryBody(entry, rendering)}${after}</div>`;
  return html`<article class="card comment${by.type === "Bot" ? " by-bot" : ""}" id="${id}">
    <div class="head">
      ${renderAccount(by)} <span class="dim">${action} <a href="#${id}">${renderTime(at)}</a>${since}</span>
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

/** The comments on an issue or pull request, oldest first. */
export const commentEntries = ({ repository }: PageScope, { number }: Issue): DiscussionEntry[] =>
  [...repository.comments.values()]
    .filter(({ issue }) => issue === number)
    .map((comment) => {
      const { id, by, created: at, updated, body } = comment;
      const since = updated > at ? html` · edited ${renderTime(updated)}` : null;
      return { id: `issuecomment-${id}`, by, at, action: "commented", since, body, after: renderReactions(comment) };
    })
    .sort((a, b) => a.at - b.at);

const openingEntry = ({ number, by, created, body }: Issue): DiscussionEntry => ({
  id: `issue-${number}`,
  by,
  at: created,
  action: "wrote",
  body: body.trim() === "" ? "*No description provided.*" : body,
});

/** Selects the entries to show: one page, all of them, or both ends of a long discussion with a note in between. */
const selectEntries = (
  issue: Issue,
  entries: readonly DiscussionEntry[],
  request: { page: number | null; to: string },
): readonly (DiscussionEntry | SafeHtml)[] => {
  const { page, to } = request;
  if (page !== null) {
    const pages = renderPager({ to, page, more: entries.length > page * DISCUSSION_PAGE_ENTRIES, labels: ["← earlier", "later →"] });
    return [...entries.slice((page - 1) * DISCUSSION_PAGE_ENTRIES, page * DISCUSSION_PAGE_ENTRIES), ...(pages ? [pages] : [])];
  }
  if (entries.length <= DISCUSSION_PAGE_ENTRIES) return [openingEntry(issue), ...entries];
  const gap = html`<p class="gap">
    <b>${entries.length - DISCUSSION_PAGE_ENTRIES} comments</b> between these are not shown.
    <a href="${to}?page=1">Read all ${entries.length}, page by page</a>
  </p>`;
  return [openingEntry(issue), ...entries.slice(0, DISCUSSION_END_ENTRIES), gap, ...entries.slice(-DISCUSSION_END_ENTRIES)];
};

/** Renders the text of an issue or pull request and its discussion. */
export const renderDiscussion = async (
  scope: PageScope,
  issue: Issue,
  discussion: { entries: readonly DiscussionEntry[]; page: number | null },
): Promise<SafeHtml> => {
  const chosen = selectEntries(issue, discussion.entries, { page: discussion.page, to: issuePath(scope, issue) });
  const wordLink = await findWordLinks(
    scope,
    chosen.flatMap((entry) => ("body" in entry ? [entry.body] : [])),
  );
  let remainingChars = MAX_MARKDOWN_CHARS;
  const cards = chosen.map((entry) => {
    if (!("body" in entry)) return entry;
    remainingChars -= entry.body.length;
    return renderEntryCard(entry, { wordLink, markdownCache: scope.markdownCache, rendered: remainingChars >= 0 });
  });
  return html`${cards}`;
};

/** The address of a comment, with its page if the discussion page does not show it. */
export const commentPagePath = (scope: PageScope, issue: Issue, comment: number): string => {
  const id = `issuecomment-${comment}`;
  const entries = commentEntries(scope, issue);
  const at = entries.findIndex((entry) => entry.id === id);
  const hidden = at >= DISCUSSION_END_ENTRIES && at < entries.length - DISCUSSION_END_ENTRIES && entries.length > DISCUSSION_PAGE_ENTRIES;
  return `${issuePath(scope, issue)}${hidden ? `?page=${Math.floor(at / DISCUSSION_PAGE_ENTRIES) + 1}` : ""}#${id}`;
};
