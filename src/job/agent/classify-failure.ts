import type { AgentFailure, AgentFailureCode } from "../../core/domain/agent-failure.ts";
import { SECOND_MS } from "../../core/domain/durations.ts";

/** A status counts only next to a word that announces one: stack traces are full of numbers. */
const withStatus = (status: string, words: string): RegExp =>
  new RegExp(`(?:status|error|code|http)\\w*["']?[^0-9\\n]{0,12}${status}\\b|request rejected \\(${status}\\)|${words}`, "i");

/** The first pattern that matches decides. */
const FAILURE_PATTERNS: readonly (readonly [AgentFailureCode, RegExp])[] = [
  [
    "quota",
    withStatus(
      "429",
      "rate.?limit|(?<!disk.?)quota|(?:usage|session|weekly|spend).limit|hit your (?:\\w+ ){0,3}limit|resource.?exhausted|credit balance|too many requests|billing",
    ),
  ],
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

const DURATION = String.raw`(?:\d+(?:\.\d+)?\s*[a-z]{1,12}[\s,]{0,3}(?:and\s+)?)+`;

/**
 * Patterns for the time at which a quota is renewed, as agents and providers write the time: in texts, in errors as JSON, and in headers.
 */
const RESET_PATTERNS: readonly RegExp[] = [
  /(?:limit reached\||resets?_?at["': ]+)(?<epoch>\d{10}(?:\d{3})?)\b/i,
  /(?:retry.after|ratelimit[\w-]*reset[\w-]*|resets?_?at)["': =[]+(?<moment>\d{10}|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-][\d:]{5})|[a-z]{3}, \d\d [a-z]{3} \d{4} [\d:]{8} GMT)/i,
  /(?:retry.after.ms)["': =[]+(?<millis>\d{1,9})\b/i,
  /(?:retry.after|resets?_in_seconds)["': =[]+(?<seconds>\d{1,7})(?!\d|\.\d|\s*[a-z])/i,
  new RegExp(
    `(?:(?:resets?|try again|retry) in|(?:resets?|try again|retry) after|retry.?(?:delay|after)["': =]+|ratelimit[\\w-]*reset[\\w-]*["': =]+)\\s*(?<span>${DURATION})`,
    "i",
  ),
  /\b(?:resets? (?:at )?|try again at )(?<at>[^.·|\n]{2,40})/i,
];

const MAX_SPAN_CHARS = 60;

const findReset = (text: string): string | undefined => {
  for (const pattern of RESET_PATTERNS) {
    const { epoch, moment, millis, seconds, span, at } = pattern.exec(text)?.groups ?? {};
    if (epoch !== undefined) return new Date(Number(epoch.padEnd(13, "0"))).toISOString();
    if (moment !== undefined) return /^\d+$/.test(moment) ? new Date(Number(moment) * SECOND_MS).toISOString() : moment;
    if (millis !== undefined) return `in ${Math.ceil(Number(millis) / SECOND_MS)} s`;
    if (seconds !== undefined) return `in ${seconds} s`;
    if (span !== undefined) return `in ${span.slice(0, MAX_SPAN_CHARS).trim()}`;
    if (at !== undefined) return at.trim();
  }
  return undefined;
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

/** The failure in the provider's words, without the JSON or the log line around them. */
export const readFailureDetail = (text: string): string => {
  const found = DETAIL_PATTERNS.map((pattern) => pattern.exec(text)?.[1]).find((each) => each !== undefined);
  return (found?.replaceAll(/\\(["\\/])/g, "$1") ?? text).replace(/^(?:[A-Z]\w*_?)*(?:Error|Exception): /, "");
};
