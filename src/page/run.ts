import type { Run, RunJob } from "../forge/state.ts";
import { html, type Html } from "./html.ts";
import { readTail, showLog } from "./job-log.ts";
import type { Page } from "./layout.ts";
import { badge, branch, commitLink, lasted, person, runState, shortly, titleOf, when } from "./parts.ts";
import { path, type Place } from "./place.ts";

const GLYPHS: Readonly<Record<string, string>> = { success: "✓", failure: "✕", cancelled: "⊘", skipped: "–", timed_out: "⏱" };

const stepLine = ({ name, conclusion }: RunJob["report"]["steps"][number]): Html =>
  html`<li>
    <span class="mono is-${conclusion ?? "pending"}" title="${conclusion ?? "not yet"}"
      >${conclusion === null ? "·" : (GLYPHS[conclusion] ?? "?")}</span
    >
    <span>${name}</span>
  </li>`;

const took = ({ report, started, completed }: RunJob): string =>
  started !== null && completed !== null && report.conclusion !== "skipped" ? lasted(completed - started) : "";

const silence = ({ status, conclusion }: RunJob["report"]): string => {
  if (conclusion === "skipped") return "Skipped.";
  return status === "completed" ? "No log is left." : "No output yet.";
};

const jobCard = async (place: Place, { run, job }: { run: Run; job: RunJob }): Promise<Html> => {
  const { report } = job;
  const tail = report.log === null ? null : await readTail(report.log, run.jobs.size);
  const time = took(job);
  const raw = tail && html`<a href="${path(place, "actions", "runs", run.id, "job", job.id)}">whole log</a>`;
  const open = report.conclusion !== "skipped" && report.conclusion !== "success";
  const running = report.status === "in_progress" ? html` data-running` : null;
  return html`<details class="card" id="job-${job.id}" ${open ? html` open` : null}${running}>
    <summary>
      <b>${report.name}</b> ${badge(report.conclusion ?? report.status)}<span class="right small"
        ><span class="dim">${time}${raw && time !== "" ? " · " : null}</span>${raw}</span
      >
    </summary>
    ${
      report.steps.length > 0
        ? html`<ol class="steps">
            ${report.steps.map(stepLine)}
          </ol>`
        : null
    }${tail && tail.text !== "" ? showLog(tail) : html`<p class="empty">${silence(report)}</p>`}
  </details>`;
};

/** A run: its jobs, their steps, and what each of them printed. */
export const runPage = async (place: Place, run: Run): Promise<Page> => {
  const jobs = await Promise.all([...run.jobs.values()].map((job) => jobCard(place, { run, job })));
  const why = run.why === "" ? null : html`<p class="card in"><b>It could not start.</b> ${run.why}</p>`;
  const time = run.status === "completed" ? html`<span>took ${lasted(run.updated - run.created)}</span>` : null;
  const main = html`<div>
      <div class="title">
        <h1>${shortly(run.title)} <span class="number">#${run.number}</span></h1>
        ${badge(runState(run))}
      </div>
      <div class="facts">
        <span>${run.name} · <span class="mono">${run.path}</span></span
        ><span>by ${run.event} of ${person(run.actor.account)}</span><span>${branch(place, run.branch)} ${commitLink(place, run.sha)}</span
        ><span>${when(run.created)}</span>${time}
      </div>
    </div>
    ${why} ${jobs.length === 0 && run.why === "" ? html`<p class="dim">No job has begun.</p>` : jobs}`;
  return { title: titleOf(run.title), tab: "actions", main };
};
