import { expect, test } from "vitest";
import { classifyFailure, readFailureDetail } from "../../../src/job/agent/classify-failure.ts";

test.each<[code: string | null, text: string]>([
  ["auth", "API Error: 401 authentication_failed"],
  ["auth", "unexpected status 401 Unauthorized: invalid x-api-key, url: http://127.0.0.1:4000/responses"],
  ["auth", "Invalid API key · Please run /login"],
  ["auth", "Authentication required"],
  ["auth", "Invalid auth method selected."],
  ["quota", "Attempt 1 failed with status 429. Retrying with backoff... You exceeded your current quota"],
  ["quota", "API Error: 429 rate_limit"],
  ["quota", "API Error: Request rejected (429) · Come back later."],
  ["quota", "You've hit your usage limit."],
  ["quota", "Your credit balance is too low to access the Anthropic API."],
  ["overloaded", "API Error: 500 server_error"],
  ["overloaded", "API Error: connection refused unknown"],
  ["overloaded", "Reconnecting... 2/5 (stream disconnected before completion)"],
  ["overloaded", "AI_APICallError: Cannot connect to API: connect ECONNREFUSED 127.0.0.1:9"],
  ["overloaded", "Overloaded"],
  ["refused-by-policy", "The request was flagged by our safety system."],
  [null, "TypeError: x is not a function\n    at run (file.js:401:500)"],
  [null, "the tests failed: 429 passed, 2 failed"],
  [null, ""],
])("%s: %s", (code, text) => {
  expect(classifyFailure(text)?.code ?? null).toBe(code);
});

test.each<[text: string, resets: string | undefined]>([
  ["You've hit your limit · resets 3pm (UTC)", "3pm (UTC)"],
  ["Claude AI usage limit reached|1790000000", "2026-09-21T14:13:20.000Z"],
  ["You've hit your usage limit. Try again in 2 hours 5 minutes.", "in 2 hours 5 minutes"],
  ["status 429, retry-after: 30", "in 30 s"],
  ["Your quota resets in 1 day.", "in 1 day"],
  ["You exceeded your current quota", undefined],
])("a quota names when it is renewed: %s", (text, resets) => {
  expect(classifyFailure(text)).toEqual({ code: "quota", ...(resets !== undefined && { resets }) });
});

test("a full disk is no quota of a model", () => {
  expect(classifyFailure("EDQUOT: disk quota exceeded, write")).toBeNull();
});

test("only a quota is renewed", () => {
  expect(classifyFailure("error 500, try again in 5 minutes")).toEqual({ code: "overloaded" });
});

test.each<[text: string, detail: string]>([
  ['{"type":"error","error":{"type":"authentication_error","message":"invalid \\"x-api-key\\""}}', 'invalid "x-api-key"'],
  ['level=ERROR run=1 message="stream error" mode=primary error.error="AI_APICallError: invalid x-api-key"', "invalid x-api-key"],
  ["API Error: 401 authentication_failed", "API Error: 401 authentication_failed"],
  ["connect ECONNREFUSED 127.0.0.1:9", "connect ECONNREFUSED 127.0.0.1:9"],
])("the provider's own words are taken out of %s", (text, detail) => {
  expect(readFailureDetail(text)).toBe(detail);
});
