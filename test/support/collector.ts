import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { expect, onTestFinished } from "vitest";

export type ReceivedSpan = {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
  readonly status: { readonly code: number };
};
type Received = { readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: string };
export type Answer = (response: ServerResponse, count: number) => void;

const takeAll: Answer = (response) => void response.writeHead(200, { "content-type": "application/json" }).end("{}");

const readSpans = ({ body }: Received): ReceivedSpan[] => {
  const { resourceSpans } = JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: ReceivedSpan[] }[] }[] };
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
};

/** Starts a collector on loopback, which accepts everything or answers as given by the test. */
export const startCollector = async (answer: Answer = takeAll) => {
  const received: Received[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const raw = Buffer.concat(parts);
      const body = (request.headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw).toString("utf8");
      received.push({ path: request.url ?? "", headers: request.headers, body });
      answer(response, received.length);
      for (const { resolve } of waiting.filter(({ count }) => received.length >= count)) resolve();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  onTestFinished(close);
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    close,
    spans: (): ReceivedSpan[] => received.flatMap((each) => readSpans(each)),
    waitFor: (count: number): Promise<void> =>
      received.length >= count ? Promise.resolve() : new Promise((resolve) => waiting.push({ count, resolve })),
  };
};

/** Expects one trace with one root, every parent present, no duplicates, and children within their parents' times. */
export const checkReceivedTrace = (spans: readonly ReceivedSpan[]): void => {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  expect(byId.size).toBe(spans.length);
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  expect(spans.filter(({ parentSpanId }) => parentSpanId === undefined).map(({ name }) => name)).toEqual(["RUN enki"]);
  for (const span of spans) {
    if (span.parentSpanId === undefined) continue;
    const parent = byId.get(span.parentSpanId);
    expect(parent, `the parent of ${span.name}`).toBeDefined();
    expect(BigInt(span.startTimeUnixNano) >= BigInt(parent?.startTimeUnixNano ?? 0), `${span.name} begins within ${parent?.name}`).toBe(
      true,
    );
    expect(BigInt(span.endTimeUnixNano) <= BigInt(parent?.endTimeUnixNano ?? 0), `${span.name} ends within ${parent?.name}`).toBe(true);
  }
};

/** Counts spans by name. */
export const countNames = (spans: readonly ReceivedSpan[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { name } of spans) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
};

/** The secret in the tests' headers. */
export const TELEMETRY_SECRET = "telemetry-secret-0123456789";

/** A command that fails if its own environment, or any visible process, contains the headers. */
export const SEARCH_HEADERS = [
  "set +o pipefail",
  "if { env; cat /proc/[0-9]*/environ; } 2>/dev/null | tr '\\0' '\\n' | grep -E 'telemetry-secret|OTEL_EXPORTER'",
  "then exit 1",
  "fi",
].join("\n");

/** The number of each span, for one landed step with a command and two verify commands. */
export const ONE_STEP_SPANS = {
  "RUN enki": 1,
  "invoke_agent planner": 1,
  step: 1,
  "run command": 1,
  verify: 1,
  prepare: 3,
  "agent session": 1,
  // One command of the step, and two verify commands.
  command: 3,
  publish: 3,
};
