import type { Issue } from "../forge/state.ts";
import { html, type Html, type Part } from "./html.ts";
import type { Page } from "./layout.ts";
import { issueRow, pullsOf } from "./lists.ts";
import { badge, card, person, rows, stateOf, titleOf, when } from "./parts.ts";
import type { Place } from "./place.ts";
import { commentsOf, talkOf } from "./talk.ts";

/** The title of an issue or a pull request, and what is known of it at a glance. */
export const heading = (issue: Issue, facts: Part): Html =>
  html`<div>
    <div class="title">
      <h1>${titleOf(issue.title)} <span class="number">#${issue.number}</span></h1>
      ${badge(stateOf(issue))}${issue.labels.map((label) => html`<span class="chip">${label}</span>`)}
    </div>
    <div class="facts">${facts}</div>
  </div>`;

const related = (place: Place, { number }: Issue): Html | null => {
  const mention = new RegExp(`(^|[\\s(,])#${number}\\b`);
  const pulls = pullsOf(place).filter(({ body }) => mention.test(body));
  if (pulls.length === 0) return null;
  const items = pulls.reverse().map((pull) => issueRow(place, pull));
  return card({ id: "related", title: "Pull requests for this issue", body: rows(items, "") });
};

/** An issue with everything that was said on it; `page` where a page of that is asked for. */
export const issuePage = async (place: Place, issue: Issue, page: number | null): Promise<Page> => {
  const closed = issue.closed === null ? null : html`<span>closed ${when(issue.closed)}</span>`;
  const facts = html`<span>opened by ${person(issue.by)} ${when(issue.created)}</span>${closed}`;
  const talk = await talkOf(place, issue, { said: commentsOf(place, issue), page });
  return {
    title: `${titleOf(issue.title)} #${issue.number}`,
    tab: "issues",
    main: html`${heading(issue, facts)}${related(place, issue)}${talk}`,
  };
};
