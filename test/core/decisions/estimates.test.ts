import { describe, expect, test } from "vitest";
import { replayDecision } from "../../../src/coordinator/replay-decision.ts";
import { NO_USAGE } from "../../../src/core/domain/agent-usage.ts";
import { extendTimeline, startTimeline } from "../../../src/core/domain/execution-timeline.ts";
import { createReport, renderReportMarkdown } from "../../../src/core/messages/execution-report.ts";
import { renderReportPage } from "../../../src/core/messages/report-page.ts";
import { decide } from "../../../src/core/decisions/decide.ts";
import type { QueryFacts } from "../../../src/core/domain/query.ts";
import { plan, step } from "../../support/build.ts";
import { config } from "../../support/config.ts";
import { openStory } from "../../support/story.ts";

const MINUTE = 60_000;
const EARLIER_ISSUE = 2;
const TIMED = { config: config({ policy: { ...config().policy, tests: "checkpoint" as const } }) };
const COST = { usage: { ...NO_USAGE, costUsd: 0.5 } };

/** Opens a repository in which a step took ten minutes, and its landing half a minute. */
const withHistory = async (over: Parameters<typeof openStory>[0] = TIMED) => {
  const it = openStory(over);
  await it.propose(plan(step("earlier")), EARLIER_ISSUE);
  await it.approve(EARLIER_ISSUE);
  it.state.now += 10 * MINUTE - 30_000;
  await it.end("work/", { end: "success", ...COST });
  await it.verified();
  await it.tell({ kind: "woken" });
  return it;
};

const begun = async (...steps: Parameters<typeof plan>) => {
  const it = await withHistory();
  const id = await it.propose(plan(...steps));
  await it.approve();
  return { ...it, id };
};

/** Rounds to tenths, because each write advances the clock of a story by a millisecond. */
const toMinutes = (ms: number): number => Math.round(ms / (MINUTE / 10)) / 10;

/** Returns the minutes until the expected end; null without an estimate. */
const endIn = (it: Awaited<ReturnType<typeof begun>>): number | null => {
  const end = it.execution(it.id)?.estimate?.end;
  return end === undefined ? null : toMinutes(end - it.state.now);
};

describe("the expected end of a running execution", () => {
  test("is recorded when the plan starts: the longest way through its steps and their landings", async () => {
    const it = await begun(step("a"), step("b", { needs: ["a"] }), step("c"));
    const { steps = {}, landing = 0 } = it.execution(it.id)?.estimate ?? {};
    const shown = Object.entries(steps).map(([id, { ms = 0, usd }]) => [id, toMinutes(ms), usd]);
    expect([shown, toMinutes(landing)]).toEqual([
      [
        ["a", 10, 0.5],
        ["b", 10, 0.5],
        ["c", 10, 0.5],
      ],
      0.5,
    ]);
    expect(endIn(it)).toBe(21);
    expect(it.comment()).toContain(" · expected end ");
    it.replay();
  });

  test("follows the steps, and changes only when one of them changes its state", async () => {
    const it = await begun(step("a"), step("b", { needs: ["a"] }));
    it.state.now += MINUTE;
    await it.tell({ kind: "woken" });
    const before = it.comment();
    const { end } = it.execution(it.id)?.estimate ?? {};
    for (let turn = 0; turn < 20; turn += 1) {
      it.state.now += MINUTE;
      await it.tell({ kind: "woken" });
    }
    expect([it.execution(it.id)?.estimate?.end, it.comment()]).toEqual([end, before]);
    await it.landed("a");
    expect(endIn(it)).toBe(10.5);
    it.replay();
  });

  test("is unknown while a person must act, and for a step without history", async () => {
    const held = await begun(step("a", { checkpoint: true }));
    expect(endIn(held)).toBe(10.5);
    await held.worked("a");
    await held.verified();
    expect([held.at("a")?.state, endIn(held)]).toEqual(["waiting", null]);
    const unknown = await begun(step("a"), step("b", { tier: "heavy" }));
    expect([endIn(unknown), unknown.comment().includes("expected end")]).toEqual([null, false]);
  });

  test("costs no edit of a comment, and no other request", async () => {
    const tell = async (over: Parameters<typeof openStory>[0]): Promise<number> => {
      const it = await withHistory(over);
      const before = it.state.requests;
      await it.propose(plan(step("a"), step("b", { needs: ["a"] })));
      await it.approve();
      for (const each of ["a", "b"]) await it.landed(each);
      await it.tell({ kind: "woken" });
      return it.state.requests - before;
    };
    // Without this configuration, no step has a recorded time.
    expect(await tell(TIMED)).toBe(await tell({}));
  });

  test("is not part of a decision that an earlier version stored", async () => {
    const it = await begun(step("a"));
    const write = it.state.writes.find(({ ledger }) => ledger.executions[it.id]?.estimate);
    if (!write) throw new Error("the estimate was recorded");
    const { rules: _, ...snapshot } = write.inputs.snapshot;
    const again = replayDecision(write.parent, { ...write.inputs, snapshot });
    expect(again?.executions[it.id]).toMatchObject({ state: "running" });
    expect(again?.executions[it.id]?.estimate).toBeUndefined();
  });
});

const reportOf = (it: Awaited<ReturnType<typeof begun>>) => {
  let timeline = startTimeline(it.id);
  for (const { ledger, inputs } of it.state.writes) {
    const written = ledger.executions[it.id];
    if (written) timeline = extendTimeline(timeline, written, inputs.snapshot.now);
  }
  const execution = it.execution(it.id) ?? it.state.archive[it.id];
  if (!execution) throw new Error("there is an execution");
  return createReport({ execution, plan: it.state.ledger.plans[execution.plan ?? ""] ?? null, timeline, now: it.state.now });
};

test("a report compares the estimate with what each step and the whole took", async () => {
  const it = await begun(step("a"), step("b", { tier: "heavy", needs: ["a"] }));
  it.state.now += 14 * MINUTE;
  await it.end(`work/${it.task("a")}`, { end: "success", usage: { ...NO_USAGE, costUsd: 0.8 } });
  await it.verified();
  await it.landed("b");
  await it.tell({ kind: "woken" });
  const report = reportOf(it);
  const [, shown = ""] = renderReportMarkdown(report).split("#### Estimate and actual\n\n");
  expect(shown.split("\n\n")[0]).toMatchInlineSnapshot(`
    "| step | expected time | time | expected cost | cost |
    |---|---|---|---|---|
    | \`a\` | 10 min | 14 min 30 s | $0.50 | $0.80 |
    | \`b\` | no history | 30 s |  |  |
    | **in total** | 11 min | 16 min | $0.50 | $0.80 |"
  `);
  const page = renderReportPage(report);
  expect(page).toContain("<h2>Estimate and actual</h2>");
  expect(page).toContain('<th scope="row"><code>a</code></th><td>10 min</td>');
});

test("a report of an execution without history has no comparison", async () => {
  const it = openStory({});
  const id = await it.propose(plan(step("a")));
  await it.approve();
  await it.landed("a");
  const report = reportOf({ ...it, id });
  expect(report.comparison).toBeNull();
  expect(renderReportMarkdown(report)).not.toContain("Estimate");
});

test("the time of a planner's attempt is in the table of attempts and in the report", async () => {
  const it = openStory(TIMED);
  const id = await it.propose(plan(step("fix")));
  const took = it.execution()?.times?.[`plan/${id}/1`] ?? 0;
  expect(took).toBeGreaterThan(0);
  expect(it.comment()).toMatch(/\| planner \| 1 \| \d+ s \| \[run\]/);
  const execution = it.execution();
  if (!execution) throw new Error("there is no execution");
  const report = createReport({ execution, plan: plan(step("fix")), timeline: startTimeline(id), now: it.state.now });
  expect(report.planner).toEqual([{ attempt: 1, took, usage: "" }]);
  expect(renderReportMarkdown(report)).toMatch(/#### Planner\n\n- attempt 1 · \d+ s\n/);
  expect(renderReportPage(report)).toMatch(/<h2>Planner<\/h2><ul><li>attempt 1 · \d+ s<\/li><\/ul>/);
  it.replay();
  const earlier = it.state.writes.map(({ inputs: { events, snapshot }, parent }) => {
    const again = decide(events, { ...snapshot, rules: 2, ledger: parent, facts: new Map(snapshot.facts) as QueryFacts });
    return again.kind === "act" ? again.ledger.executions[id]?.times : undefined;
  });
  expect(earlier.every((times) => times === undefined)).toBe(true);
});
