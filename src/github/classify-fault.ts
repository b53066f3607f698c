import * as z from "zod";
import type { Millis } from "../core/domain/ids.ts";
import type { GitHubAnswer } from "./open-octokit.ts";
import type { GitHubFailure } from "./github-ports.ts";
import { MINUTE_MS, SECOND_MS } from "../core/domain/durations.ts";

/** GitHub requires a pause of at least a minute after a secondary limit without a time, doubled after each repetition. */
const LIMIT_PAUSE_MS = MINUTE_MS;
const FAULT_PAUSE_MS = 5 * SECOND_MS;
const MAX_BACKOFF_MS = 15 * MINUTE_MS;
const MAX_ERROR_TEXT_CHARS = 500;

/** Milliseconds to wait after this many consecutive faults. */
const computeBackoff = (first: number, faults: number): number => Math.min(MAX_BACKOFF_MS, first * 2 ** Math.min(faults, 10));

/** Context of a failed request: the time by the own clock, and the number of faults in a row before it. */
export type FailureContext = { readonly now: Millis; readonly faults: number };

const thrownErrorSchema = z.object({
  status: z.number(),
  response: z.object({
    status: z.number(),
    headers: z.record(z.string(), z.union([z.string(), z.number()]).optional()),
    data: z.unknown(),
  }),
});

/** GitHub's answer inside an Octokit error; null for network errors, timeouts and closed connections. */
export const readThrownAnswer = (error: unknown): GitHubAnswer | null => {
  const read = thrownErrorSchema.safeParse(error);
  return read.success ? { data: read.data.response.data, headers: read.data.response.headers, status: read.data.response.status } : null;
};

export const readHeader = (answer: GitHubAnswer, name: string): string | null => {
  const value = answer.headers[name];
  return value === undefined ? null : String(value);
};

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

/** GitHub's message and its details per field, shortened. */
const formatErrorText = (answer: GitHubAnswer): string => {
  const read = errorBodySchema.safeParse(answer.data);
  if (!read.success) return `GitHub answered ${answer.status}`;
  const details = (read.data.errors ?? []).map((error) =>
    typeof error === "string" ? error : (error.message ?? [error.field, error.code].filter(Boolean).join(" ")),
  );
  return [read.data.message, ...details].filter(Boolean).join(": ").slice(0, MAX_ERROR_TEXT_CHARS);
};

/** The `Retry-After` header (seconds or a date) as milliseconds; null if missing. */
const readRetryAfter = (answer: GitHubAnswer, now: Millis): number | null => {
  const text = readHeader(answer, "retry-after");
  if (text === null) return null;
  if (/^\d+$/.test(text.trim())) return Number(text) * SECOND_MS;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at - (readAnswerDate(answer) ?? now);
};

/** Milliseconds until the primary rate limit resets, by GitHub's clock; null while requests remain. */
export const readResetWait = (answer: GitHubAnswer, now: Millis): number | null => {
  const reset = Number(readHeader(answer, "x-ratelimit-reset") ?? Number.NaN);
  if (readHeader(answer, "x-ratelimit-remaining") !== "0" || Number.isNaN(reset)) return null;
  return reset * SECOND_MS - (readAnswerDate(answer) ?? now);
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

/** `limit`: no request may be sent before the failure's time. */
export type ClassifiedFailure = { readonly failure: GitHubFailure; readonly limit: boolean };

/** A 401 is transient: a token expired or is not yet valid everywhere. A 304 without a cached copy is a fault too. */
const isTransientStatus = (status: number): boolean => status < 400 || status === 401 || status === 408 || status >= 500;

/**
 * Classifies an unsuccessful answer; a null answer means that none arrived, and `words` describes the error.
 * https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api
 */
export const classifyFault = (answer: GitHubAnswer | null, words: string, { now, faults }: FailureContext): ClassifiedFailure => {
  if (answer && isRateLimit(answer)) {
    const wait = readRetryAfter(answer, now) ?? readResetWait(answer, now) ?? computeBackoff(LIMIT_PAUSE_MS, faults);
    return {
      limit: true,
      failure: { kind: "later", retryAt: now + Math.max(SECOND_MS, wait), reason: formatErrorText(answer), unclear: false },
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
