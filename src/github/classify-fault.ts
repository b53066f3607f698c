import * as z from "zod";
import type { Millis } from "../core/domain/ids.ts";
import type { GitHubAnswer } from "./open-octokit.ts";
import type { GitHubFailure } from "./github-ports.ts";

const API_SECOND_MS = 1_000;
/** GitHub asks for at least a minute after a secondary limit that names no time, doubled each time. */
const LIMIT_PAUSE_MS = 60 * API_SECOND_MS;
const FAULT_PAUSE_MS = 5 * API_SECOND_MS;
const MAX_BACKOFF_MS = 15 * 60 * API_SECOND_MS;
const MAX_ERROR_TEXT_CHARS = 500;

/** How long to wait after the n-th fault in a row, in milliseconds. */
const computeBackoff = (first: number, faults: number): number => Math.min(MAX_BACKOFF_MS, first * 2 ** Math.min(faults, 10));

/** What is known when a request failed: our clock, and how many failed in a row before it. */
export type FailureContext = { readonly now: Millis; readonly faults: number };

const thrownErrorSchema = z.object({
  status: z.number(),
  response: z.object({
    status: z.number(),
    headers: z.record(z.string(), z.union([z.string(), z.number()]).optional()),
    data: z.unknown(),
  }),
});

/** GitHub's answer inside of what Octokit threw; null when there was none: the network, a time-out, a cut connection. */
export const readThrownAnswer = (error: unknown): GitHubAnswer | null => {
  const read = thrownErrorSchema.safeParse(error);
  return read.success ? { data: read.data.response.data, headers: read.data.response.headers, status: read.data.response.status } : null;
};

export const readHeader = (answer: GitHubAnswer, name: string): string | null => {
  const value = answer.headers[name];
  return value === undefined ? null : String(value);
};

/** The time in an answer's `Date` header; null when it has none. */
export const readAnswerDate = (answer: GitHubAnswer): Millis | null => {
  const at = Date.parse(readHeader(answer, "date") ?? "");
  return Number.isNaN(at) ? null : at;
};

const errorBodySchema = z.object({
  message: z.string(),
  errors: z
    .array(
      z.union([z.string(), z.looseObject({ message: z.string().optional(), field: z.string().optional(), code: z.string().optional() })]),
    )
    .optional()
    .catch([]),
});

/** GitHub's own words, shortened: the message and what it says of each field. */
const formatErrorText = (answer: GitHubAnswer): string => {
  const read = errorBodySchema.safeParse(answer.data);
  if (!read.success) return `GitHub answered ${answer.status}`;
  const details = (read.data.errors ?? []).map((error) =>
    typeof error === "string" ? error : (error.message ?? [error.field, error.code].filter(Boolean).join(" ")),
  );
  return [read.data.message, ...details].filter(Boolean).join(": ").slice(0, MAX_ERROR_TEXT_CHARS);
};

/** Seconds or a date, as a wait in milliseconds; null when there is none. */
const readRetryAfter = (answer: GitHubAnswer, now: Millis): number | null => {
  const text = readHeader(answer, "retry-after");
  if (text === null) return null;
  if (/^\d+$/.test(text.trim())) return Number(text) * API_SECOND_MS;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at - (readAnswerDate(answer) ?? now);
};

/** How long until the primary limit is filled up again, by GitHub's clock; null while there is something left. */
export const readResetWait = (answer: GitHubAnswer, now: Millis): number | null => {
  const reset = Number(readHeader(answer, "x-ratelimit-reset") ?? Number.NaN);
  if (readHeader(answer, "x-ratelimit-remaining") !== "0" || Number.isNaN(reset)) return null;
  return reset * API_SECOND_MS - (readAnswerDate(answer) ?? now);
};

const isRateLimit = (answer: GitHubAnswer): boolean =>
  answer.status === 429 ||
  (answer.status === 403 &&
    (readHeader(answer, "retry-after") !== null ||
      readHeader(answer, "x-ratelimit-remaining") === "0" ||
      /rate limit|submitted too quickly|abuse detection/i.test(formatErrorText(answer))));

const REFUSAL_CODE_BY_STATUS: Readonly<Record<number, string>> = {
  403: "not-allowed",
  404: "not-found",
  409: "conflict",
  410: "gone",
  422: "invalid",
};

/** `limit`: nothing may be sent before the failure's time. */
export type ClassifiedFailure = { readonly failure: GitHubFailure; readonly limit: boolean };

/** 401 says nothing about what was asked: a token expired, or is not yet known everywhere. A 304 that we have no copy for is a fault too. */
const isTransientStatus = (status: number): boolean => status < 400 || status === 401 || status === 408 || status >= 500;

/**
 * What an answer that is not a success means; null where none came, with the words of who noticed.
 * https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api
 */
export const classifyFault = (answer: GitHubAnswer | null, words: string, { now, faults }: FailureContext): ClassifiedFailure => {
  if (answer && isRateLimit(answer)) {
    const wait = readRetryAfter(answer, now) ?? readResetWait(answer, now) ?? computeBackoff(LIMIT_PAUSE_MS, faults);
    return {
      limit: true,
      failure: { kind: "later", retryAt: now + Math.max(API_SECOND_MS, wait), reason: formatErrorText(answer), unclear: false },
    };
  }
  if (answer && !isTransientStatus(answer.status)) {
    return {
      limit: false,
      failure: { kind: "refused", code: REFUSAL_CODE_BY_STATUS[answer.status] ?? `http-${answer.status}`, reason: formatErrorText(answer) },
    };
  }
  const why = (answer ? formatErrorText(answer) : words).slice(0, MAX_ERROR_TEXT_CHARS);
  return {
    limit: false,
    failure: { kind: "later", retryAt: now + computeBackoff(FAULT_PAUSE_MS, faults), reason: why, unclear: answer?.status !== 401 },
  };
};
