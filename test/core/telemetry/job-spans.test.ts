import { expect, test } from "vitest";
import { type JobPhase, type JobTrace, listJobSpans, MAX_JOB_PHASES } from "../../../src/core/telemetry/job-spans.ts";
import { deriveSpanId, deriveTraceId } from "../../../src/core/telemetry/telemetry-span.ts";

const EXECUTION = { id: "a1b2c3", createdAt: 5 };
const TRACE: JobTrace = {
  job: { kind: "verify", target: "f".repeat(40), attempt: 2 },
  executions: [EXECUTION],
  requestedAt: 1_000,
  phases: [
    { kind: "prepare", from: 1_100, to: 1_200, passed: true },
    { kind: "command", from: 1_200, to: 1_300, passed: true, exitCode: 0 },
    { kind: "command", from: 1_300, to: 1_400, passed: false, exitCode: 1 },
  ],
};
const RUN = { repository: "octo/uploads", run: "7.1", from: 2_000, to: 2_100 };

test("a job's parts are children of the span that its key determines", () => {
  const spans = listJobSpans(TRACE, RUN);
  const traceId = deriveTraceId("octo/uploads", EXECUTION);
  expect(new Set(spans.map((span) => span.parentId))).toEqual(new Set([deriveSpanId(traceId, `verify/${"f".repeat(40)}/2`)]));
  expect(spans.map(({ name, from, to, status, attributes }) => [name, from, to, status, attributes["process.exit.code"]])).toEqual([
    ["prepare", 1_100, 1_200, "ok", undefined],
    ["command", 1_200, 1_300, "ok", 0],
    ["command", 1_300, 1_400, "error", 1],
    ["publish", 2_000, 2_100, "ok", undefined],
  ]);
  expect(spans.map(({ attributes }) => attributes["enki.command.index"])).toEqual([undefined, 1, 2, undefined]);
});

test("the same job gives the same spans, and a repeated run others", () => {
  expect(listJobSpans(TRACE, RUN)).toEqual(listJobSpans(TRACE, RUN));
  const ids = new Set(listJobSpans(TRACE, RUN).map(({ spanId }) => spanId));
  expect(listJobSpans(TRACE, { ...RUN, run: "7.2" }).filter(({ spanId }) => ids.has(spanId))).toEqual([]);
});

test.each<[string, Pick<JobPhase, "from" | "to">, [number, number]]>([
  ["before its job", { from: 0, to: 1_200 }, [1_000, 1_200]],
  ["after its job", { from: 1_200, to: 9e12 }, [1_200, 2_000]],
  ["backwards", { from: 1_300, to: 1_200 }, [1_300, 1_300]],
])("a time %s is brought into it", (_, times, [from, to]) => {
  const [span] = listJobSpans({ ...TRACE, phases: [{ kind: "agent", ...times, passed: true }] }, RUN);
  expect(span).toMatchObject({ name: "agent session", from, to });
});

test("the number of parts is bounded", () => {
  const phases = Array.from({ length: 1_000 }, (): JobPhase => ({ kind: "command", from: 1_000, to: 1_000, passed: true }));
  expect(listJobSpans({ ...TRACE, phases }, RUN)).toHaveLength(MAX_JOB_PHASES + 1);
});
