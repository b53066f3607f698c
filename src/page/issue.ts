import type { Account, Comment, Issue } from "../forge/state.ts";
import { html, type Html, type Part } from "./html.ts";
import type { Page } from "./layout.ts";
import { issueRow, pullsOf } from "./lists.ts";
import { readMarkdown } from "./markdown.ts";
import { badge, card, person, reading, rows, stateOf, when } from "./parts.ts";
import type { Place } from "./place.ts";

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

type Said = { readonly id: string; readonly by: Account; readonly at: number; readonly what: Part; readonly body: string };

/** Something that somebody said, with the Markdown rendered. */
export const said = (place: Place, { id, by, at, what, body }: Said, after: Part = null): Html => {
  const text = body.trim() === "" ? null : html`<div class="in prose">${readMarkdown(body, reading(place, id))}${after}</div>`;
  return html`<article class="card comment${by.type === "Bot" ? " by-bot" : ""}" id="${id}">
    <div class="head">
      ${person(by)} <span class="dim">${what} <a href="#${id}">${when(at)}</a></span>
    </div>
    ${text}
  </article>`;
};

const reactions = ({ reactions }: Comment): Html | null => {
  const counts = new Map<string, string[]>();
  for (const { content, by } of reactions) counts.set(content, [...(counts.get(content) ?? []), by.login]);
  if (counts.size === 0) return null;
  return html`<p class="small">
    ${[...counts].map(([content, by]) => html`<span class="chip" title="${by.join(", ")}">${REACTIONS[content] ?? content} ${by.length}</span> `)}
  </p>`;
};

export const commentCard = (place: Place, comment: Comment): Html => {
  const edited =
    comment.updated > comment.created
      ? html`<span title="${new Date(comment.updated).toISOString()}">wrote, and edited since,</span>`
      : "wrote";
  const of = { id: `c${comment.id}`, by: comment.by, at: comment.created, what: edited, body: comment.body };
  return said(place, of, reactions(comment));
};

export const commentsOf = ({ repository }: Place, { number }: Issue): Comment[] =>
  [...repository.comments.values()].filter(({ issue }) => issue === number).sort((a, b) => a.id - b.id);

/** The title of an issue or a pull request, and what is known of it at a glance. */
export const heading = (issue: Issue, facts: Part): Html =>
  html`<div>
    <div class="title">
      <h1>${issue.title} <span class="number">#${issue.number}</span></h1>
      ${badge(stateOf(issue))}${issue.labels.map((label) => html`<span class="chip">${label}</span>`)}
    </div>
    <div class="facts">${facts}</div>
  </div>`;

const related = (place: Place, { number }: Issue): Html | null => {
  const mention = new RegExp(`(^|[\\s(,])#${number}\\b`);
  const pulls = pullsOf(place).filter(({ body }) => mention.test(body));
  return pulls.length === 0
    ? null
    : card({
        title: "Pull requests for this issue",
        body: rows(
          [...pulls].reverse().map((pull) => issueRow(place, pull)),
          "",
        ),
      });
};

/** An issue with everything that was said on it. */
export const issuePage = (place: Place, issue: Issue): Page => {
  const facts = html`<span>opened by ${person(issue.by)} ${when(issue.created)}</span
    >${issue.closed === null ? null : html`<span>closed ${when(issue.closed)}</span>`}`;
  const first = said(place, { id: `issue-${issue.number}`, by: issue.by, at: issue.created, what: "wrote", body: issue.body });
  const comments = commentsOf(place, issue).map((comment) => commentCard(place, comment));
  return {
    title: `${issue.title} #${issue.number}`,
    tab: "issues",
    main: html`${heading(issue, facts)}${related(place, issue)}${first}${comments}`,
  };
};
