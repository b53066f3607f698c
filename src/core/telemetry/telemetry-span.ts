import { createHash } from "node:crypto";
import type { Execution } from "../domain/execution.ts";
import type { Millis } from "../domain/ids.ts";

/** 16 bytes in hex. */
export type TraceId = string;
/** 8 bytes in hex. */
export type SpanId = string;

export type SpanValue = string | number | boolean | readonly string[];
export type SpanAttributes = Readonly<Record<string, SpanValue>>;

/** A period of an execution that has ended, as OpenTelemetry describes it. */
export type TelemetrySpan = {
  readonly traceId: TraceId;
  readonly spanId: SpanId;
  /** `null` for the root. */
  readonly parentId: SpanId | null;
  /** One of few constants: no text of a person, an agent or a repository. */
  readonly name: string;
  readonly kind: "internal" | "server";
  readonly from: Millis;
  readonly to: Millis;
  readonly attributes: SpanAttributes;
  readonly status: "unset" | "ok" | "error";
};

const hashText = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Every process that knows the ledger derives the same trace. Execution ids are short, so the time of the request is part of it. */
export const deriveTraceId = (repository: string, { id, createdAt }: Pick<Execution, "id" | "createdAt">): TraceId =>
  hashText(["enki", repository.toLowerCase(), id, createdAt].join("\n")).slice(0, 32);

/** The span of a key within a trace, such as a job's key. */
export const deriveSpanId = (traceId: TraceId, key: string): SpanId => hashText(`${traceId}\n${key}`).slice(0, 16);

const MAX_VALUE_CHARS = 200;
const MAX_VALUES = 100;

/** Without half of a character of two units, which is no valid JSON text for every collector. */
const boundText = (text: string): string => text.slice(0, MAX_VALUE_CHARS).replace(/[\ud800-\udbff]$/, "");

const boundValue = (value: SpanValue): SpanValue => {
  if (typeof value === "string") return boundText(value);
  return typeof value === "object" ? value.slice(0, MAX_VALUES).map(boundText) : value;
};

/** Attributes of bounded size. Absent and unreported values are left out. */
export const toAttributes = (values: Readonly<Record<string, SpanValue | null | undefined>>): SpanAttributes =>
  Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => (value === null || value === undefined ? [] : [[key, boundValue(value)] as const])),
  );

/** Takes spans without ever delaying or failing the work that they describe. */
export type SpanSink = { readonly record: (spans: Promise<readonly TelemetrySpan[]>) => void };
