import type { EstimatedAmount, PlanEstimate, StepEstimate } from "../domain/plan-estimate.ts";
import { formatDuration } from "./duration-text.ts";
import { toInlineCode } from "./escape.ts";

const NO_HISTORY_TEXT = "No estimate of time and money yet: no step of these roles and tiers has finished in this repository.";
const MAX_STEPS_LISTED = 50;
const MAX_PATH_LISTED = 10;

const formatUsd = (usd: number): string => `$${usd.toFixed(2)}`;
const formatAmount = ({ usual, high }: EstimatedAmount, format: (value: number) => string): string =>
  high > usual ? `${format(usual)} (rarely over ${format(high)})` : format(usual);

const formatStepRow = ({ id, ms, usd, samples }: StepEstimate): string => {
  const cells =
    ms === null ? ["no history", ""] : [formatAmount(ms, formatDuration), usd === null ? "not reported" : formatAmount(usd, formatUsd)];
  return `| ${[toInlineCode(id), ...cells, String(samples)].join(" | ")} |`;
};

/** Time and money of a proposed plan, from earlier steps of the repository; null without any history. */
export const renderEstimate = (estimate: PlanEstimate | null): string => {
  if (estimate === null) return NO_HISTORY_TEXT;
  const { steps, criticalPath, ms, usd, unknown } = estimate;
  const path = criticalPath.slice(0, MAX_PATH_LISTED).map((id) => toInlineCode(id));
  const along = criticalPath.length > 1 ? ` along ${[...path, ...(criticalPath.length > path.length ? ["…"] : [])].join(" → ")}` : "";
  const money = usd === null ? "cost not reported so far" : `${formatAmount(usd, formatUsd)} for all steps`;
  const missing =
    unknown.length === 0
      ? ""
      : ` ${unknown.length} of ${steps.length} steps ${unknown.length === 1 ? "has no history and does" : "have no history and do"} not count.`;
  const summary = `Estimate: ${formatAmount(ms, formatDuration)}${along}; ${money}.${missing}`;
  const rows = steps.slice(0, MAX_STEPS_LISTED).map((step) => formatStepRow(step));
  const more = steps.length > rows.length ? [`| … ${steps.length - rows.length} more | | | |`] : [];
  return [
    summary,
    `<details>\n<summary>Estimate by step</summary>\n\n${["| step | time | cost | earlier steps |", "|---|---|---|---|", ...rows, ...more].join("\n")}\n\nThe median of earlier steps with the same role and tier; nine of ten did not exceed the amount in brackets. Waiting for people is not included.\n\n</details>`,
  ].join("\n\n");
};
