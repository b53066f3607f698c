import { gzipSync } from "node:zlib";
import type { TelemetrySettings } from "../core/telemetry/telemetry-settings.ts";

/** How a collector answered one request. */
export type PostAnswer =
  | { readonly kind: "taken" }
  /** Some spans were refused: sending them again would not help. */
  | { readonly kind: "refused"; readonly reason: string }
  /** To be sent again, after the given time if the collector names one. */
  | { readonly kind: "later"; readonly reason: string; readonly retryAfter: string | null };

/** https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes */
const RETRYABLE = [429, 502, 503, 504];
const MAX_ANSWER_CHARS = 20_000;
const MAX_REASON_CHARS = 200;

/** The refused spans of an accepted request, as a sentence; null if there are none. */
const readPartialSuccess = (body: string): string | null => {
  try {
    const { partialSuccess } = JSON.parse(body) as { partialSuccess?: { rejectedSpans?: string | number; errorMessage?: string } };
    const rejected = Number(partialSuccess?.rejectedSpans ?? 0);
    if (!(rejected > 0)) return null;
    const message = (partialSuccess?.errorMessage ?? "").replaceAll(/\s+/g, " ");
    return `${rejected} spans were refused: ${message.slice(0, MAX_REASON_CHARS)}`;
  } catch {
    return null;
  }
};

/** The start of an answer's text, however long it is. */
const readStart = async ({ body }: Response): Promise<string> => {
  const decoder = new TextDecoder();
  let text = "";
  for await (const part of body ?? []) {
    text += decoder.decode(part as Uint8Array, { stream: true });
    if (text.length > MAX_ANSWER_CHARS) break;
  }
  return text;
};

const judgeAnswer = (response: Response, body: string): PostAnswer => {
  const reason = `it answered ${response.status}`;
  if (RETRYABLE.includes(response.status)) return { kind: "later", reason, retryAfter: response.headers.get("retry-after") };
  if (!response.ok) return { kind: "refused", reason };
  const partial = readPartialSuccess(body);
  return partial === null ? { kind: "taken" } : { kind: "refused", reason: partial };
};

const describeError = (error: unknown): string => {
  if (!(error instanceof Error)) return "the request failed";
  if (error.name === "AbortError") return "it did not answer in time";
  const cause = error.cause instanceof Error ? error.cause : error;
  return "code" in cause && typeof cause.code === "string" ? cause.code : cause.name;
};

/** Posts one body and follows no redirect. Never rejects. */
export const postSpans = async (
  { url, headers, isCompressed }: TelemetrySettings,
  body: string,
  signal: AbortSignal,
): Promise<PostAnswer> => {
  const encoding = isCompressed ? { "content-encoding": "gzip" } : {};
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { ...headers, ...encoding, "content-type": "application/json" },
      body: isCompressed ? gzipSync(body) : body,
      redirect: "manual",
      signal,
    });
    return judgeAnswer(response, await readStart(response));
  } catch (error) {
    return { kind: "later", reason: describeError(error), retryAfter: null };
  }
};
