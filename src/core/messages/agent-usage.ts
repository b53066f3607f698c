import { type AgentUsage, isUsageReported } from "../domain/agent-usage.ts";

const GROUP_PATTERN = /\B(?=(?:\d{3})+$)/g;
const formatCount = (count: number): string => String(Math.round(count)).replaceAll(GROUP_PATTERN, ",");

const CHEAP_USD = 1;
/** Cents, and fractions of a cent below a dollar. */
const formatCost = (usd: number): string => `$${usd < CHEAP_USD ? String(Number(usd.toFixed(4))) : usd.toFixed(2)}`;

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
