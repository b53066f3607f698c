import { readFile } from "node:fs/promises";
import { takeFirstChars } from "../../core/domain/visible-text.ts";
import { toSummaryFile } from "../actions/job-log.ts";
import type { ForgeRun, WorkflowRunJob } from "../api/forge-run.ts";
import { renderMarkdown } from "./render-markdown.ts";
import { html, type SafeHtml } from "./safe-html.ts";
import { readLogTail, renderLog } from "./render-log.ts";
import type { PageContent } from "./page-layout.ts";
import {
  renderBadge,
  renderCard,
  renderBranch,
  renderCommitLink,
  formatElapsed,
  renderAccount,
  runState,
  renderShortName,
  formatPageTitle,
  renderTime,
} from "./page-parts.ts";
import { pagePath, type PageScope } from "./page-scope.ts";

const CONCLUSION_GLYPHS: Readonly<Record<string, string>> = { success: "✓", failure: "✕", cancelled: "⊘", skipped: "–", timed_out: "⏱" };

const renderStepLine = ({ name, conclusion }: WorkflowRunJob["report"]["steps"][number]): SafeHtml =>
  html`<li>
    <span class="mono is-${conclusion ?? "pending"}" title="${conclusion ?? "not finished"}"
      >${conclusion === null ? "·" : (CONCLUSION_GLYPHS[conclusion] ?? "?")}</span
    >
    <span>${name}</span>
  </li>`;

const formatJobTime = ({ report, started, completed }: WorkflowRunJob): string =>
  started !== null && completed !== null && report.conclusion !== "skipped" ? formatElapsed(completed - started) : "";

const explainMissingLog = ({ status, conclusion }: WorkflowRunJob["report"]): string => {
  if (conclusion === "skipped") return "Skipped.";
  return status === "completed" ? "The log no longer exists." : "No output yet.";
};

/** The limit for the summaries of a job on a page. */
const MAX_PAGE_SUMMARY_CHARS = 100_000;

/** Renders the summaries that the steps of a job wrote. They are texts by others. */
const renderSummary = async (scope: PageScope, { id, report }: WorkflowRunJob): Promise<SafeHtml | null> => {
  const text = report.log === null ? "" : await readFile(toSummaryFile(report.log), "utf8").catch(() => "");
  if (text.trim() === "") return null;
  const { markdownCache } = scope;
  const body = renderMarkdown(takeFirstChars(text, MAX_PAGE_SUMMARY_CHARS), { wordLink: () => null, id: `summary-${id}`, markdownCache });
  return renderCard({ id: `summary-${id}`, title: `Summary of ${report.name}`, body: html`<div class="in prose">${body}</div>` });
};

const renderJobCard = async (scope: PageScope, { run, job }: { run: ForgeRun; job: WorkflowRunJob }): Promise<SafeHtml> => {
  const { report } = job;
  const tail = report.log === null ? null : await readLogTail(report.log, run.jobs.size);
  const time = formatJobTime(job);
  const raw = tail && html`<a href="${pagePath(scope, "actions", "runs", run.id, "job", job.id)}">whole log</a>`;
  const open = report.conclusion !== "skipped" && report.conclusion !== "success";
  const running = report.status === "in_progress" ? html` data-running` : null;
  return html`<details class="card" id="job-${job.id}" ${open ? html` open` : null}${running}>
    <summary><b>${report.name}</b> ${renderBadge(report.conclusion ?? report.status)}<span class="right small dim">${time}</span></summary>
    ${
      report.steps.length > 0
        ? html`<ol class="steps">
            ${report.steps.map(renderStepLine)}
          </ol>`
        : null
    }${raw && html`<p class="in small">${raw}</p>`}${tail && tail.text !== "" ? renderLog(tail) : html`<p class="empty">${explainMissingLog(report)}</p>`}
  </details>`;
};

/** Renders a run: its jobs with their steps and logs. */
export const renderRunPage = async (scope: PageScope, run: ForgeRun): Promise<PageContent> => {
  const jobs = await Promise.all([...run.jobs.values()].map((job) => renderJobCard(scope, { run, job })));
  const summaries = await Promise.all([...run.jobs.values()].map((job) => renderSummary(scope, job)));
  const failure = run.reason === "" ? null : html`<p class="card in"><b>The run could not start.</b> ${run.reason}</p>`;
  const time = run.status === "completed" ? html`<span>took ${formatElapsed(run.updated - run.created)}</span>` : null;
  const main = html`<div>
      <div class="title">
        <h1>${renderShortName(run.title)} <span class="number">#${run.number}</span></h1>
        ${renderBadge(runState(run))}
      </div>
      <div class="facts">
        <span>${run.name} · <span class="mono">${run.path}</span></span
        ><span>${run.event} by ${renderAccount(run.actor.account)}</span
        ><span>${renderBranch(scope, run.branch)} ${renderCommitLink(scope, run.sha)}</span><span>${renderTime(run.created)}</span>${time}
      </div>
    </div>
    ${failure} ${summaries} ${jobs.length === 0 && run.reason === "" ? html`<p class="dim">No job has started.</p>` : jobs}`;
  return { title: formatPageTitle(run.title), tab: "actions", main };
};
