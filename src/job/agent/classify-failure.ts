import type { AgentFailure, AgentFailureCode } from "../../core/domain/agent-failure.ts";

/** A status counts only next to a word that announces one: stack traces are full of numbers. */
const withStatus = (status: string, words: string): RegExp =>
  new RegExp(`(?:status|error|code|http)\\w*["']?[^0-9\\n]{0,12}${status}\\b|${words}`, "i");

/** The first pattern that matches decides. */
const FAILURE_PATTERNS: readonly (readonly [AgentFailureCode, RegExp])[] = [
  ["quota", withStatus("429", "rate.?limit|quota|usage limit|hit your limit|resource.?exhausted|credit balance|too many requests|billing")],
  [
    "auth",
    withStatus(
      "40[13]",
      "unauthori[sz]ed|unauthenticated|authenticat|invalid.{0,20}(?:api|access).?(?:key|token)|api.?key.{0,30}(?:missing|invalid|not)|not logged in|log ?in\\b|auth method|permission.?denied.{0,20}key|oauth token",
    ),
  ],
  [
    "overloaded",
    withStatus(
      "5\\d\\d",
      "overloaded|high demand|server.?error|econn\\w+|enotfound|eai_again|etimedout|fetch failed|connect(?:ion)? (?:refused|failed|error|reset)|cannot connect|waiting for network|stream disconnected|error sending request|temporarily unavailable",
    ),
  ],
  ["refused-by-policy", /usage polic|content.?polic|content.?filter|flagged|safety system|refusal/i],
];

const RESET_PATTERN = /\bresets? (?:at |in )?([^.·|\n]{2,40})|retry.?after[: ]+([^.·|\n]{1,20})|try again (?:at|in) ([^.·|\n]{2,40})/i;

const findReset = (text: string): string | undefined => {
  const [, seconds] = /limit reached\|(\d{10})\b/.exec(text) ?? [];
  if (seconds !== undefined) return new Date(Number(seconds) * 1_000).toISOString();
  const [, ...found] = RESET_PATTERN.exec(text) ?? [];
  return found.find((each) => each !== undefined)?.trim();
};

/** The class of a failure by its text; null if the text names none. */
export const classifyFailure = (text: string): AgentFailure | null => {
  const code = FAILURE_PATTERNS.find(([, pattern]) => pattern.test(text))?.[0];
  if (code === undefined) return null;
  const resets = code === "quota" ? findReset(text) : undefined;
  return { code, ...(resets !== undefined && { resets }) };
};
