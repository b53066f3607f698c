import { listEndedAttempts } from "../domain/ended-attempts.ts";
import type { Execution } from "../domain/execution.ts";
import { toJobKey } from "../domain/job.ts";
import {
  boundsOf,
  type ExecutionTimeline,
  findCriticalPath,
  listRetries,
  listWaitBars,
  sumWaits,
  WAIT_KINDS,
  type WaitBar,
  type WaitKind,
  type WaitTotals,
} from "../domain/execution-timeline.ts";
import type { Millis } from "../domain/ids.ts";
import { type CheckHistory, listFlakyChecks } from "../domain/flaky-check.ts";
import type { Plan } from "../domain/plan.ts";
import type { Queue } from "../domain/queue.ts";
import { describeStepUsage, describeUsage, formatUsage } from "./agent-usage.ts";
import { formatDuration } from "./duration-text.ts";
import {
  COMPARISON_HEAD,
  COMPARISON_NOTE,
  compareEstimate,
  type ComparedAmounts,
  type EstimateComparison,
  formatComparedCells,
} from "./estimate-comparison.ts";
import { renderFlakyNote } from "./flaky-text.ts";
import { escapeInline, toInlineCode, toOneLine } from "./escape.ts";
import { openPlaces } from "./queue-place.ts";
import { formatPlainState } from "./step-table.ts";

/** A step in a report. */
export type ReportedStep = {
  readonly id: string;
  readonly title: string;
  readonly state: string;
  readonly isCritical: boolean;
  /** From its first start to its end, or until now; null before it started. */
  readonly took: Millis | null;
  readonly waits: WaitTotals;
  /** The waits in their order, since the start of the execution. */
  readonly bars: readonly WaitBar[];
  /** Tokens and money that the step's agents reported; empty without a report. */
  readonly usage: string;
  readonly retries: readonly { readonly attempt: number; readonly reason: string }[];
};

export type ExecutionReport = {
  readonly id: string;
  readonly issue: number;
  readonly state: string;
  readonly request: string;
  readonly took: Millis;
  readonly spent: number;
  /** Tokens and money of all attempts; empty without a report. */
  readonly usage: string;
  readonly critical: readonly string[];
  /** The time that the plan took an agent and a person. */
  readonly planning: WaitTotals;
  /** The ended attempts of the planner; `took`: null if unknown. `usage`: empty without a report. */
  readonly planner: readonly { readonly attempt: number; readonly took: Millis | null; readonly usage: string }[];
  readonly waits: WaitTotals;
  readonly steps: readonly ReportedStep[];
  /** The estimate beside the actual amounts; null without a recorded estimate. */
  readonly comparison: EstimateComparison | null;
  readonly baseBranch: string;
  /** The verify commands that flaked on the base branch in the last 30 days. */
  readonly flaky: readonly CheckHistory[];
};

export type ReportInput = {
  readonly execution: Execution;
  readonly plan: Plan | null;
  readonly timeline: ExecutionTimeline;
  /** The queue of its base branch; absent before the first step joined. */
  readonly queue?: Queue | undefined;
  readonly now: Millis;
};

const NO_WAITS: WaitTotals = { queue: 0, agent: 0, checks: 0, person: 0, needs: 0 };
const addWaits = (a: WaitTotals, b: WaitTotals): WaitTotals => ({
  queue: a.queue + b.queue,
  agent: a.agent + b.agent,
  checks: a.checks + b.checks,
  person: a.person + b.person,
  needs: a.needs + b.needs,
});

const sumPlanning = ({ states }: ExecutionTimeline, now: Millis): WaitTotals => {
  const sum = (wanted: readonly string[]): Millis =>
    states.filter(({ state }) => wanted.includes(state)).reduce((total, { from, to }) => total + (to ?? now) - from, 0);
  return { ...NO_WAITS, agent: sum(["planning"]), person: sum(["asking", "proposed"]) };
};

const listPlannerAttempts = (execution: Execution): ExecutionReport["planner"] =>
  listEndedAttempts(execution)
    .filter(({ kind }) => kind === "plan")
    .map((job) => {
      const [took, used] = [execution.times?.[toJobKey(job)], execution.usage?.[toJobKey(job)]];
      return { attempt: job.attempt, took: took ?? null, usage: used ? formatUsage(used) : "" };
    })
    .filter(({ took, usage }) => took !== null || usage !== "");

/** The attempts of the planner, each in a line. */
export const formatPlannerAttempts = ({ planner }: ExecutionReport): readonly string[] =>
  planner.map(({ attempt, took, usage }) =>
    [`attempt ${attempt}`, took === null ? "" : formatDuration(took), usage].filter((part) => part !== "").join(" · "),
  );

/** Computes the report of an execution from the ledger's history. */
export const createReport = ({ execution, plan, timeline, queue, now }: ReportInput): ExecutionReport => {
  const critical = plan ? findCriticalPath(timeline, plan, now) : [];
  const place = openPlaces(execution.id, queue);
  const steps = (plan?.steps ?? []).map(({ id, title }) => {
    const spans = timeline.steps[id] ?? [];
    const { from, to } = boundsOf(spans);
    const step = execution.steps[id];
    return {
      id,
      title,
      state: step ? formatPlainState(step, place) : "pending",
      isCritical: critical.includes(id),
      took: from === null ? null : (to ?? now) - from,
      waits: sumWaits(spans, now),
      bars: listWaitBars(spans, { start: execution.createdAt, now }),
      usage: describeStepUsage(execution, id),
      retries: listRetries(spans),
    };
  });
  const last = timeline.states.at(-1);
  const isOver = last !== undefined && ["done", "failed", "cancelled"].includes(last.state);
  const planning = sumPlanning(timeline, now);
  return {
    id: execution.id,
    issue: execution.issue,
    state: execution.state,
    request: execution.request,
    took: (isOver ? last.from : now) - execution.createdAt,
    spent: execution.spent,
    usage: describeUsage(execution),
    critical,
    planning,
    planner: listPlannerAttempts(execution),
    waits: steps.reduce((total, { waits }) => addWaits(total, waits), planning),
    steps,
    comparison: plan && compareEstimate({ execution, plan, timeline }),
    baseBranch: execution.baseBranch,
    flaky: listFlakyChecks(queue?.flakiness?.checks ?? [], now),
  };
};

export const WAIT_WORDS: Readonly<Record<WaitKind, string>> = {
  queue: "waiting for a runner",
  agent: "an agent at work",
  checks: "verification and checks",
  person: "waiting for a person",
  needs: "waiting for other steps",
};

const SUMMED_KINDS = WAIT_KINDS.filter((kind) => kind !== "needs");

/** The totals that are not zero, in words. */
const formatTotals = (waits: WaitTotals): string =>
  SUMMED_KINDS.filter((kind) => waits[kind] > 0)
    .map((kind) => `${formatDuration(waits[kind])} ${WAIT_WORDS[kind]}`)
    .join(", ");

const formatHead = ({ id, state, took, spent }: ExecutionReport): string =>
  `${id}: ${state} after ${formatDuration(took)}${spent > 0 ? `, ${spent} tokens` : ""}`;

/** The short form, for the summary of a step in Actions. */
export const renderReportSummary = (report: ExecutionReport): string =>
  [
    `### ${formatHead(report)}`,
    ...(formatTotals(report.waits) === "" ? [] : [`In all steps together: ${formatTotals(report.waits)}.`]),
    ...(report.usage === "" ? [] : [report.usage]),
    ...(report.critical.length === 0 ? [] : [`Critical path: ${report.critical.map((id) => toInlineCode(id)).join(" → ")}`]),
  ].join("\n\n");

const formatCell = (millis: Millis): string => (millis === 0 ? "" : formatDuration(millis));

const renderComparison = ({ steps, total }: EstimateComparison): string => {
  const toRow = (name: string, amounts: ComparedAmounts): string => `| ${[name, ...formatComparedCells(amounts)].join(" | ")} |`;
  return [
    "#### Estimate and actual",
    [
      `| ${COMPARISON_HEAD.join(" | ")} |`,
      `|${COMPARISON_HEAD.map(() => "---|").join("")}`,
      ...steps.map((step) => toRow(toInlineCode(step.id), step)),
      toRow("**in total**", total),
    ].join("\n"),
    COMPARISON_NOTE,
  ].join("\n\n");
};

/** The whole report in Markdown. */
export const renderReportMarkdown = (report: ExecutionReport): string => {
  const rows = report.steps.map(({ id, title, state, isCritical, took, waits, usage }) =>
    [
      toInlineCode(id),
      escapeInline(title, 100),
      state,
      took === null ? "" : formatDuration(took),
      ...SUMMED_KINDS.map((kind) => formatCell(waits[kind])),
      usage,
      isCritical ? "yes" : "",
    ].join(" | "),
  );
  const retried = report.steps.flatMap(({ id, retries }) =>
    retries.map(
      ({ attempt, reason }) =>
        `- ${toInlineCode(id)}, attempt ${attempt}: ${reason === "" ? "no reason was recorded" : escapeInline(reason, 500)}`,
    ),
  );
  return [
    renderReportSummary(report),
    `> ${escapeInline(toOneLine(report.request, 500))}`,
    [
      "| step | what it does | state | time | queue | agent | checks | person | agents used | critical |",
      "|---|---|---|---|---|---|---|---|---|---|",
      ...rows.map((row) => `| ${row} |`),
    ].join("\n"),
    ...(report.planner.length === 0
      ? []
      : [
          `#### Planner\n\n${formatPlannerAttempts(report)
            .map((line) => `- ${line}`)
            .join("\n")}`,
        ]),
    ...(report.comparison === null ? [] : [renderComparison(report.comparison)]),
    ...(retried.length === 0 ? [] : [`#### Retried\n\n${retried.join("\n")}`]),
    ...(report.flaky.length === 0 ? [] : [renderFlakyNote(report.baseBranch, report.flaky)]),
    "",
  ].join("\n\n");
};
