import type { Issue, Run } from "../forge/state.ts";
import { cut } from "../model/visible.ts";
import type { Commit } from "./history.ts";
import { html, type Html } from "./html.ts";
import { type Lead, leadsOf, linked } from "./linked.ts";
import { badge, branch, commitLink, issuePath, lasted, person, runState, shortly, stateOf, titleOf, when } from "./parts.ts";
import { path, type Place } from "./place.ts";

const newestFirst = <T extends { readonly id: number }>(items: Iterable<T>): T[] => [...items].sort((a, b) => b.id - a.id);

export const issuesOf = ({ repository }: Place): Issue[] => newestFirst(repository.issues.values()).filter(({ pull }) => !pull);
export const pullsOf = ({ repository }: Place): Issue[] => newestFirst(repository.issues.values()).filter(({ pull }) => pull);
export const runsOf = ({ repository }: Place): Run[] => newestFirst(repository.runs.values());

export const issueRow = (place: Place, issue: Issue): Html => {
  const comments = [...place.repository.comments.values()].filter(({ issue: number }) => number === issue.number).length;
  const under = issue.pull
    ? html`${branch(place, issue.pull.headRef)} → ${branch(place, issue.pull.baseRef)}`
    : html`by ${person(issue.by)} · ${comments === 1 ? "1 comment" : `${comments} comments`}`;
  return html`<li>
    <span class="what"
      ><a href="${issuePath(place, issue)}">${titleOf(issue.title)}</a>
      <span class="dim">#${issue.number}</span>${issue.labels.map((label) => html` <span class="chip">${label}</span>`)}</span
    ><span class="aside">${badge(stateOf(issue))}</span><span class="under dim small">${under}</span
    ><span class="aside dim small">${when(issue.updated)}</span>
  </li>`;
};

export const runRow = (place: Place, run: Run): Html => {
  const time = run.status === "completed" ? html` · took ${lasted(run.updated - run.created)}` : null;
  return html`<li>
    <span class="what"
      ><a href="${path(place, "actions", "runs", run.id)}">${shortly(run.title)}</a> <span class="dim">#${run.number}</span></span
    ><span class="aside">${badge(runState(run))}</span
    ><span class="under dim small">${run.name} · ${run.event} · ${branch(place, run.branch)} ${commitLink(place, run.sha)}</span
    ><span class="aside dim small">${when(run.created)}${time}</span>
  </li>`;
};

/** Where a commit may name others. */
export const textsOf = ({ title, body, trailers }: Commit): string[] => [title, body, ...trailers.map(({ value }) => value)];

/** Names each write of the ledger: of use to machines only. */
const UNTOLD = "Enki-Write";
const LONGEST = 2_000;

export const trailerChips = ({ trailers }: Commit, lead: Lead): Html | null => {
  const told = trailers
    .filter(({ name }) => name !== UNTOLD)
    .map(({ name, value }) => html`<span class="chip">${name}: ${linked(lead, value)}</span>`);
  return told.length > 0 ? html`<span class="chips">${told}</span>` : null;
};

/** A commit of a branch's own line; one that brought others in is marked. */
const commitRow = (place: Place, commit: Commit, lead: Lead): Html => {
  const body =
    commit.body === ""
      ? null
      : html`<pre class="dim wrap">${linked(lead, cut(commit.body, LONGEST))}${commit.body.length > LONGEST ? " …" : ""}</pre>`;
  return html`<li class="${commit.parents.length > 1 ? "merge" : "plain"}">
    <span class="rail" aria-hidden="true"></span
    ><span class="what"><a href="${path(place, "commit", commit.id)}">${titleOf(commit.title)}</a></span
    ><span class="aside dim small">${commitLink(place, commit.id)} · ${when(commit.at)}</span
    ><span class="under small">${body}${trailerChips(commit, lead)}</span>
  </li>`;
};

/** Commits as a line, newest first. */
export const history = async (place: Place, commits: readonly Commit[], nothing: string): Promise<Html> => {
  if (commits.length === 0) return html`<p class="empty">${nothing}</p>`;
  const lead = await leadsOf(place, commits.flatMap(textsOf));
  return html`<ul class="rows history">
    ${commits.map((commit) => commitRow(place, commit, lead))}
  </ul>`;
};
