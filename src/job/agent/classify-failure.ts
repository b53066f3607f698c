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

const RESET_PATTERN =
  /\b(?:resets?|try again) in (?<span>[^.·|\n]{2,40})|\b(?:resets? (?:at )?|try again at )(?<at>[^.·|\n]{2,40})|retry.?after[": ]+(?<seconds>\d{1,6})\b/i;

const findReset = (text: string): string | undefined => {
  const [, seconds] = /limit reached\|(\d{10})\b/.exec(text) ?? [];
  if (seconds !== undefined) return new Date(Number(seconds) * 1_000).toISOString();
  const { at, seconds: wait, span } = RESET_PATTERN.exec(text)?.groups ?? {};
  if (wait !== undefined) return `in ${wait} s`;
  return span === undefined ? at?.trim() : `in ${span.trim()}`;
};

/** The class of a failure by its text; null if the text names none. */
export const classifyFailure = (text: string): AgentFailure | null => {
  const code = FAILURE_PATTERNS.find(([, pattern]) => pattern.test(text))?.[0];
  if (code === undefined) return null;
  const resets = code === "quota" ? findReset(text) : undefined;
  return { code, ...(resets !== undefined && { resets }) };
};

/** The fields of an error's JSON, and of a log's line, in which agents put the provider's own words. */
const DETAIL_PATTERNS = [/"message"\s*:\s*"((?:[^"\\]|\\.)+)"/, /\berror\.error="((?:[^"\\]|\\.)+)"/, /\bcause="((?:[^"\\]|\\.)+)"/];

/** What went wrong, in the provider's words, without the JSON or the log line around them. */
export const readFailureDetail = (text: string): string => {
  const found = DETAIL_PATTERNS.map((pattern) => pattern.exec(text)?.[1]).find((each) => each !== undefined);
  return (found?.replaceAll(/\\(["\\/])/g, "$1") ?? text).replace(/^(?:[A-Z]\w*_?)*(?:Error|Exception): /, "");
};
