import type { Issue, Run } from "../forge/state.ts";
import type { Commit } from "./history.ts";
import { html, type Html } from "./html.ts";
import { badge, commitLink, issuePath, lasted, person, runState, shortly, stateOf, when } from "./parts.ts";
import { path, type Place } from "./place.ts";

export const newestFirst = <T extends { readonly id: number }>(items: Iterable<T>): T[] => [...items].sort((a, b) => b.id - a.id);

export const issuesOf = ({ repository }: Place): Issue[] => newestFirst(repository.issues.values()).filter(({ pull }) => !pull);
export const pullsOf = ({ repository }: Place): Issue[] => newestFirst(repository.issues.values()).filter(({ pull }) => pull);

export const issueRow = (place: Place, issue: Issue): Html => {
  const comments = [...place.repository.comments.values()].filter(({ issue: number }) => number === issue.number).length;
  const under = issue.pull
    ? html`<span class="chip branch">${issue.pull.headRef}</span> → <span class="chip">${issue.pull.baseRef}</span>`
    : html`by ${person(issue.by)} · ${comments === 1 ? "1 comment" : `${comments} comments`}`;
  return html`<li>
    <span class="what"
      ><a href="${issuePath(place, issue)}">${issue.title}</a>
      <span class="dim">#${issue.number}</span>${issue.labels.map((label) => html` <span class="chip">${label}</span>`)}</span
    ><span class="aside">${badge(stateOf(issue))}</span><span class="under dim small">${under}</span
    ><span class="aside dim small">${when(issue.updated)}</span>
  </li>`;
};

export const runRow = (place: Place, run: Run): Html => {
  const time = run.status === "completed" ? html` · ${lasted(run.updated - run.created)}` : null;
  return html`<li>
    <span class="what"><a href="${path(place, "actions", "runs", run.id)}">${shortly(run.title)}</a></span
    ><span class="aside">${badge(runState(run))}</span
    ><span class="under dim small">${run.name} · ${run.event} · <span class="chip">${run.branch}</span> ${commitLink(place, run.sha)}</span
    ><span class="aside dim small">${when(run.created)}${time}</span>
  </li>`;
};

const trailer = (place: Place, { name, value }: Commit["trailers"][number]): Html => {
  const task = name === "Enki-Task" ? pullsOf(place).find(({ pull }) => pull?.headRef === `task/${value}`) : undefined;
  if (task) return html`<span class="chip">${name}: <a href="${issuePath(place, task)}">${value}</a></span>`;
  if (name === "Enki-Head") return html`<span class="chip">${name}: ${commitLink(place, value)}</span>`;
  return html`<span class="chip">${name}: ${value}</span>`;
};

/** A commit of a branch's own line; one that brought others in is marked. */
export const commitRow = (place: Place, commit: Commit): Html => {
  const body = commit.body === "" ? null : html`<pre class="dim">${commit.body}</pre>`;
  const chips = commit.trailers.length > 0 ? html`<span class="chips">${commit.trailers.map((each) => trailer(place, each))}</span>` : null;
  return html`<li class="${commit.parents.length > 1 ? "merge" : "plain"}">
    <span class="rail" aria-hidden="true"></span
    ><span class="what"><a href="${path(place, "commit", commit.id)}">${commit.title === "" ? "(no message)" : commit.title}</a></span
    ><span class="aside dim small">${commitLink(place, commit.id)} · ${when(commit.at)}</span
    ><span class="under small">${body}${chips}</span>
  </li>`;
};

export const history = (place: Place, commits: readonly Commit[]): Html =>
  commits.length === 0
    ? html`<p class="empty">Nothing has been written yet.</p>`
    : html`<ul class="rows history">
        ${commits.map((commit) => commitRow(place, commit))}
      </ul>`;
