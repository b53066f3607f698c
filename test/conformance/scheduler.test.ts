import { describe, expect, test } from "vitest";
import { claimJob } from "../../src/job/claim-job.ts";
import { DEFAULT_TIER } from "../../src/core/domain/plan.ts";
import { readJobKey } from "../../src/core/domain/job.ts";
import { planInput, readPlannedSteps } from "../../src/job/tools/plan-input.ts";
import { plan, step } from "../support/build.ts";
import { config } from "../support/config.ts";
import { openStory } from "../support/story.ts";

const shiny = plan(
  step("design", { title: "Design", tier: "heavy" }),
  step("implement", { needs: ["design"] }),
  step("test", { needs: ["design"], tier: "light" }),
  step("review", { needs: ["implement", "test"] }),
  step("merge", { needs: ["review"] }),
);

type Story = ReturnType<typeof openStory>;

const limits = (total: number, heavy: number, standard: number, light: number) => ({
  config: config({ workers: { total, tiers: { heavy, standard, light } } }),
});

/** Starts an execution on its own issue, with an approved plan. */
const start = async (it: Story, issue: number, ...steps: Parameters<typeof plan>): Promise<string> => {
  const id = await it.propose(plan(...steps), issue);
  await it.approve(issue);
  return id;
};

/** Counts the running work jobs: total, heavy, standard, light. */
const counts = (it: Story): number[] => {
  const tiers = Object.values(it.state.ledger.executions).flatMap((execution) =>
    Object.values(execution.steps)
      .filter(({ state }) => state === "running")
      .map(({ id }) => it.state.ledger.plans[execution.plan ?? ""]?.steps.find((each) => each.id === id)?.tier),
  );
  const running = it.running().filter((job) => job.startsWith("work/"));
  expect(running, "what is said to run is what runs").toHaveLength(tiers.length);
  return [tiers.length, ...["heavy", "standard", "light"].map((tier) => tiers.filter((each) => each === tier).length)];
};

/** Returns the claim of a job. */
const told = (it: Story, job: string) => {
  const key = readJobKey(job);
  if (!key) throw new Error(`${job} is no job`);
  const claimed = claimJob({ ledger: it.state.ledger, refs: it.state.refs, config: config(), job: key });
  if (!claimed.ok) throw new Error(claimed.refusal.message);
  return claimed.value;
};

describe("what starts", () => {
  test("S-01 the shiny graph starts with one job: Design, heavy, without outputs", async () => {
    const it = openStory();
    await start(it, 1, ...shiny.steps);
    expect(it.running()).toEqual([`work/${it.task("design")}/1`]);
    expect(told(it, it.running()[0] ?? "")).toMatchObject({ step: { title: "Design", tier: "heavy" }, upstream: [] });
  });

  test("S-02 after Design, two jobs start, each with its output", async () => {
    const it = openStory();
    await start(it, 1, ...shiny.steps);
    await it.end("work/", { end: "unchanged", output: "design output" });
    expect(it.working()).toEqual(["implement", "test"]);
    for (const job of it.running()) expect(told(it, job).upstream).toEqual([{ name: "design", title: "Design", output: "design output" }]);
  });

  test("S-04 a run of two phases completes the execution", async () => {
    const it = openStory();
    await start(it, 1, step("a"), step("b", { needs: ["a"] }));
    await it.landed("a");
    await it.landed("b");
    await it.tell({ kind: "woken" });
    expect(it.execution()?.state).toBe("done");
    expect(it.comment()).toContain("Done: everything landed");
    expect(it.state.closed.has(1)).toBe(true);
    it.replay();
  });

  test("S-05 one standard job at a time, across two executions", async () => {
    const it = openStory(limits(10, 5, 1, 10));
    const ids: string[] = [];
    for (const issue of [1, 2]) {
      const id = await it.propose(plan(step("a")), issue);
      await it.say(issue, { kind: "approve-plan", plan: it.execution(id)?.plan ?? "" }, { kind: "pause", target: id });
      ids.push(id);
    }
    const [one = "", two = ""] = ids;
    expect(it.running()).toEqual([]);
    await it.say(1, { kind: "resume", target: two }, { kind: "resume", target: one });
    expect(it.running()).toEqual([`work/${it.task("a", one)}/1`]);
    expect(it.states(two)).toEqual({ a: "ready" });
    await it.ran("a", one);
    expect(it.running()).toEqual([`work/${it.task("a", two)}/1`]);
  });

  test("S-06 design failed: nothing starts, four steps are blocked, the execution failed", async () => {
    const it = openStory();
    await start(it, 1, ...shiny.steps);
    await it.fails("design");
    expect(it.running()).toEqual([]);
    expect(Object.values(it.states()).filter((state) => state === "blocked")).toHaveLength(4);
    expect(it.execution()?.state).toBe("failed");
    expect(it.comment()).toContain("Stopped: 0 of 5 steps done");
  });

  test("S-07 a slot is taken when a job starts and released when its worker is done, not again at the landing", async () => {
    const it = openStory();
    await start(it, 1, ...shiny.steps);
    expect(counts(it)).toEqual([1, 1, 0, 0]);
    await it.worked("design");
    expect(counts(it)).toEqual([0, 0, 0, 0]);
    await it.verified();
    expect(counts(it)).toEqual([2, 0, 1, 1]);
  });

  test("S-08 a failed verification releases no slot a second time", async () => {
    const it = openStory(limits(2, 5, 5, 5));
    await start(it, 1, step("a"), step("b"), step("c"), step("d"));
    await it.worked("a");
    expect(counts(it)).toEqual([2, 0, 2, 0]);
    await it.rejected();
    expect(counts(it)).toEqual([2, 0, 2, 0]);
    await it.say(1, { kind: "retry", target: "a" });
    expect(counts(it)).toEqual([2, 0, 2, 0]);
    expect(it.state_("a")).toBe("ready");
  });

  test("S-10 a light step starts behind a heavy one that has to wait", async () => {
    const it = openStory(limits(10, 1, 5, 10));
    await start(it, 1, step("h1", { tier: "heavy" }), step("h2", { tier: "heavy" }), step("l", { tier: "light" }));
    expect(it.working()).toEqual(["h1", "l"]);
    expect(it.state_("h2")).toBe("ready");
  });

  test("S-11 a step without a tier is standard, for tool, scheduler and prompt", async () => {
    const read = readPlannedSteps(planInput, { steps: [{ id: "a", title: "A", description: "d" }] }, { roles: {}, isTask: () => false });
    expect(read.ok && read.value.steps[0]?.tier).toBe("standard");
    expect(planInput.safeParse({ steps: [{ id: "a", title: "A", description: "d" }] }).data?.steps[0]?.tier).toBe(DEFAULT_TIER);
    const it = openStory(limits(10, 10, 1, 10));
    await it.propose(read.ok ? plan(...read.value.steps, step("b")) : plan());
    await it.approve();
    expect(counts(it)).toEqual([1, 0, 1, 0]);
    expect(told(it, it.running()[0] ?? "").step?.tier).toBe("standard");
  });

  test("S-16 a plan of one step starts and completes with it", async () => {
    const it = openStory();
    await start(it, 1, step("only"));
    expect(it.working()).toEqual(["only"]);
    await it.landed("only");
    expect(it.execution()?.state).toBe("done");
  });
});

describe("fairness", () => {
  test("a second execution gets the next free slot, whatever the first has left", async () => {
    const it = openStory(limits(2, 2, 2, 2));
    const first = await start(it, 1, ...["a", "b", "c", "d"].map((id) => step(id)));
    expect(it.working(first)).toEqual(["a", "b"]);
    await it.say(2, { kind: "do", text: "x" });
    await it.ran("a", first);
    const second = Object.keys(it.state.ledger.executions).find((id) => id !== first) ?? "";
    expect(it.running()).toEqual([`work/${it.task("b", first)}/1`, `plan/${second}/1`]);
  });

  test("between equals the older execution starts first, and within one the step that was planned first", async () => {
    const it = openStory(limits(1, 1, 1, 1));
    const first = await start(it, 1, step("z"), step("a"));
    await it.say(1, { kind: "pause", target: null });
    await it.ran("z", first);
    const second = await start(it, 2, step("b"));
    await it.say(2, { kind: "pause", target: "b" });
    await it.say(1, { kind: "resume", target: null });
    await it.say(2, { kind: "resume", target: null });
    expect(it.working(first)).toEqual(["a"]);
    await it.ran("a", first);
    expect(it.working(second)).toEqual(["b"]);
  });
});

describe("several executions", () => {
  test("S-13 while one execution is paused only the other starts", async () => {
    const it = openStory(limits(2, 2, 2, 2));
    const a = await start(it, 1, step("a1"), step("a2"), step("a3"));
    await it.say(1, { kind: "pause", target: null });
    await it.ran("a1", a);
    await it.ran("a2", a);
    const b = await start(it, 2, step("b1"), step("b2"));
    expect(it.states(a)).toEqual({ a1: "done", a2: "done", a3: "ready" });
    expect(it.working(b)).toEqual(["b1", "b2"]);
  });

  test("S-14 a cancelled execution's run is stopped, and nothing is active or counted any more", async () => {
    const it = openStory();
    const id = await start(it, 1, ...shiny.steps);
    const [run] = it.running();
    await it.say(1, { kind: "cancel", target: null });
    expect(it.state.runs.find(({ name }) => name === run)).toMatchObject({ state: "done", conclusion: "cancelled" });
    expect(counts(it)).toEqual([0, 0, 0, 0]);
    expect(it.execution(id)?.state).toBe("cancelled");
    expect(new Set(Object.values(it.states(id)))).toEqual(new Set(["cancelled"]));
  });

  test("S-15 a paused step's run is stopped and its slot is free; resumed, it is accepted", async () => {
    const it = openStory(limits(1, 1, 1, 1));
    await start(it, 1, step("a"), step("b"));
    await it.say(1, { kind: "pause", target: "a" });
    expect(it.working()).toEqual(["b"]);
    expect(counts(it)).toEqual([1, 0, 1, 0]);
    await it.say(1, { kind: "resume", target: "a" });
    expect(it.states()).toEqual({ a: "ready", b: "running" });
    await it.ran("b");
    expect(it.working()).toEqual(["a"]);
  });

  test("S-18 stop with two running: both stop, no slot is in use, nothing starts again", async () => {
    const it = openStory();
    const one = await start(it, 1, step("a"), step("later", { needs: ["a"] }));
    const two = await start(it, 2, step("b"));
    await it.say(7, { kind: "stop" });
    expect(it.lastReply()).toContain("Stopped everything: 2 executions cancelled, 2 running jobs stopped.");
    expect([it.running(), counts(it)]).toEqual([[], [0, 0, 0, 0]]);
    expect([it.execution(one)?.state, it.execution(two)?.state]).toEqual(["cancelled", "cancelled"]);
    await it.tell({ kind: "woken" });
    it.restart();
    await it.tell({ kind: "woken" });
    expect(it.running()).toEqual([]);
    await it.say(7, { kind: "stop" });
    expect(it.lastReply()).toContain("there was nothing to stop");
  });

  test("S-19 an execution whose every step was cancelled is cancelled, not done", async () => {
    const it = openStory();
    await start(it, 1, step("a"), step("b"));
    await it.say(1, { kind: "cancel", target: "a" }, { kind: "cancel", target: "b" });
    expect(it.execution()).toMatchObject({ state: "cancelled", refusal: { message: "All of its steps were cancelled." } });
    expect(it.comment()).toContain("### Cancelled");
    expect(it.state.closed.size).toBe(0);
  });

  test("S-20 a paused execution whose steps are all done is complete when it is resumed, not before", async () => {
    const it = openStory();
    await start(it, 1, step("a"));
    await it.say(1, { kind: "pause", target: null });
    await it.ran("a");
    await it.tell({ kind: "woken" });
    expect([it.states(), it.execution()?.state]).toEqual([{ a: "done" }, "paused"]);
    expect(it.comment()).toContain("Paused: 1 of 1 step done");
    await it.say(1, { kind: "resume", target: null });
    expect(it.execution()?.state).toBe("done");
  });
});
