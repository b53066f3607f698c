import type { Execution } from "../domain/execution.ts";
import type { Plan } from "../domain/plan.ts";
import { fenceText, quoteText, toInlineCode } from "./escape.ts";
import { renderMermaidBlock } from "./mermaid-graph.ts";
import { renderStepTable } from "./step-table.ts";

export type RequestIssue = {
  readonly request: string;
  readonly details: string;
  /** The address of the run that asks. */
  readonly run: string;
};

const MAX_DETAIL_CHARS = 20_000;

/** The text of an issue that a job of CI opens: texts of others are quoted or fenced, so that none of them is read as Markdown. */
export const renderRequestIssue = ({ request, details, run }: RequestIssue): string =>
  [
    request.trim() === "" ? "" : quoteText(request, { limit: 5_000, keep: "start" }),
    details.trim() === "" ? "" : fenceText("text", details, { limit: MAX_DETAIL_CHARS, keep: "end" }),
    `A run of a workflow asks for this: ${run}`,
  ]
    .filter((part) => part !== "")
    .join("\n\n");

/** The page of the run: graph and table as in the execution's comment. */
export const renderRunSummary = ({ id, state, steps }: Execution, plan: Plan | null): string => {
  const planned = plan?.steps ?? [];
  return [`### Execution ${toInlineCode(id)}: ${state}`, renderMermaidBlock(planned, steps) ?? "", renderStepTable(planned, steps)]
    .filter((part) => part !== "")
    .join("\n\n");
};
