import type { Issue } from "../api/forge-issue.ts";
import type { ForgeRun } from "../api/forge-run.ts";
import { takeFirstChars } from "../../core/domain/visible-text.ts";
import type { LoggedCommit } from "./commit-log.ts";
import { html, type SafeHtml } from "./safe-html.ts";
import { type WordLink, findWordLinks, linkWords } from "./word-links.ts";
import {
  renderBadge,
  renderBranch,
  renderCommitLink,
  issuePath,
  formatElapsed,
  renderAccount,
  runState,
  renderShortName,
  issueStateOf,
  formatPageTitle,
  renderTime,
} from "./page-parts.ts";
import { pagePath, type PageScope } from "./page-scope.ts";

const sortNewestFirst = <T extends { readonly id: number }>(items: Iterable<T>): T[] => [...items].sort((a, b) => b.id - a.id);

export const listPageIssues = ({ repository }: PageScope): Issue[] =>
  sortNewestFirst(repository.issues.values()).filter(({ pull }) => !pull);
export const listPagePulls = ({ repository }: PageScope): Issue[] => sortNewestFirst(repository.issues.values()).filter(({ pull }) => pull);
export const listPageRuns = ({ repository }: PageScope): ForgeRun[] => sortNewestFirst(repository.runs.values());

export const renderIssueRow = (scope: PageScope, issue: Issue): SafeHtml => {
  const comments = [...scope.repository.comments.values()].filter(({ issue: number }) => number === issue.number).length;
  const under = issue.pull
    ? html`${renderBranch(scope, issue.pull.headRef)} → ${renderBranch(scope, issue.pull.baseRef)}`
    : html`by ${renderAccount(issue.by)} · ${comments === 1 ? "1 comment" : `${comments} comments`}`;
  return html`<li>
    <span class="what"
      ><a href="${issuePath(scope, issue)}">${formatPageTitle(issue.title)}</a>
      <span class="dim">#${issue.number}</span>${issue.labels.map((label) => html` <span class="chip">${label}</span>`)}</span
    ><span class="aside">${renderBadge(issueStateOf(issue))}</span><span class="under dim small">${under}</span
    ><span class="aside dim small">${renderTime(issue.updated)}</span>
  </li>`;
};

export const renderRunRow = (scope: PageScope, run: ForgeRun): SafeHtml => {
  const time = run.status === "completed" ? html` · took ${formatElapsed(run.updated - run.created)}` : null;
  return html`<li>
    <span class="what"
      ><a href="${pagePath(scope, "actions", "runs", run.id)}">${renderShortName(run.title)}</a>
      <span class="dim">#${run.number}</span></span
    ><span class="aside">${renderBadge(runState(run))}</span
    ><span class="under dim small">${run.name} · ${run.event} · ${renderBranch(scope, run.branch)} ${renderCommitLink(scope, run.sha)}</span
    ><span class="aside dim small">${renderTime(run.created)}${time}</span>
  </li>`;
};

/** The texts of a commit that may mention other commits, issues or tasks. */
export const commitTexts = ({ title, body, trailers }: LoggedCommit): string[] => [title, body, ...trailers.map(({ value }) => value)];

/** The trailer with the id of a ledger write, which people do not need. */
const HIDDEN_TRAILER = "Enki-Write";
const MAX_LISTED_BODY_CHARS = 2_000;

export const renderTrailers = ({ trailers }: LoggedCommit, wordLink: WordLink): SafeHtml | null => {
  const chips = trailers
    .filter(({ name }) => name !== HIDDEN_TRAILER)
    .map(({ name, value }) => html`<span class="chip">${name}: ${linkWords(wordLink, value)}</span>`);
  return chips.length > 0 ? html`<span class="chips">${chips}</span>` : null;
};

/** Renders a commit of a first-parent history. Merges are marked. */
const renderCommitRow = (scope: PageScope, commit: LoggedCommit, wordLink: WordLink): SafeHtml => {
  const body =
    commit.body === ""
      ? null
      : html`<pre class="dim wrap">
${linkWords(wordLink, takeFirstChars(commit.body, MAX_LISTED_BODY_CHARS))}${commit.body.length > MAX_LISTED_BODY_CHARS ? " …" : ""}</pre>`;
  return html`<li class="${commit.parents.length > 1 ? "merge" : "plain"}">
    <span class="rail" aria-hidden="true"></span
    ><span class="what"><a href="${pagePath(scope, "commit", commit.id)}">${formatPageTitle(commit.title)}</a></span
    ><span class="aside dim small">${renderCommitLink(scope, commit.id)} · ${renderTime(commit.at)}</span
    ><span class="under small">${body}${renderTrailers(commit, wordLink)}</span>
  </li>`;
};

/** Renders commits as a timeline, newest first. */
export const renderHistory = async (scope: PageScope, commits: readonly LoggedCommit[], emptyText: string): Promise<SafeHtml> => {
  if (commits.length === 0) return html`<p class="empty">${emptyText}</p>`;
  const wordLink = await findWordLinks(scope, commits.flatMap(commitTexts));
  return html`<ul class="rows history">
    ${commits.map((commit) => renderCommitRow(scope, commit, wordLink))}
  </ul>`;
};
