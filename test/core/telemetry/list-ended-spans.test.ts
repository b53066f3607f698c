import { describe, expect, test } from "vitest";
import type { AgentUsage } from "../../../src/core/domain/agent-usage.ts";
import { deriveSpanId, deriveTraceId, type TelemetrySpan } from "../../../src/core/telemetry/telemetry-span.ts";
import { openStory } from "../../conformance/story.ts";
import { openStory as openStories } from "../../support/story.ts";
import { plan, step } from "../../support/build.ts";
import { config } from "../../support/config.ts";
import { drawTrace, spansOf } from "../../support/trace.ts";

const USAGE: AgentUsage = { inputTokens: 1_200, outputTokens: 340, cachedTokens: 1_000, costUsd: 0.25 };

const openWith = async (...steps: Parameters<typeof plan>) => {
  const it = openStory();
  await it.run(plan(...steps));
  return it;
};

/** Checks a trace: one root, every parent present, and no span twice. */
const checkTrace = (spans: readonly TelemetrySpan[]): void => {
  const ids = spans.map(({ spanId }) => spanId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  expect(spans.filter(({ parentId }) => parentId === null)).toHaveLength(1);
  for (const { parentId, from, to } of spans) {
    expect(parentId === null || ids.includes(parentId)).toBe(true);
    expect(to).toBeGreaterThanOrEqual(from);
  }
};

const find = (spans: readonly TelemetrySpan[], name: string): TelemetrySpan[] => spans.filter((span) => span.name === name);

describe("the trace of an execution", () => {
  test("has a failed attempt, its retry, a verification, and what the agents reported", async () => {
    const it = await openWith(step("fix"));
    await it.end("work/", { end: "crashed", why: "The machine went away." });
    await it.later();
    await it.end("work/", { end: "success", usage: USAGE, outcome: { kind: "done", reason: "" } });
    await it.end("verify/");
    expect(it.step("fix")?.state).toBe("done");
    const spans = spansOf(it.state.writes);
    checkTrace(spans);
    const isShown = (key: string): boolean => /gen_ai|enki\.(end|usage|attempt|checkpoint)|result$|error|revision$/.test(key);
    expect(drawTrace(spans, isShown).replaceAll(/"[0-9a-f]{40}"/g, '"<commit>"')).toMatchInlineSnapshot(`
      "RUN enki ok 0–421 s
        cicd.pipeline.result="success"
          invoke_agent planner ok 61–121 s
            cicd.pipeline.task.run.result="success"
            enki.attempt=1
            enki.end="success"
            gen_ai.operation.name="invoke_agent"
            gen_ai.agent.name="planner"
          step ok 121–421 s
            enki.attempts=2
            vcs.ref.head.revision="<commit>"
            enki.checkpoint=false
              invoke_agent worker error 121–241 s
                cicd.pipeline.task.run.result="error"
                error.type="crashed"
                enki.attempt=1
                enki.end="crashed"
                gen_ai.operation.name="invoke_agent"
                gen_ai.agent.name="worker"
              invoke_agent worker ok 301–361 s
                cicd.pipeline.task.run.result="success"
                enki.attempt=2
                enki.end="success"
                gen_ai.operation.name="invoke_agent"
                gen_ai.agent.name="worker"
                gen_ai.usage.input_tokens=1200
                gen_ai.usage.output_tokens=340
                gen_ai.usage.cache_read.input_tokens=1000
                enki.usage.cost_usd=0.25
          verify ok 361–421 s
            cicd.pipeline.task.run.result="success"
            vcs.ref.head.revision="<commit>"
            vcs.ref.base.revision="<commit>"
            enki.attempt=1"
    `);
  });

  test("shows in full what an attempt and its verification carry", async () => {
    const it = await openWith(step("fix", { tier: "light" }));
    await it.end("work/", { end: "success", usage: { ...USAGE, costUsd: null, cachedTokens: null } });
    await it.end("verify/");
    const text = drawTrace(spansOf(it.state.writes))
      .replaceAll(/[0-9a-f]{40}/g, "<commit>")
      .replaceAll(it.execution().id, "<execution>");
    expect(text).toMatchInlineSnapshot(`
      "RUN enki ok 0–301 s
        cicd.pipeline.name="enki"
        cicd.pipeline.run.id="<execution>"
        cicd.pipeline.action.name="RUN"
        cicd.pipeline.result="success"
        cicd.pipeline.run.url.full="https://github.example/octo/uploads/issues/1"
        vcs.repository.url.full="https://github.example/octo/uploads"
        vcs.repository.name="uploads"
        vcs.owner.name="octo"
        vcs.ref.base.name="main"
        enki.steps=1
          invoke_agent planner ok 61–121 s
            cicd.pipeline.name="enki"
            cicd.pipeline.run.id="<execution>"
            cicd.pipeline.task.name="plan"
            cicd.pipeline.task.run.id="plan/<execution>/1"
            cicd.pipeline.task.run.url.full="https://github.example/octo/uploads/actions/runs/1"
            cicd.pipeline.task.run.result="success"
            enki.attempt=1
            enki.end="success"
            gen_ai.operation.name="invoke_agent"
            gen_ai.agent.name="planner"
            enki.agent="other"
          step ok 121–301 s
            cicd.pipeline.name="enki"
            cicd.pipeline.run.id="<execution>"
            enki.step="fix"
            enki.state="done"
            enki.attempts=1
            vcs.change.id="100"
            vcs.ref.head.revision="<commit>"
            enki.tier="light"
            enki.checkpoint=false
            enki.wait.queue_s=0
            enki.wait.agent_s=120
            enki.wait.checks_s=60
            enki.wait.person_s=0
              invoke_agent worker ok 121–241 s
                cicd.pipeline.name="enki"
                cicd.pipeline.run.id="<execution>"
                cicd.pipeline.task.name="work"
                cicd.pipeline.task.run.id="work/<execution>-fix/1"
                cicd.pipeline.task.run.url.full="https://github.example/octo/uploads/actions/runs/2"
                cicd.pipeline.task.run.result="success"
                enki.step="fix"
                enki.attempt=1
                enki.tier="light"
                enki.end="success"
                gen_ai.operation.name="invoke_agent"
                gen_ai.agent.name="worker"
                enki.agent="other"
                gen_ai.usage.input_tokens=1200
                gen_ai.usage.output_tokens=340
          verify ok 241–301 s
            cicd.pipeline.name="enki"
            cicd.pipeline.run.id="<execution>"
            cicd.pipeline.task.name="verify"
            cicd.pipeline.task.run.id="verify/<commit>/1"
            cicd.pipeline.task.run.url.full="https://github.example/octo/uploads/actions/runs/3"
            cicd.pipeline.task.run.result="success"
            cicd.pipeline.task.type="test"
            vcs.ref.head.revision="<commit>"
            vcs.ref.base.revision="<commit>"
            vcs.ref.base.name="main"
            enki.attempt=1
            enki.candidate.steps=["<execution>-fix"]"
    `);
  });

  test("says nothing of usage that no agent reported, instead of zero", async () => {
    const it = await openWith(step("fix"));
    await it.end("work/", { end: "success" });
    await it.end("verify/");
    const keys = spansOf(it.state.writes).flatMap(({ attributes }) => Object.keys(attributes));
    expect(keys).toContain("gen_ai.operation.name");
    expect(keys.filter((key) => key.includes("usage"))).toEqual([]);
  });

  test("shows how long a checkpoint waited for a person", async () => {
    const it = await openWith(step("fix", { checkpoint: true }));
    await it.end("work/");
    await it.end("verify/");
    expect(it.step("fix")?.state).toBe("waiting");
    const before = spansOf(it.state.writes);
    expect(find(before, "step")).toEqual([]);
    for (let minutes = 0; minutes < 30; minutes += 1) await it.later();
    await it.say({ kind: "skip", target: `${it.execution().id}-fix` });
    const [ended] = find(spansOf(it.state.writes), "step");
    expect(ended).toMatchObject({ status: "unset", attributes: { "enki.checkpoint": true, "enki.state": "skipped" } });
    expect(Number(ended?.attributes["enki.wait.person_s"])).toBeGreaterThan(30 * 60 - 1);
  });

  test("has a command without an agent", async () => {
    const it = await openWith(step("sort", { run: "sort -o list.txt list.txt" }));
    await it.end("work/");
    const [command] = find(spansOf(it.state.writes), "run command");
    expect(command?.attributes).toMatchObject({ "enki.step": "sort", "enki.end": "success" });
    expect(Object.keys(command?.attributes ?? {}).filter((key) => key.startsWith("gen_ai"))).toEqual([]);
    // A trace contains neither the command nor any other text of a plan.
    expect(JSON.stringify(spansOf(it.state.writes))).not.toContain("list.txt");
  });

  test("has an error with its class for an agent that failed, and for one that was lost", async () => {
    const it = await openWith(step("one"), step("two"));
    await it.end(`work/${it.execution().id}-one/`, { end: "failed", why: "secret words", failure: { code: "auth" } });
    await it.end(`work/${it.execution().id}-two/`, { end: "refused", why: "more secret words" });
    const spans = spansOf(it.state.writes);
    expect(find(spans, "invoke_agent worker").map(({ status, attributes }) => [status, attributes["error.type"]])).toEqual([
      ["error", "auth"],
      ["error", "refused"],
    ]);
    expect(find(spans, "RUN enki")).toMatchObject([{ status: "error", attributes: { "cicd.pipeline.result": "failure" } }]);
    expect(JSON.stringify(spans)).not.toContain("secret words");
  });

  test("ends every open span when a person cancels", async () => {
    const it = await openWith(step("one"), step("two", { needs: ["one"] }));
    await it.say({ kind: "cancel", target: it.execution().id });
    const spans = spansOf(it.state.writes);
    checkTrace(spans);
    expect(it.execution().state).toBe("cancelled");
    expect(spans.map(({ name, status, attributes }) => [name, status, attributes["cicd.pipeline.task.run.result"] ?? ""])).toEqual([
      ["invoke_agent planner", "ok", "success"],
      ["invoke_agent worker", "unset", "cancellation"],
      // The second step never started.
      ["step", "unset", ""],
      ["RUN enki", "unset", ""],
    ]);
  });

  test("continues after a person's retry with further spans, and repeats none", async () => {
    const it = await openWith(step("fix"));
    await it.end("work/", { end: "failed", why: "it broke" });
    expect(it.execution().state).toBe("failed");
    await it.say({ kind: "retry", target: `${it.execution().id}-fix` });
    await it.end("work/");
    await it.end("verify/");
    expect(it.execution().state).toBe("done");
    const spans = spansOf(it.state.writes);
    checkTrace(spans);
    const [first, second] = find(spans, "RUN enki");
    expect([first?.status, second?.status, second?.parentId]).toEqual(["error", "ok", first?.spanId]);
    const lives = find(spans, "step");
    expect(lives.map(({ parentId }) => parentId)).toEqual([first?.spanId, second?.spanId]);
    expect(find(spans, "invoke_agent worker").map(({ parentId }) => parentId)).toEqual(lives.map(({ spanId }) => spanId));
  });

  test("of two executions share a verification, which each has in its own trace", async () => {
    const it = openStories({ config: config({ refinery: { ...config().refinery, parallel: 2 } }) });
    const ids: string[] = [];
    for (const issue of [1, 2]) {
      ids.push(await it.propose(plan(step("fix")), issue));
      await it.approve(issue);
    }
    for (const id of ids) await it.worked("fix", id);
    const both = it.state.ledger.queues["main"]?.candidates.find(({ items }) => items.length === 2);
    it.finish(`verify/${both?.commit}/1`, { end: "success" });
    await it.tell({ kind: "woken" });
    const verified = find(spansOf(it.state.writes), "verify");
    const shared = verified.filter(({ attributes }) => (attributes["enki.candidate.steps"] as string[]).length === 2);
    expect(shared).toHaveLength(2);
    expect(new Set(shared.map(({ traceId }) => traceId)).size).toBe(2);
    expect(new Set(shared.map(({ spanId }) => spanId)).size).toBe(2);
  });

  test("bounds every text", async () => {
    const it = openStory({ config: config({ tiers: { ...config().tiers, standard: { model: "m".repeat(5_000), timeoutMs: 60_000 } } }) });
    await it.run(plan(step("fix", { role: "r".repeat(5_000) })));
    await it.end("work/");
    const [attempt] = find(spansOf(it.state.writes), "invoke_agent worker");
    expect(String(attempt?.attributes["gen_ai.request.model"])).toBe("m".repeat(200));
    expect(String(attempt?.attributes["gen_ai.agent.name"])).toBe("r".repeat(200));
  });
});

describe("ids", () => {
  test("follow from the repository, the execution and the time of its request, with 16 and 8 bytes", () => {
    const execution = { id: "a1b2c3", createdAt: 1_700_000_000_000 };
    const trace = deriveTraceId("octo/uploads", execution);
    expect(trace).toMatch(/^[0-9a-f]{32}$/);
    expect(deriveTraceId("Octo/Uploads", execution)).toBe(trace);
    expect(deriveTraceId("octo/uploads", { ...execution, createdAt: 1 })).not.toBe(trace);
    expect(deriveTraceId("octo/downloads", execution)).not.toBe(trace);
    expect(deriveSpanId(trace, "work/a1b2c3-fix/1")).toMatch(/^[0-9a-f]{16}$/);
    expect(deriveSpanId(trace, "work/a1b2c3-fix/1")).not.toBe(deriveSpanId(trace, "work/a1b2c3-fix/2"));
  });
});
