import { addUsage, type AgentUsage, isUsageReported } from "../domain/agent-usage.ts";
import type { Execution } from "../domain/execution.ts";
import { listAttemptUsage, sumUsage, type UsageTotal } from "../domain/execution-usage.ts";

const GROUP_PATTERN = /\B(?=(?:\d{3})+$)/g;
export const formatCount = (count: number): string => String(Math.round(count)).replaceAll(GROUP_PATTERN, ",");

const CHEAP_USD = 1;
/** Cents, and fractions of a cent below a dollar. */
export const formatCost = (usd: number): string => `$${usd < CHEAP_USD ? usd.toFixed(4).replace(/0{1,2}$/, "") : usd.toFixed(2)}`;

/** Tokens and money as far as an agent reported them. An amount that it did not report is no zero. */
export const formatUsage = (usage: AgentUsage): string => {
  if (!isUsageReported(usage)) return "usage not reported";
  const { inputTokens, outputTokens, cachedTokens, costUsd } = usage;
  return [
    ...(inputTokens === null ? [] : [`${formatCount(inputTokens)} tokens in`]),
    ...(cachedTokens === null || cachedTokens === 0 ? [] : [`${formatCount(cachedTokens)} cached`]),
    ...(outputTokens === null ? [] : [`${formatCount(outputTokens)} out`]),
    costUsd === null ? "cost not reported" : formatCost(costUsd),
  ].join(", ");
};

/** The sum of an execution. A sum that lacks attempts says so. */
export const formatUsageTotal = ({ usage, reported, attempts }: UsageTotal): string =>
  `${formatUsage(usage)}${reported < attempts ? `, reported by ${reported} of ${attempts} attempts` : ""}`;

/** The sum of a step's attempts; empty if none reported anything. */
export const describeStepUsage = (execution: Execution, step: string): string => {
  const reported = listAttemptUsage(execution).filter((each) => each.step === step && isUsageReported(each.usage));
  return reported.length === 0 ? "" : formatUsage(reported.map(({ usage }) => usage).reduce(addUsage));
};

/** The money that attempts reported; empty if none reported any. */
export const describeCost = (execution: Execution): string => {
  const total = sumUsage(execution);
  if (total === null || total.usage.costUsd === null) return "";
  return `${total.reported < total.attempts ? "at least " : ""}${formatCost(total.usage.costUsd)}`;
};

/** One line for a terminal or a reply; empty if nothing was reported. */
export const describeUsage = (execution: Execution): string => {
  const total = sumUsage(execution);
  return total === null ? "" : `Usage: ${formatUsageTotal(total)}.`;
};
