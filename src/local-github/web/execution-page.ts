import { findCriticalPath, type ExecutionTimeline, type StateSpan } from "../../core/domain/execution-timeline.ts";
import { type Execution, hasEnded } from "../../core/domain/execution.ts";
import { toTaskId } from "../../core/domain/ids.ts";
import { toJobKey } from "../../core/domain/job.ts";
import type { Ledger } from "../../core/domain/ledger.ts";
import { listNeededSteps, type PlannedStep } from "../../core/domain/plan.ts";
import type { Step } from "../../core/domain/step.ts";
import { formatDuration } from "../../core/messages/duration-text.ts";
import { listWaiting } from "../../core/messages/waiting-items.ts";
import { renderCommandButton, renderCommentBox, renderIssueForm, renderWaitingCard } from "./action-forms.ts";
import { drawGraph } from "./draw-graph.ts";
import type { PageContent } from "./page-layout.ts";
import { readPageLedger, readPageTimeline } from "./page-ledger.ts";
import { formatPageTitle, renderBadge, renderCard, renderCommitLink, renderRows, renderTime } from "./page-parts.ts";
import { pagePath, type PageScope } from "./page-scope.ts";
import { html, type SafeHtml } from "./safe-html.ts";
import { renderTimeline } from "./timeline-chart.ts";

const countDone = ({ steps }: Execution): string => {
  const all = Object.values(steps);
  return all.length === 0 ? "" : `${all.filter(({ state }) => state === "done").length} of ${all.length} steps done`;
};

/** All executions of the ledger, newest first. */
export const renderExecutionsPage = async (scope: PageScope): Promise<PageContent> => {
  const ledger = await readPageLedger(scope);
  const all = Object.values(ledger?.executions ?? {}).toSorted((a, b) => b.createdAt - a.createdAt);
  const items = all.map(
    (execution) =>
      html`<li>
        <span class="what"><a href="${pagePath(scope, "executions", execution.id)}">${formatPageTitle(execution.request)}</a></span
        ><span class="aside">${renderBadge(execution.state)}</span
        ><span class="under dim small"
          >${execution.id} · <a href="${pagePath(scope, "issues", execution.issue)}">#${execution.issue}</a> · ${countDone(execution)}</span
        ><span class="aside dim small">${renderTime(execution.createdAt)}</span>
      </li>`,
  );
  const main = html`${renderIssueForm(scope)}${renderCard({ id: "executions", title: "Executions", body: renderRows(items, "No executions yet.") })}`;
  return { title: "Executions", tab: "executions", main };
};

const renderGraphCard = (execution: Execution, steps: readonly PlannedStep[]): SafeHtml | null => {
  const nodes = steps.map(({ id, title, checkpoint }) => ({
    id,
    label: title,
    shape: checkpoint ? ("hexagon" as const) : ("box" as const),
    state: drawnState(execution, id),
    link: `#step-${id}`,
  }));
  const edges = steps.flatMap((step) => listNeededSteps(step).map((from) => ({ from, to: step.id })));
  const graph = steps.length === 0 ? null : drawGraph({ direction: "LR", nodes, edges });
  return graph && renderCard({ id: "graph", title: "Graph", body: html`<div class="in">${graph}</div>` });
};

const drawnState = ({ steps }: Execution, id: string): string => {
  const state = steps[id]?.state ?? "pending";
  if (state === "published") return "running";
  return state === "cancelled" || state === "skipped" || state === "paused" ? "blocked" : state;
};

type StepInput = {
  readonly ledger: Ledger;
  readonly execution: Execution;
  readonly planned: PlannedStep;
  readonly timeline: ExecutionTimeline;
};

/** The spans of an attempt, and its run. */
const renderAttempts = (scope: PageScope, { ledger, execution, planned, timeline }: StepInput): SafeHtml => {
  const spans = (timeline.steps[planned.id] ?? []).filter(({ attempt }) => attempt > 0);
  const attempts = [...new Set(spans.map(({ attempt }) => attempt))];
  const rows = attempts.map((attempt) => {
    const job = toJobKey({ kind: "work", target: toTaskId(execution.id, planned.id), attempt });
    const run = ledger.effectRecords[`start-job:${job}`]?.number ?? null;
    const own = spans.filter((span) => span.attempt === attempt);
    const transcript = run === null ? null : html` · <a href="${pagePath(scope, "actions", "runs", run)}">transcript</a>`;
    return html`<li>Attempt ${attempt}${transcript}: ${own.map(formatSpan).join(", ")}</li>`;
  });
  return rows.length === 0
    ? html`<p>Not started.</p>`
    : html`<ol class="attempts">
        ${rows}
      </ol>`;
};

const formatSpan = ({ state, from, to, reason }: StateSpan): string =>
  `${state}${to === null ? "" : ` for ${formatDuration(to - from)}`}${reason === "" ? "" : ` (${reason})`}`;

const renderStepFacts = (scope: PageScope, step: Step | undefined): SafeHtml => {
  const pull = step?.pull ?? null;
  return html`<p class="facts">
    ${pull === null ? null : html`<span><a href="${pagePath(scope, "pull", pull)}">changes and review in #${pull}</a></span>`}${
      step?.landed ? html`<span>landed as ${renderCommitLink(scope, step.landed.commit)}</span>` : null
    }
  </p>`;
};

const renderRetry = (scope: PageScope, { id, issue }: Execution, step: Step | undefined): SafeHtml | null =>
  step?.state === "failed"
    ? renderCommandButton(scope, { issue, text: `/enki retry ${toTaskId(id, step.id)}`, label: `Retry ${step.id}` })
    : null;

const renderStepCard = (scope: PageScope, input: StepInput): SafeHtml => {
  const { execution, planned } = input;
  const step = execution.steps[planned.id];
  return html`<details class="card" id="step-${planned.id}">
    <summary><b>${planned.id}</b> ${formatPageTitle(planned.title)} ${renderBadge(step?.state ?? "pending")}</summary>
    <div class="in">
      ${renderStepFacts(scope, step)}${step?.refusal ? html`<p>${step.refusal.message}</p>` : null}${renderAttempts(scope, input)}${renderRetry(scope, execution, step)}
      <pre>${planned.run ?? planned.description}</pre>
    </div>
  </details>`;
};

/** One execution: what waits, its graph, its timeline, and each step with its attempts. */
export const renderExecutionPage = async (scope: PageScope, id: string): Promise<PageContent | null> => {
  const ledger = await readPageLedger(scope);
  const execution = ledger && Object.hasOwn(ledger.executions, id) ? ledger.executions[id] : undefined;
  if (!ledger || !execution) return null;
  const { timeline, isComplete } = await readPageTimeline(scope, execution);
  const plan = ledger.plans[execution.plan ?? ""] ?? { steps: [] };
  const now = scope.forge.now();
  const critical = findCriticalPath(timeline, plan, now);
  const timing = { states: execution.steps, timeline, critical, from: execution.createdAt, now, isOver: hasEnded(execution) };
  const head = html`<div id="head">
    <div class="title">
      <h1>${formatPageTitle(execution.request)} <span class="number">${execution.id}</span></h1>
      ${renderBadge(execution.state)}
    </div>
    <div class="facts">
      <span
        >asked in <a href="${pagePath(scope, "issues", execution.issue)}">#${execution.issue}</a> ${renderTime(execution.createdAt)}</span
      ><span>${countDone(execution)}</span>${critical.length === 0 ? null : html`<span>critical path: ${critical.join(" → ")}</span>`}
    </div>
  </div>`;
  const rows = isComplete ? renderTimeline({ steps: plan.steps, ...timing }) : html`<p class="empty">The history is being read.</p>`;
  const main = html`${head}${renderWaitingCard(scope, execution.issue, listWaiting(execution))}${renderGraphCard(execution, plan.steps)}
  ${plan.steps.length === 0 ? null : renderCard({ id: "timeline", title: "Timeline", body: rows })}
  ${plan.steps.map((planned) => renderStepCard(scope, { ledger, execution, planned, timeline }))}${renderCommentBox(scope, execution.issue)}`;
  return { title: `Execution ${execution.id}`, tab: "executions", main };
};
