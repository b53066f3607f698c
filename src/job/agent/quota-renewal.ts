import type { AgentFailure } from "../../core/domain/agent-failure.ts";
import type { Millis } from "../../core/domain/ids.ts";
import { classifyFailure } from "./classify-failure.ts";
import { readResetTime } from "./read-reset-time.ts";

/** A result states no more of a provider's words. */
const MAX_RESET_CHARS = 100;
/** The last moment of a JavaScript date. */
const MAX_TIME_MS = 8.64e15;

export type RenewalSource = {
  readonly now: () => Millis;
  readonly env: Readonly<Record<string, string>>;
  /** The last words of the model's server about an exhausted quota, if Enki sees the server's answers; may be empty. */
  readonly readLimitWords?: () => string;
};

/** The renewal in the agent's words. Most agents leave it out, so the server's own words come second. */
const findResets = (failure: AgentFailure, { readLimitWords }: RenewalSource): string | undefined => {
  if (failure.code !== "quota") return undefined;
  return failure.resets ?? classifyFailure(readLimitWords?.() ?? "")?.resets;
};

/** Adds to the failure of an exhausted quota the moment of renewal, if the provider names a real moment; other failures stay unchanged. */
export const withResetTime = (failure: AgentFailure, source: RenewalSource): AgentFailure => {
  const resets = findResets(failure, source);
  if (resets === undefined) return failure;
  const zone = source.env["TZ"] || Intl.DateTimeFormat().resolvedOptions().timeZone;
  const at = readResetTime(resets, { now: source.now(), zone });
  const isReal = at !== null && Number.isSafeInteger(at) && at >= 0 && at <= MAX_TIME_MS;
  return { ...failure, resets: resets.slice(0, MAX_RESET_CHARS), ...(isReal && { resetsAt: at }) };
};
