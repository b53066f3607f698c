import { SpanKind, SpanStatusCode, TraceFlags } from "@opentelemetry/api";
import { JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import { expect, test } from "vitest";
import { encodeSpans } from "../../../src/core/telemetry/encode-spans.ts";
import type { SpanAttributes, TelemetrySpan } from "../../../src/core/telemetry/telemetry-span.ts";
import { PRODUCT } from "../../../src/core/domain/product.ts";

const RESOURCE: SpanAttributes = { "service.name": "enki", "service.version": "0.1.0", "host.name": "größe" };

const ROOT: TelemetrySpan = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  parentId: null,
  name: "RUN enki",
  kind: "server",
  from: 1_700_000_000_001,
  to: 1_700_000_060_999,
  attributes: { "cicd.pipeline.result": "success", "enki.steps": 3, "enki.usage.cost_usd": 0.25, "enki.checkpoint": false },
  status: "ok",
};
const SPANS: readonly TelemetrySpan[] = [
  ROOT,
  {
    ...ROOT,
    spanId: "00f067aa0ba902b7",
    parentId: ROOT.spanId,
    kind: "internal",
    status: "error",
    attributes: { "enki.candidate.steps": ["a", "b"] },
  },
  { ...ROOT, spanId: "00f067aa0ba902b8", parentId: ROOT.spanId, kind: "internal", status: "unset", attributes: {} },
];

const toTime = (ms: number): [number, number] => [Math.floor(ms / 1_000), (ms % 1_000) * 1_000_000];

// The serializer groups spans by the identity of these objects.
const SDK_RESOURCE = { attributes: RESOURCE, merge: () => undefined, getRawAttributes: () => Object.entries(RESOURCE) };
const SDK_SCOPE = { name: PRODUCT.packageName, version: PRODUCT.version };

/** Converts a span to the form in which OpenTelemetry's own SDK passes it to its serializer. */
const toSdkSpan = (span: TelemetrySpan) => {
  const context = (spanId: string) => ({ traceId: span.traceId, spanId, traceFlags: TraceFlags.SAMPLED });
  return {
    name: span.name,
    kind: { internal: SpanKind.INTERNAL, server: SpanKind.SERVER }[span.kind],
    spanContext: () => context(span.spanId),
    ...(span.parentId !== null && { parentSpanContext: context(span.parentId) }),
    startTime: toTime(span.from),
    endTime: toTime(span.to),
    duration: toTime(span.to - span.from),
    status: { code: { unset: SpanStatusCode.UNSET, ok: SpanStatusCode.OK, error: SpanStatusCode.ERROR }[span.status] },
    attributes: span.attributes,
    links: [],
    events: [],
    ended: true,
    resource: SDK_RESOURCE,
    instrumentationScope: SDK_SCOPE,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
};

test("encodes spans as OpenTelemetry's own serializer does", () => {
  const theirs = JsonTraceSerializer.serializeRequest(SPANS.map((span) => toSdkSpan(span)) as never);
  const decoded: unknown = JSON.parse(new TextDecoder().decode(theirs));
  expect(JSON.parse(encodeSpans(SPANS, RESOURCE))).toEqual(decoded);
});
