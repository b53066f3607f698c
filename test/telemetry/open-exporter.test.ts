import { describe, expect, test } from "vitest";
import type { TelemetrySpan } from "../../src/core/telemetry/telemetry-span.ts";
import { openExporter } from "../../src/telemetry/open-exporter.ts";
import { type Answer, startCollector } from "../support/collector.ts";

const SPAN: TelemetrySpan = {
  traceId: "0".repeat(31).concat("1"),
  spanId: "0".repeat(15).concat("1"),
  parentId: null,
  name: "RUN enki",
  kind: "server",
  from: 1,
  to: 2,
  attributes: { "enki.steps": 1 },
  status: "ok",
};
const SECRET = "Bearer topsecret";

type Timer = { readonly delay: number; readonly call: () => void };

/** A clock whose timers a test lets pass by their delay, because answers on loopback take real time. */
const openClock = () => {
  const timers = new Set<Timer>();
  const waiting = new Set<() => void>();
  let now = 1_000_000;
  return {
    now: () => now,
    after: (delay: number, call: () => void) => {
      const timer = { delay, call };
      timers.add(timer);
      for (const look of waiting) look();
      return () => void timers.delete(timer);
    },
    pending: () => timers.size,
    /** Waits until a timer with this delay is started, and lets it pass. */
    pass: async (delay: number): Promise<void> => {
      const find = (): Timer | undefined => [...timers].find((timer) => timer.delay === delay);
      while (!find()) await new Promise<void>((resolve) => waiting.add(resolve));
      waiting.clear();
      const timer = find();
      if (timer) timers.delete(timer);
      now += delay;
      timer?.call();
    },
  };
};

const open = (url: string, env: Record<string, string> = {}) => {
  const clock = openClock();
  const log: string[] = [];
  let write = (): void => undefined;
  const written = new Promise<void>((resolve) => (write = resolve));
  const exporter = openExporter({
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_HEADERS: `authorization=${SECRET}`, ...env },
    now: clock.now,
    after: clock.after,
    random: () => 0.5,
    log: (line) => {
      log.push(line);
      write();
    },
  });
  if (!exporter) throw new Error(log.join("\n"));
  return { clock, log, written, exporter, send: (...spans: TelemetrySpan[]) => exporter.record(Promise.resolve(spans)) };
};

const answerWith =
  (...statuses: readonly (number | [number, Record<string, string>])[]): Answer =>
  (response, count) => {
    const next = statuses[count - 1] ?? 200;
    const [status, headers] = typeof next === "number" ? [next, {}] : next;
    response.writeHead(status, headers).end("{}");
  };

describe("the exporter", () => {
  test("posts spans as JSON with the headers of the environment", async () => {
    const collector = await startCollector();
    const { send, exporter, log } = open(collector.url);
    send(SPAN);
    await exporter.close();
    expect(collector.received).toMatchObject([
      { path: "/v1/traces", headers: { authorization: SECRET, "content-type": "application/json" } },
    ]);
    expect(collector.spans()).toMatchObject([{ name: "RUN enki", spanId: SPAN.spanId }]);
    expect(log).toEqual([]);
  });

  test("compresses where the environment asks for it", async () => {
    const collector = await startCollector();
    const { send, exporter } = open(collector.url, { OTEL_EXPORTER_OTLP_COMPRESSION: "gzip" });
    send(SPAN);
    await exporter.close();
    expect(collector.received[0]?.headers["content-encoding"]).toBe("gzip");
    expect(collector.spans()).toHaveLength(1);
  });

  test("sends spans in batches, and those that come meanwhile together", async () => {
    const collector = await startCollector();
    const { send, exporter } = open(collector.url);
    for (let count = 0; count < 1_200; count += 1) send(SPAN);
    await exporter.close();
    expect(collector.spans()).toHaveLength(1_200);
    expect(collector.received.length).toBeLessThanOrEqual(4);
  });

  test.each([429, 502, 503, 504])("repeats after %i, with a pause that doubles", async (status) => {
    const collector = await startCollector(answerWith(status, status));
    const { send, clock, exporter, log } = open(collector.url);
    send(SPAN);
    await clock.pass(500);
    await clock.pass(1_000);
    await exporter.close();
    expect(collector.spans()).toHaveLength(3);
    expect(log).toEqual([]);
  });

  test("waits as long as the collector asks", async () => {
    const collector = await startCollector(answerWith([503, { "retry-after": "7" }]));
    const { send, clock, exporter } = open(collector.url);
    send(SPAN);
    await clock.pass(7_000);
    await exporter.close();
    expect(collector.spans()).toHaveLength(2);
  });

  test.each(["0", "", "Thu, 01 Jan 1970 00:00:00 GMT", "-3"])("waits although the collector asks for no pause: %j", async (asked) => {
    const collector = await startCollector(answerWith([503, { "retry-after": asked }]));
    const { send, clock, exporter } = open(collector.url);
    send(SPAN);
    await clock.pass(500);
    await exporter.close();
    expect(collector.spans()).toHaveLength(2);
  });

  test.each([400, 401, 404, 500, 301])("drops what is refused with %i, says so once, and follows no redirect", async (status) => {
    const collector = await startCollector((response) => void response.writeHead(status, { location: "/elsewhere" }).end());
    const { send, exporter, log } = open(collector.url);
    send(SPAN);
    await collector.waitFor(1);
    send(SPAN);
    await exporter.close();
    expect(collector.received.map(({ path }) => path)).toEqual(["/v1/traces", "/v1/traces"]);
    expect(log).toEqual([
      `OpenTelemetry: spans could not be sent to ${collector.url}: it answered ${status}. The work goes on without them.`,
    ]);
  });

  test("says what a collector refuses of a batch", async () => {
    const body = JSON.stringify({ partialSuccess: { rejectedSpans: "3", errorMessage: "no\nquota" } });
    const collector = await startCollector((response) => void response.writeHead(200).end(body));
    const { send, exporter, log } = open(collector.url);
    send(SPAN);
    await exporter.close();
    expect(log).toEqual([expect.stringContaining("3 spans were refused: no quota")]);
  });

  test("gives up a collector that nobody runs after its time, with one line for the outage, without headers or path", async () => {
    const collector = await startCollector();
    await collector.close();
    const { send, clock, exporter, log } = open(`${collector.url}/secret-path`);
    for (let count = 0; count < 3; count += 1) {
      send(SPAN);
      // The next pause would be longer than the ten seconds of an export.
      for (const pause of [500, 1_000, 2_000, 4_000]) await clock.pass(pause);
    }
    await exporter.close();
    expect(log).toEqual([`OpenTelemetry: spans could not be sent to ${collector.url}: ECONNREFUSED. The work goes on without them.`]);
    expect(log.join()).not.toMatch(/topsecret|secret-path/);
    expect(clock.pending()).toBe(0);
  });

  test("ends in time if a collector takes a request and never answers", async () => {
    const collector = await startCollector(() => undefined);
    const { send, clock, exporter } = open(collector.url);
    send(SPAN);
    await collector.waitFor(1);
    const closing = exporter.close(300);
    await clock.pass(300);
    await closing;
    expect(clock.pending()).toBe(0);
  });

  test("drops a batch that a collector does not answer within the time of the environment", async () => {
    const collector = await startCollector(() => undefined);
    const { send, clock, log, written } = open(collector.url, { OTEL_EXPORTER_OTLP_TIMEOUT: "2000" });
    send(SPAN);
    await collector.waitFor(1);
    await clock.pass(2_000);
    await written;
    expect(log).toEqual([expect.stringContaining("it did not answer in time")]);
  });

  test("keeps a bounded number of spans", async () => {
    const collector = await startCollector();
    const { send, exporter, log } = open(collector.url);
    send(...Array.from({ length: 5_000 }, () => SPAN));
    await exporter.close();
    expect(collector.spans()).toHaveLength(2_048);
    expect(log).toEqual([expect.stringContaining("too many spans wait")]);
  });

  test("logs spans that could not be derived, and sends the others", async () => {
    const collector = await startCollector();
    const { exporter, send, log } = open(collector.url);
    exporter.record(Promise.reject(new Error("no history")));
    send(SPAN);
    await exporter.close();
    expect(collector.spans()).toHaveLength(1);
    expect(log).toEqual(["OpenTelemetry: spans could not be derived: no history"]);
  });

  test("takes nothing after its end", async () => {
    const collector = await startCollector();
    const { exporter, send } = open(collector.url);
    await exporter.close();
    send(SPAN);
    await exporter.close();
    expect(collector.received).toEqual([]);
  });
});

test("without a usable address there is no exporter, and one line says why", () => {
  const log: string[] = [];
  const clock = openClock();
  const host = { now: clock.now, after: clock.after, random: () => 0, log: (line: string) => void log.push(line) };
  expect(openExporter({ ...host, env: { OTEL_EXPORTER_OTLP_ENDPOINT: "nowhere" } })).toBeNull();
  expect(log).toEqual([expect.stringContaining("is not an address")]);
});
