import { PRODUCT } from "../domain/product.ts";
import type { SpanAttributes, SpanValue, TelemetrySpan } from "./telemetry-span.ts";

// The JSON of OTLP: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding. Ids are in hex; enumerations are numbers.

const KINDS = { internal: 1, server: 2 } as const;
const STATUS_CODES = { unset: 0, ok: 1, error: 2 } as const;
/** Sampled, with a parent that is not marked as remote: the flags of OpenTelemetry's own packages. */
const FLAGS = 0x101;

const encodeNumber = (value: number) => (Number.isInteger(value) ? { intValue: value } : { doubleValue: value });

const encodeValue = (value: SpanValue): object => {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number") return encodeNumber(value);
  return { arrayValue: { values: value.map((each) => ({ stringValue: each })) } };
};

const encodeAttributes = (attributes: SpanAttributes) =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: encodeValue(value) }));

const toNanos = (ms: number): string => `${Math.round(ms)}000000`;

const encodeSpan = ({ traceId, spanId, parentId, name, kind, from, to, attributes, status }: TelemetrySpan) => ({
  traceId,
  spanId,
  ...(parentId !== null && { parentSpanId: parentId }),
  name,
  kind: KINDS[kind],
  startTimeUnixNano: toNanos(from),
  endTimeUnixNano: toNanos(to),
  attributes: encodeAttributes(attributes),
  droppedAttributesCount: 0,
  events: [],
  droppedEventsCount: 0,
  links: [],
  droppedLinksCount: 0,
  status: { code: STATUS_CODES[status] },
  flags: FLAGS,
});

/** The body of an export request (`ExportTraceServiceRequest`). */
export const encodeSpans = (spans: readonly TelemetrySpan[], resource: SpanAttributes): string =>
  JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: encodeAttributes(resource), droppedAttributesCount: 0 },
        scopeSpans: [{ scope: { name: PRODUCT.packageName, version: PRODUCT.version }, spans: spans.map((span) => encodeSpan(span)) }],
      },
    ],
  });
