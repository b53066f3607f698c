import type { Execution } from "../domain/execution.ts";
import type { Millis, StepId } from "../domain/ids.ts";
import type { Plan } from "../domain/plan.ts";
import { escapeInline, MAX_COMMENT_CHARS, toInlineCode } from "./escape.ts";
import { renderMermaidBlock } from "./mermaid-graph.ts";
import { formatMinute } from "./quota-note.ts";
import { renderStepTable } from "./step-table.ts";

export type ShownGraph = {
  readonly execution: Execution;
  readonly plan: Plan | null;
  /** Addresses of the steps' runs. */
  readonly runs: Readonly<Record<StepId, string>>;
  /** Set if one step counts as "1 steps", as earlier versions wrote. */
  readonly countsInPlural?: true;
};

/** Room for the tables of several executions. */
const MAX_TABLE_CHARS = 8_000;

const renderHead = ({ execution: { id, state, steps, request }, plan, countsInPlural }: ShownGraph): string => {
  const done = Object.values(steps).filter((step) => step.state === "done").length;
  const noun = plan?.steps.length === 1 && !countsInPlural ? "step" : "steps";
  const progress = plan === null ? "no plan yet" : `${done} of ${plan.steps.length} ${noun} done`;
  const words = request === "" ? "" : ` · ${escapeInline(request, 100)}`;
  return `**${toInlineCode(id)}** is ${state}, ${progress}${words}`;
};

/** The graphs and tables of executions. A graph without room is left out, its table stays. */
export const renderGraphReply = (shown: readonly ShownGraph[], now: Millis): string => {
  const limit = shown.length === 1 ? undefined : MAX_TABLE_CHARS;
  const parts = shown.map((each) => ({
    head: renderHead(each),
    graph: renderMermaidBlock(each.plan?.steps ?? [], each.execution.steps) ?? "",
    table: renderStepTable(each.plan?.steps ?? [], each.execution.steps, { runs: each.runs, limit }),
  }));
  let room = MAX_COMMENT_CHARS - 2_000 - parts.reduce((sum, { head, table }) => sum + head.length + table.length, 0);
  const sections = parts.flatMap(({ head, graph, table }) => {
    const fits = graph.length <= room;
    if (fits) room -= graph.length;
    return [head, fits ? graph : "", table];
  });
  const footer = `<sub>As of ${formatMinute(now)}. Comment ${toInlineCode("/enki graph")} to refresh it here.</sub>`;
  return [...sections, footer].filter((part) => part !== "").join("\n\n");
};
