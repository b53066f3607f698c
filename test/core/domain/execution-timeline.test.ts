import { expect, test } from "vitest";
import {
  boundsOf,
  extendTimeline,
  findCriticalPath,
  listRetries,
  listWaitBars,
  startTimeline,
  sumWaits,
  type ExecutionTimeline,
} from "../../../src/core/domain/execution-timeline.ts";
import type { Execution } from "../../../src/core/domain/execution.ts";
import { emptyQueue } from "../../../src/core/domain/queue.ts";
import { createReport, renderReportMarkdown, renderReportSummary } from "../../../src/core/messages/execution-report.ts";
import { renderReportPage } from "../../../src/core/messages/report-page.ts";
import type { Step } from "../../../src/core/domain/step.ts";
import { plan, step, stepIn } from "../../support/build.ts";

const SECOND = 1_000;
const executionOf = (state: Execution["state"], ...steps: Step[]): Execution =>
  ({
    id: "abc123",
    issue: 1,
    state,
    request: "fix <b>it</b>",
    createdAt: 0,
    spent: 0,
    refusal: null,
    planning: { attempt: 1 },
    steps: Object.fromEntries(steps.map((each) => [each.id, each])),
  }) as unknown as Execution;

const play = (...seen: readonly (readonly [seconds: number, execution: Execution])[]): ExecutionTimeline =>
  seen.reduce((timeline, [at, execution]) => extendTimeline(timeline, execution, at * SECOND), startTimeline("abc123"));

const failed = { ...stepIn("a", "failed", { attempt: 1 }), refusal: { code: "verify", message: "the tests failed", next: "" } } as Step;
const TIMELINE = play(
  [0, executionOf("planning")],
  [10, executionOf("proposed")],
  [30, executionOf("running", stepIn("a", "ready"), stepIn("b", "pending"), stepIn("c", "running", { attempt: 1 }))],
  [32, executionOf("running", stepIn("a", "running", { attempt: 1 }), stepIn("b", "pending"), stepIn("c", "done", { attempt: 1 }))],
  [40, executionOf("running", failed, stepIn("b", "pending"), stepIn("c", "done", { attempt: 1 }))],
  [45, executionOf("running", stepIn("a", "running", { attempt: 2 }), stepIn("b", "pending"), stepIn("c", "done", { attempt: 1 }))],
  [50, executionOf("running", stepIn("a", "published", { attempt: 2 }), stepIn("b", "pending"), stepIn("c", "done", { attempt: 1 }))],
  [
    53,
    executionOf(
      "running",
      stepIn("a", "done", { attempt: 2 }),
      stepIn("b", "running", { attempt: 1 }),
      stepIn("c", "done", { attempt: 1 }),
    ),
  ],
  [60, executionOf("done", stepIn("a", "done", { attempt: 2 }), stepIn("b", "done", { attempt: 1 }), stepIn("c", "done", { attempt: 1 }))],
);
const PLAN = plan(step("a"), step("b", { needs: ["a", "c"] }), step("c"));
const EXECUTION = executionOf("done", stepIn("a", "done", { attempt: 2 }), stepIn("b", "done"), stepIn("c", "done"));

test("splits a step's time into queue, agent, checks and person", () => {
  expect(sumWaits(TIMELINE.steps["a"] ?? [], 99 * SECOND)).toEqual({ queue: 2_000, agent: 13_000, checks: 3_000, person: 5_000, needs: 0 });
  expect(sumWaits(TIMELINE.steps["b"] ?? [], 99 * SECOND)).toMatchObject({ needs: 23_000, agent: 7_000 });
  expect(boundsOf(TIMELINE.steps["b"] ?? [])).toEqual({ from: 53_000, to: 60_000 });
});

test("an unfinished step counts until now", () => {
  const timeline = play([5, executionOf("running", stepIn("a", "running", { attempt: 1 }))]);
  expect(sumWaits(timeline.steps["a"] ?? [], 9 * SECOND).agent).toBe(4_000);
  expect(boundsOf(timeline.steps["a"] ?? [])).toEqual({ from: 5_000, to: null });
});

test("the critical path is the chain of needs that ended last, and retries name the failure before them", () => {
  expect(findCriticalPath(TIMELINE, PLAN, 99 * SECOND)).toEqual(["a", "b"]);
  expect(listRetries(TIMELINE.steps["a"] ?? [])).toEqual([{ attempt: 2, reason: "the tests failed" }]);
  expect(listRetries(TIMELINE.steps["b"] ?? [])).toEqual([]);
});

test("a step that waited for a review was not retried for a failure", () => {
  const why = { code: "checkpoint", message: "A person has not approved this head yet.", next: "" };
  const waiting = { ...stepIn("a", "waiting", { attempt: 1 }), refusal: why } as Step;
  const { steps } = play(
    [0, executionOf("running", stepIn("a", "running", { attempt: 1 }))],
    [5, executionOf("running", waiting)],
    [9, executionOf("running", stepIn("a", "running", { attempt: 2 }))],
  );
  expect(listRetries(steps["a"] ?? [])).toEqual([{ attempt: 2, reason: "a person asked for another attempt" }]);
});

test("an attempt after an interruption has that as its reason", () => {
  const { steps } = play(
    [0, executionOf("running", stepIn("a", "running", { attempt: 1 }))],
    [9, executionOf("running", stepIn("a", "running", { attempt: 2 }))],
  );
  expect(listRetries(steps["a"] ?? [])).toEqual([{ attempt: 2, reason: "the attempt was interrupted" }]);
});

test("a report says where the time went, in Markdown, in short, and as a page without scripts", () => {
  const report = createReport({ execution: EXECUTION, plan: PLAN, timeline: TIMELINE, now: 99 * SECOND });
  expect(renderReportSummary(report)).toBe(
    "### abc123: done after 1 min\n\nIn all steps together: 2 s waiting for a runner, 32 s an agent at work, 3 s verification and checks, 25 s waiting for a person.\n\nCritical path: `a` → `b`",
  );
  const text = renderReportMarkdown(report);
  expect(text).toContain("| `a` | Do a | nothing to change | 23 s | 2 s | 13 s | 3 s | 5 s |  | yes |\n");
  expect(text).toContain("#### Retried\n\n- `a`, attempt 2: the tests failed\n");
  const page = renderReportPage(report);
  expect(page).toContain("fix &lt;b&gt;it&lt;/b&gt;");
  expect(page).not.toMatch(/<script|src=|href=|https?:/);
});

test("a chart has each wait at its time, and none before a step could start", () => {
  const at = { start: 30 * SECOND, now: 99 * SECOND };
  expect(listWaitBars(TIMELINE.steps["a"] ?? [], at)).toEqual([
    { kind: "queue", from: 0, to: 2_000 },
    { kind: "agent", from: 2_000, to: 10_000 },
    { kind: "person", from: 10_000, to: 15_000 },
    { kind: "agent", from: 15_000, to: 20_000 },
    { kind: "checks", from: 20_000, to: 23_000 },
  ]);
  expect(listWaitBars(TIMELINE.steps["b"] ?? [], at)).toEqual([{ kind: "agent", from: 23_000, to: 30_000 }]);
  const page = renderReportPage(createReport({ execution: EXECUTION, plan: PLAN, timeline: TIMELINE, now: at.now }));
  // The execution takes 60 s. Work on `b` fills the last seven seconds.
  expect(page).toContain('<rect class="agent" x="883.3" width="116.7" height="12"/>');
});

test("a report says what the agents of the execution and of each step used", () => {
  const used = { inputTokens: 1_200, outputTokens: 300, cachedTokens: null, costUsd: 0.5 };
  const execution = { ...EXECUTION, usage: { "work/abc123-a/1": used, "work/abc123-a/2": used } } as Execution;
  const report = createReport({ execution, plan: PLAN, timeline: TIMELINE, now: 99 * SECOND });
  expect(renderReportMarkdown(report)).toContain("| 5 s | 2,400 tokens in, 600 out, $1.00 | yes |");
  expect(renderReportPage(report)).toMatch(/<p>Usage: 2,400 tokens in, 600 out, \$1\.00/);
});

test("a report names the commands and tests that flaked on its base branch in the last 30 days", () => {
  const tests = ["a <b>", "c", "d", "e", "f", "g"].map((name, at) => ({ name, flakes: at + 1, lastAt: 1 }));
  const checks = [{ command: "npm test", flakes: 3, lastAt: 1, runs: 41, tests }];
  const queue = { ...emptyQueue, flakiness: { checks, redTrees: [] } };
  const execution = { ...EXECUTION, baseBranch: "main" };
  const report = createReport({ execution, plan: PLAN, timeline: TIMELINE, queue, now: 99 * SECOND });
  const tail =
    "failed and then passed on the same files 3 times in 41 runs: g (6 times), f (5 times), e (4 times), d (3 times), c (twice) and 1 more";
  expect(renderReportMarkdown(report)).toContain(`Flaky on \`main\` in the last 30 days:\n\n- \`npm test\` ${tail}\n`);
  expect(renderReportPage(report)).toContain(`<h2>Flaky on <code>main</code></h2><ul><li><code>npm test</code> ${tail}</li></ul>`);
  const later = createReport({ execution, plan: PLAN, timeline: TIMELINE, queue, now: 31 * 24 * 3_600 * SECOND });
  expect(renderReportMarkdown(later)).not.toContain("Flaky");
});
