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

export const renderIssueRow = (place: PageScope, issue: Issue): SafeHtml => {
  const comments = [...place.repository.comments.values()].filter(({ issue: number }) => number === issue.number).length;
  const under = issue.pull
    ? html`${renderBranch(place, issue.pull.headRef)} → ${renderBranch(place, issue.pull.baseRef)}`
    : html`by ${renderAccount(issue.by)} · ${comments === 1 ? "1 comment" : `${comments} comments`}`;
  return html`<li>
    <span class="what"
      ><a href="${issuePath(place, issue)}">${formatPageTitle(issue.title)}</a>
      <span class="dim">#${issue.number}</span>${issue.labels.map((label) => html` <span class="chip">${label}</span>`)}</span
    ><span class="aside">${renderBadge(issueStateOf(issue))}</span><span class="under dim small">${under}</span
    ><span class="aside dim small">${renderTime(issue.updated)}</span>
  </li>`;
};

export const renderRunRow = (place: PageScope, run: ForgeRun): SafeHtml => {
  const time = run.status === "completed" ? html` · took ${formatElapsed(run.updated - run.created)}` : null;
  return html`<li>
    <span class="what"
      ><a href="${pagePath(place, "actions", "runs", run.id)}">${renderShortName(run.title)}</a>
      <span class="dim">#${run.number}</span></span
    ><span class="aside">${renderBadge(runState(run))}</span
    ><span class="under dim small">${run.name} · ${run.event} · ${renderBranch(place, run.branch)} ${renderCommitLink(place, run.sha)}</span
    ><span class="aside dim small">${renderTime(run.created)}${time}</span>
  </li>`;
};

/** Where a commit may name others. */
export const commitTexts = ({ title, body, trailers }: LoggedCommit): string[] => [title, body, ...trailers.map(({ value }) => value)];

/** Names each write of the ledger: of use to machines only. */
const HIDDEN_TRAILER = "Enki-Write";
const MAX_LISTED_BODY_CHARS = 2_000;

export const renderTrailers = ({ trailers }: LoggedCommit, lead: WordLink): SafeHtml | null => {
  const told = trailers
    .filter(({ name }) => name !== HIDDEN_TRAILER)
    .map(({ name, value }) => html`<span class="chip">${name}: ${linkWords(lead, value)}</span>`);
  return told.length > 0 ? html`<span class="chips">${told}</span>` : null;
};

/** A commit of a branch's own line; one that brought others in is marked. */
const renderCommitRow = (place: PageScope, commit: LoggedCommit, lead: WordLink): SafeHtml => {
  const body =
    commit.body === ""
      ? null
      : html`<pre class="dim wrap">
${linkWords(lead, takeFirstChars(commit.body, MAX_LISTED_BODY_CHARS))}${commit.body.length > MAX_LISTED_BODY_CHARS ? " …" : ""}</pre>`;
  return html`<li class="${commit.parents.length > 1 ? "merge" : "plain"}">
    <span class="rail" aria-hidden="true"></span
    ><span class="what"><a href="${pagePath(place, "commit", commit.id)}">${formatPageTitle(commit.title)}</a></span
    ><span class="aside dim small">${renderCommitLink(place, commit.id)} · ${renderTime(commit.at)}</span
    ><span class="under small">${body}${renderTrailers(commit, lead)}</span>
  </li>`;
};

/** Commits as a line, newest first. */
export const renderHistory = async (place: PageScope, commits: readonly LoggedCommit[], nothing: string): Promise<SafeHtml> => {
  if (commits.length === 0) return html`<p class="empty">${nothing}</p>`;
  const lead = await findWordLinks(place, commits.flatMap(commitTexts));
  return html`<ul class="rows history">
    ${commits.map((commit) => renderCommitRow(place, commit, lead))}
  </ul>`;
};
