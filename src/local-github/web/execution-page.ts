import { findCriticalPath } from "../../core/domain/execution-timeline.ts";
import { type Execution, hasEnded } from "../../core/domain/execution.ts";
import { emptyLedger, type Ledger } from "../../core/domain/ledger.ts";
import { readOwn } from "../../core/domain/own-record.ts";
import { listNeededSteps, type Plan, type PlannedStep } from "../../core/domain/plan.ts";
import { formatProgress } from "../../core/messages/progress-bar.ts";
import { describeUsage } from "../../core/messages/agent-usage.ts";
import { openPlaces } from "../../core/messages/queue-place.ts";
import { findShownEnd, formatTimeLeft } from "../../core/messages/time-left.ts";
import { listWaiting } from "../../core/messages/waiting-items.ts";
import { renderCommentBox, renderIssueForm, renderMoreCommands, renderWaitingCard } from "./action-forms.ts";
import { listExecutionCommands } from "./execution-commands.ts";
import { drawGraph } from "./draw-graph.ts";
import type { PageContent } from "./page-layout.ts";
import { listArchived, readArchived, readArchivedStates } from "./page-archive.ts";
import { readPageLedger, readPageTimeline } from "./page-ledger.ts";
import {
  formatPageTitle,
  LIST_PAGE_ITEMS,
  renderBadge,
  renderCard,
  renderNumberLink,
  renderPager,
  renderRows,
  renderTime,
} from "./page-parts.ts";
import { pagePath, type PageScope } from "./page-scope.ts";
import { html, type SafeHtml, type TemplatePart } from "./safe-html.ts";
import { renderPlannerRuns } from "./step-runs.ts";
import { renderStepCard } from "./step-card.ts";
import { renderTimeline } from "./timeline-chart.ts";

const MAX_OPEN_TASKS = 12;

const countDone = ({ steps }: Execution): string => {
  const all = Object.values(steps);
  return all.length === 0 ? "" : formatProgress(all);
};

const linkIssue = (scope: PageScope, { issue }: Execution): TemplatePart =>
  renderNumberLink(scope, { kind: "issues", number: issue, text: `#${issue}` });

const renderExecutionRow = (scope: PageScope, execution: Execution): SafeHtml =>
  html`<li>
    <span class="what"><a href="${pagePath(scope, "executions", execution.id)}">${formatPageTitle(execution.request)}</a></span
    ><span class="aside">${renderBadge(execution.state)}</span
    ><span class="under dim small">${execution.id} · ${linkIssue(scope, execution)} · ${countDone(execution)}</span
    ><span class="aside dim small">${renderTime(execution.createdAt)}</span>
  </li>`;

/** Every execution, newest first: the ledger's, then the archive's. */
export const renderExecutionsPage = async (scope: PageScope, page: number): Promise<PageContent> => {
  const ledger = (await readPageLedger(scope)) ?? emptyLedger;
  const kept = Object.values(ledger.executions).toSorted((a, b) => b.createdAt - a.createdAt);
  const archived = [...(await listArchived(scope))].flatMap(([id, files]) => (Object.hasOwn(ledger.executions, id) ? [] : [files]));
  const [from, to] = [(page - 1) * LIST_PAGE_ITEMS, page * LIST_PAGE_ITEMS];
  const older = archived.slice(Math.max(0, from - kept.length), Math.max(0, to - kept.length));
  const shown = [...kept.slice(from, to), ...(await readArchivedStates(scope, older))].map((execution) =>
    renderExecutionRow(scope, execution),
  );
  const body = renderRows(shown, page > 1 ? "No more entries." : "No executions yet.");
  const pages = renderPager({ to: pagePath(scope, "executions"), page, more: kept.length + archived.length > to });
  const main = html`${page === 1 ? renderIssueForm(scope) : null}${renderCard({ id: "executions", title: "Executions", body })}${pages}`;
  return { title: "Executions", tab: "executions", main };
};

const renderGraphCard = (execution: Execution, steps: readonly PlannedStep[]): SafeHtml | null => {
  const nodes = steps.map(({ id, title, checkpoint }) => ({
    id,
    label: title,
    shape: checkpoint ? ("hexagon" as const) : ("box" as const),
    ...describeState(execution, id),
    link: `#step-${id}`,
  }));
  const edges = steps.flatMap((step) => listNeededSteps(step).map((from) => ({ from, to: step.id })));
  const graph = steps.length === 0 ? null : drawGraph({ direction: "LR", nodes, edges });
  return graph && renderCard({ id: "graph", title: "Graph", body: html`<div class="in">${graph}</div>` });
};

/** The drawn state of a step, and its own word if several states are drawn alike. */
const describeState = ({ steps }: Execution, id: string): { readonly state: string; readonly word?: string } => {
  const state = steps[id]?.state ?? "pending";
  if (state === "published") return { state: "running" };
  return state === "cancelled" || state === "skipped" || state === "paused" ? { state: "blocked", word: state } : { state };
};

type FoundExecution = { readonly ledger: Ledger; readonly execution: Execution; readonly plan: Plan };

/** An execution of the ledger or of the archive. */
const findExecution = async (scope: PageScope, id: string): Promise<FoundExecution | null> => {
  const ledger = (await readPageLedger(scope)) ?? emptyLedger;
  const execution = Object.hasOwn(ledger.executions, id) ? ledger.executions[id] : undefined;
  if (execution) return { ledger, execution, plan: ledger.plans[execution.plan ?? ""] ?? { steps: [] } };
  const archived = await readArchived(scope, id);
  return archived && { ledger, ...archived };
};

/** One execution: what waits, its graph, its timeline, and each step with its attempts. */
export const renderExecutionPage = async (scope: PageScope, id: string): Promise<PageContent | null> => {
  const found = await findExecution(scope, id);
  if (!found) return null;
  const { ledger, execution, plan } = found;
  const { timeline, isComplete } = await readPageTimeline(scope, execution);
  const now = scope.forge.now();
  const critical = findCriticalPath(timeline, plan, now);
  const queue = readOwn(ledger.queues, execution.baseBranch);
  const place = openPlaces(execution.id, queue);
  const timing = { states: execution.steps, place, timeline, critical, from: execution.createdAt, now, isOver: hasEnded(execution) };
  const usage = describeUsage(execution);
  const left = hasEnded(execution) ? "" : formatTimeLeft(findShownEnd(execution, { queue, hold: null }), now);
  const head = html`<div id="head">
    <div class="title">
      <h1>${formatPageTitle(execution.request)} <span class="number">${execution.id}</span></h1>
      ${renderBadge(execution.state)}
    </div>
    <div class="facts">
      <span>asked in ${linkIssue(scope, execution)} by ${execution.requestedBy} ${renderTime(execution.createdAt)}</span
      ><span>${countDone(execution)}</span
      >${critical.length === 0 ? null : html`<span>critical path: ${critical.join(" → ")}</span>`}${usage === "" ? null : html`<span>${usage}</span>`}${left === "" ? null : html`<span>${left}</span>`}
    </div>
    ${renderPlannerRuns(scope, ledger, execution)}${
      Object.hasOwn(ledger.executions, id) ? renderMoreCommands(scope, execution.issue, listExecutionCommands(execution)) : null
    }
  </div>`;
  const rows = isComplete ? renderTimeline({ steps: plan.steps, ...timing }) : html`<p class="empty">The history is being read.</p>`;
  // A person reads the tasks before the approval.
  const isOpen = execution.state === "proposed" && plan.steps.length <= MAX_OPEN_TASKS;
  const main = html`${head}${renderWaitingCard(scope, execution.issue, listWaiting(execution))}${renderGraphCard(execution, plan.steps)}
  ${plan.steps.length === 0 ? null : renderCard({ id: "timeline", title: "Timeline", body: rows })}
  ${plan.steps.map((planned) => renderStepCard(scope, { ledger, execution, planned, timeline, isOpen }))}${renderCommentBox(scope, execution.issue)}`;
  return { title: `Execution ${execution.id}`, tab: "executions", main };
};
