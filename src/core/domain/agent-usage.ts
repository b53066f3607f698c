/** Tokens and money of an agent, as far as it reports them: null is "not reported", never zero. */
export type AgentUsage = {
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  /** The input tokens that the model read from its cache. */
  readonly cachedTokens: number | null;
  readonly costUsd: number | null;
};

export const NO_USAGE: AgentUsage = { inputTokens: null, outputTokens: null, cachedTokens: null, costUsd: null };

const addReported = (left: number | null, right: number | null): number | null => (left === null ? right : left + (right ?? 0));

export const addUsage = (left: AgentUsage, right: AgentUsage): AgentUsage => ({
  inputTokens: addReported(left.inputTokens, right.inputTokens),
  outputTokens: addReported(left.outputTokens, right.outputTokens),
  cachedTokens: addReported(left.cachedTokens, right.cachedTokens),
  costUsd: addReported(left.costUsd, right.costUsd),
});

export const isUsageReported = (usage: AgentUsage): boolean => Object.values(usage).some((value) => value !== null);
