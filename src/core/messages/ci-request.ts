import type { Execution } from "../domain/execution.ts";
import type { Plan } from "../domain/plan.ts";
import { describeUsage } from "./agent-usage.ts";
import { fenceText, quoteText } from "./escape.ts";
import { type ExecutionReport, renderReportSummary } from "./execution-report.ts";
import { renderMermaidBlock } from "./mermaid-graph.ts";
import { renderStepTable } from "./step-table.ts";

export type RequestIssue = {
  readonly request: string;
  readonly details: string;
  /** The address of the run that asks. */
  readonly run: string;
};

export const MAX_DETAIL_CHARS = 20_000;

/** The text of an issue that a job of CI opens: texts of others are quoted or fenced, so that none of them is read as Markdown. */
export const renderRequestIssue = ({ request, details, run }: RequestIssue): string =>
  [
    request.trim() === "" ? "" : quoteText(request, { limit: 5_000, keep: "start" }),
    details.trim() === "" ? "" : fenceText("text", details, { limit: MAX_DETAIL_CHARS, keep: "end" }),
    `A run of a workflow asks for this: ${run}`,
  ]
    .filter((part) => part !== "")
    .join("\n\n");

export type EndedRun = { readonly execution: Execution; readonly plan: Plan | null; readonly report: ExecutionReport };

/** The page of the run: how the execution ended, its graph, its steps, and where the time went. */
export const renderRunSummary = ({ execution, plan, report }: EndedRun): string => {
  const planned = plan?.steps ?? [];
  const usage = describeUsage(execution);
  return [renderReportSummary(report), usage, renderMermaidBlock(planned, execution.steps) ?? "", renderStepTable(planned, execution.steps)]
    .filter((part) => part !== "")
    .join("\n\n");
};
