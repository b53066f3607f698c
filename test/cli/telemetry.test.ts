import { expect, test } from "vitest";
import { openSeeds } from "../conformance/seed-stage.ts";
import { checkReceivedTrace, countNames, ONE_STEP_SPANS, SEARCH_HEADERS, startCollector, TELEMETRY_SECRET } from "../support/collector.ts";
import { LOOK_AND_LIST } from "./look-and-list.ts";
import { open, playOf } from "./run-stage.ts";

const withTelemetry = (url: string) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${TELEMETRY_SECRET}`,
});

test("a run on one machine sends one trace, in which coordinator and jobs agree, and no process of a job sees the headers", async () => {
  const collector = await startCollector();
  const it = open(playOf([{ id: "sort", run: `${SEARCH_HEADERS}\nsort -o list.txt list.txt` }]));
  const ended = await it.terminal.run(["run", "--yes", ...it.agent, ...it.verify, "--verify", SEARCH_HEADERS, "sort the list"], {
    cwd: it.cwd,
    env: withTelemetry(collector.url),
  });
  expect(ended).toMatchObject({ code: 0, err: "" });
  const spans = collector.spans();
  checkReceivedTrace(spans);
  expect(countNames(spans)).toEqual(ONE_STEP_SPANS);
  for (const { path, headers } of collector.received)
    expect([path, headers.authorization]).toEqual(["/v1/traces", `Bearer ${TELEMETRY_SECRET}`]);
  const sent = collector.received.map(({ body }) => body).join("\n");
  for (const text of [TELEMETRY_SECRET, "list.txt", "sort the list", "Do sort", it.cwd]) expect(sent).not.toContain(text);
});

test("what an agent reports of its tokens is on the span of its attempt", async () => {
  const collector = await startCollector();
  const { run } = openSeeds({ ".enki/workflows/look.md": LOOK_AND_LIST }, [{ act: "say", value: "Found.\n[OUTPUT]Found.[/OUTPUT]" }], {
    program: "claude",
    fixture: "headless.mjs",
    env: { ANTHROPIC_API_KEY: "the-key-of-the-model-0123456789", ...withTelemetry(collector.url) },
  });
  expect((await run("--workflow", "look")).code).toBe(0);
  const attempts = collector.spans().filter(({ name }) => name === "invoke_agent worker");
  expect(attempts).toHaveLength(2);
  for (const { attributes } of attempts)
    expect(attributes).toEqual(
      expect.arrayContaining([
        { key: "gen_ai.operation.name", value: { stringValue: "invoke_agent" } },
        { key: "gen_ai.provider.name", value: { stringValue: "anthropic" } },
        { key: "gen_ai.usage.input_tokens", value: { intValue: 11 } },
        { key: "gen_ai.usage.output_tokens", value: { intValue: 7 } },
        { key: "gen_ai.usage.cache_read.input_tokens", value: { intValue: 5 } },
        { key: "enki.usage.cost_usd", value: { doubleValue: 0.25 } },
      ]),
    );
  expect(collector.received.map(({ body }) => body).join()).not.toMatch(/the-key-of-the-model|Found\./);
});

test("a run ends as ever if nothing listens at the address, and says so once at its end", async () => {
  const collector = await startCollector();
  await collector.close();
  const it = open();
  const ended = await it.terminal.call(["run", "--yes", ...it.agent, ...it.verify, "sort the list"], {
    cwd: it.cwd,
    env: { ...withTelemetry(collector.url), OTEL_EXPORTER_OTLP_TIMEOUT: "300" },
  });
  expect({ code: ended.code, err: ended.err }).toEqual({
    code: 0,
    err: `OpenTelemetry: spans could not be sent to ${collector.url}: ECONNREFUSED. The work goes on without them.\n`,
  });
});
