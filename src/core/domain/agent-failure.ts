import type { Millis } from "./ids.ts";

/** Why an agent could not work, as far as its session shows. */
export const AGENT_FAILURE_CODES = [
  "auth",
  "quota",
  "overloaded",
  "agent-missing",
  "agent-crashed",
  "idle",
  "timed-out",
  "interrupted",
  "refused-by-policy",
] as const;
export type AgentFailureCode = (typeof AGENT_FAILURE_CODES)[number];

export type AgentFailure = {
  readonly code: AgentFailureCode;
  /** The renewal time of a quota in the agent's words; absent if the agent names no time. */
  readonly resets?: string | undefined;
  /** The same time, if its words name a moment. */
  readonly resetsAt?: Millis | undefined;
};

/** Failures that another attempt would repeat until a person acts. */
const LASTING_CODES: readonly AgentFailureCode[] = ["auth", "quota", "agent-missing", "refused-by-policy"];

export const isLastingFailure = ({ code }: AgentFailure): boolean => LASTING_CODES.includes(code);
