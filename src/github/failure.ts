import * as z from "zod";
import type { Millis } from "../model/ids.ts";
import type { Answer } from "./octokit.ts";
import type { Failure } from "./ports.ts";

const SECOND = 1_000;
/** GitHub asks for at least a minute after a secondary limit that names no time, doubled each time. */
const LIMIT_PAUSE = 60 * SECOND;
const FAULT_PAUSE = 5 * SECOND;
const LONGEST_PAUSE = 15 * 60 * SECOND;
const LONGEST_WORDS = 500;

/** How long to wait after the n-th fault in a row, in milliseconds. */
const backOff = (first: number, faults: number): number => Math.min(LONGEST_PAUSE, first * 2 ** Math.min(faults, 10));

/** What is known when a request failed: our clock, and how many failed in a row before it. */
export type Circumstances = { readonly now: Millis; readonly faults: number };

const thrown = z.object({
  status: z.number(),
  response: z.object({
    status: z.number(),
    headers: z.record(z.string(), z.union([z.string(), z.number()]).optional()),
    data: z.unknown(),
  }),
});

/** GitHub's answer inside of what Octokit threw; null when there was none: the network, a time-out, a cut connection. */
export const answerIn = (error: unknown): Answer | null => {
  const read = thrown.safeParse(error);
  return read.success ? { data: read.data.response.data, headers: read.data.response.headers, status: read.data.response.status } : null;
};

export const header = (answer: Answer, name: string): string | null => {
  const value = answer.headers[name];
  return value === undefined ? null : String(value);
};

/** The time in an answer's `Date` header; null when it has none. */
export const dateOf = (answer: Answer): Millis | null => {
  const at = Date.parse(header(answer, "date") ?? "");
  return Number.isNaN(at) ? null : at;
};

const said = z.object({
  message: z.string(),
  errors: z
    .array(
      z.union([z.string(), z.looseObject({ message: z.string().optional(), field: z.string().optional(), code: z.string().optional() })]),
    )
    .optional()
    .catch([]),
});

/** GitHub's own words, shortened: the message and what it says of each field. */
const wordsOf = (answer: Answer): string => {
  const read = said.safeParse(answer.data);
  if (!read.success) return `GitHub answered ${answer.status}`;
  const details = (read.data.errors ?? []).map((error) =>
    typeof error === "string" ? error : (error.message ?? [error.field, error.code].filter(Boolean).join(" ")),
  );
  return [read.data.message, ...details].filter(Boolean).join(": ").slice(0, LONGEST_WORDS);
};

/** Seconds or a date, as a wait in milliseconds; null when there is none. */
const retryAfter = (answer: Answer, now: Millis): number | null => {
  const text = header(answer, "retry-after");
  if (text === null) return null;
  if (/^\d+$/.test(text.trim())) return Number(text) * SECOND;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at - (dateOf(answer) ?? now);
};

/** How long until the primary limit is filled up again, by GitHub's clock; null while there is something left. */
export const resetWait = (answer: Answer, now: Millis): number | null => {
  const reset = Number(header(answer, "x-ratelimit-reset") ?? Number.NaN);
  if (header(answer, "x-ratelimit-remaining") !== "0" || Number.isNaN(reset)) return null;
  return reset * SECOND - (dateOf(answer) ?? now);
};

const isLimit = (answer: Answer): boolean =>
  answer.status === 429 ||
  (answer.status === 403 &&
    (header(answer, "retry-after") !== null ||
      header(answer, "x-ratelimit-remaining") === "0" ||
      /rate limit|submitted too quickly|abuse detection/i.test(wordsOf(answer))));

const REFUSALS: Readonly<Record<number, string>> = { 403: "not-allowed", 404: "not-found", 409: "conflict", 410: "gone", 422: "invalid" };

/** `limit`: nothing may be sent before the failure's time. */
export type Fault = { readonly failure: Failure; readonly limit: boolean };

/** 401 says nothing about what was asked: a token expired, or is not yet known everywhere. A 304 that we have no copy for is a fault too. */
const isFault = (status: number): boolean => status < 400 || status === 401 || status === 408 || status >= 500;

/**
 * What an answer that is not a success means; null where none came, with the words of who noticed.
 * https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api
 */
export const readFault = (answer: Answer | null, words: string, { now, faults }: Circumstances): Fault => {
  if (answer && isLimit(answer)) {
    const wait = retryAfter(answer, now) ?? resetWait(answer, now) ?? backOff(LIMIT_PAUSE, faults);
    return { limit: true, failure: { kind: "later", at: now + Math.max(SECOND, wait), why: wordsOf(answer), unclear: false } };
  }
  if (answer && !isFault(answer.status)) {
    return { limit: false, failure: { kind: "refused", code: REFUSALS[answer.status] ?? `http-${answer.status}`, why: wordsOf(answer) } };
  }
  const why = (answer ? wordsOf(answer) : words).slice(0, LONGEST_WORDS);
  return { limit: false, failure: { kind: "later", at: now + backOff(FAULT_PAUSE, faults), why, unclear: answer?.status !== 401 } };
};
