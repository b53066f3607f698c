import { escapeHtml } from "./escape-html.ts";
import { formatDuration } from "./duration-text.ts";
import { describeFlakes } from "./flaky-text.ts";
import { COMPARISON_HEAD, COMPARISON_NOTE, type ComparedAmounts, formatComparedCells } from "./estimate-comparison.ts";
import { type ExecutionReport, type ReportedStep, WAIT_WORDS, formatPlannerAttempts } from "./execution-report.ts";
import { WAIT_KINDS, type WaitTotals } from "../domain/execution-timeline.ts";

const STYLE = `:root{color-scheme:light dark;--text:#1f2328;--dim:#59636e;--line:#d1d9e0;--page:#fff;--queue:#8c6d00;--agent:#0759b8;--checks:#7440c4;--person:#b3261e}
@media (prefers-color-scheme:dark){:root{--text:#e6edf3;--dim:#9198a1;--line:#3d444d;--page:#0d1117;--queue:#d9b13b;--agent:#6cb0ff;--checks:#b48cff;--person:#ff8a80}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--text);background:var(--page);max-width:70em;margin:2em auto;padding:0 1em}
h1,h2,p,li{overflow-wrap:anywhere}.scroll{overflow-x:auto}.scroll p{overflow-wrap:normal}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.4em .8em;border-bottom:1px solid var(--line);vertical-align:top}.fit{table-layout:fixed;font-size:.85em}.fit th,.fit td{overflow-wrap:anywhere;padding:.4em .3em}
.bar,.gantt{display:flex;height:.8em;width:100%;min-width:12em;background:var(--line);border-radius:3px;overflow:hidden}.bar i{display:block}.gantt{display:block}rect.queue{fill:var(--queue)}rect.agent{fill:var(--agent)}rect.checks{fill:var(--checks)}rect.person{fill:var(--person)}.queue{background:var(--queue)}.agent{background:var(--agent)}.checks{background:var(--checks)}.person{background:var(--person)}
.dim{color:var(--dim)}code{font:.9em ui-monospace,monospace}.key i{display:inline-block;width:.8em;height:.8em;border-radius:2px;margin:0 .4em 0 1em}`;

const SHOWN_KINDS = WAIT_KINDS.filter((kind) => kind !== "needs");

const formatWaits = (waits: WaitTotals): string =>
  SHOWN_KINDS.filter((kind) => waits[kind] > 0)
    .map((kind) => `${formatDuration(waits[kind])} ${WAIT_WORDS[kind]}`)
    .join(", ");

const renderBar = (waits: WaitTotals): string => {
  const total = SHOWN_KINDS.reduce((sum, kind) => sum + waits[kind], 0);
  if (total === 0) return "";
  const parts = SHOWN_KINDS.filter((kind) => waits[kind] > 0);
  const words = formatWaits(waits);
  const bars = parts.map((kind) => `<i class="${kind}" style="width:${((waits[kind] / total) * 100).toFixed(1)}%"></i>`).join("");
  return `<div class="bar" role="img" aria-label="${words}">${bars}</div><span class="dim">${words}</span>`;
};

const CHART_UNITS = 1_000;
/** A shorter bar could not be seen. */
const MIN_BAR_UNITS = 3;

/** The waits of a step on the time scale of the execution; the words beside the picture say the same. */
const renderGantt = (bars: ReportedStep["bars"], total: number): string => {
  const unit = CHART_UNITS / Math.max(1, total);
  const rects = bars.map(
    ({ kind, from, to }) =>
      `<rect class="${kind}" x="${(from * unit).toFixed(1)}" width="${Math.max(MIN_BAR_UNITS, (to - from) * unit).toFixed(1)}" height="12"/>`,
  );
  return `<svg class="gantt" viewBox="0 0 ${CHART_UNITS} 12" preserveAspectRatio="none" aria-hidden="true">${rects.join("")}</svg>`;
};

const renderRow = ({ id, title, state, took, waits, bars, usage, isCritical, retries }: ReportedStep, total: number): string =>
  `<tr><td><code>${escapeHtml(id)}</code>${isCritical ? " <b>critical</b>" : ""}<br>${escapeHtml(title)}</td><td>${escapeHtml(state)}</td><td>${took === null ? "" : formatDuration(took)}</td><td>${renderGantt(bars, total)}<span class="dim">${formatWaits(waits)}${usage === "" ? "" : `; ${escapeHtml(usage)}`}</span>${retries
    .map(({ attempt, reason }) => `<p>Attempt ${attempt}, because: ${escapeHtml(reason === "" ? "no reason was recorded" : reason)}</p>`)
    .join("")}</td></tr>`;

const renderFlakySection = ({ baseBranch, flaky }: ExecutionReport): string =>
  flaky.length === 0
    ? ""
    : `<h2>Flaky on <code>${escapeHtml(baseBranch)}</code></h2><ul>${flaky.map((check) => `<li><code>${escapeHtml(check.command)}</code> ${escapeHtml(describeFlakes(check))}</li>`).join("")}</ul>`;

const renderComparison = ({ comparison }: ExecutionReport): string => {
  if (comparison === null) return "";
  const toRow = (name: string, amounts: ComparedAmounts): string =>
    `<tr><th scope="row">${name}</th>${formatComparedCells(amounts)
      .map((cell) => `<td>${escapeHtml(cell)}</td>`)
      .join("")}</tr>`;
  const rows = [...comparison.steps.map((step) => toRow(`<code>${escapeHtml(step.id)}</code>`, step)), toRow("in total", comparison.total)];
  const head = COMPARISON_HEAD.map((name) => `<th scope="col">${name}</th>`).join("");
  return `<h2>Estimate and actual</h2><div class="scroll" tabindex="0" role="region" aria-label="Estimate and actual"><table class="fit"><thead><tr>${head}</tr></thead>
<tbody>${rows.join("\n")}</tbody></table></div><p class="dim">${COMPARISON_NOTE}</p>`;
};

const renderPlanner = (report: ExecutionReport): string =>
  report.planner.length === 0
    ? ""
    : `<h2>Planner</h2><ul>${formatPlannerAttempts(report)
        .map((line) => `<li>${escapeHtml(line)}</li>`)
        .join("")}</ul>`;

/** The report as one HTML file without scripts and without references. */
export const renderReportPage = (report: ExecutionReport): string => {
  const { id, state, took, request, critical, waits, steps, issue, usage } = report;
  const title = `Execution ${id}: ${state} after ${formatDuration(took)}`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title><style>${STYLE}</style></head>
<body><main><h1>${escapeHtml(title)}</h1><p>Issue ${issue}: ${escapeHtml(request)}</p>
<p>Critical path: ${critical.map((step) => `<code>${escapeHtml(step)}</code>`).join(" → ") || "none yet"}</p>
<h2>All steps together</h2>${renderBar(waits)}${usage === "" ? "" : `<p>${escapeHtml(usage)}</p>`}
<p class="key">${SHOWN_KINDS.map((kind) => `<i class="${kind}"></i>${WAIT_WORDS[kind]}`).join("")}</p>
<h2>Steps</h2><div class="scroll" tabindex="0" role="region" aria-label="Steps"><table><thead><tr><th scope="col">step</th><th scope="col">state</th><th scope="col">time</th><th scope="col">waited for</th></tr></thead>
<tbody>${steps.map((step) => renderRow(step, took)).join("\n")}</tbody></table></div>${renderPlanner(report)}${renderComparison(report)}${renderFlakySection(report)}</main></body></html>
`;
};
