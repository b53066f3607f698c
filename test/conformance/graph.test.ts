import { describe, expect, test } from "vitest";
import type { PersonCommand } from "../../src/core/domain/command.ts";
import type { Plan, PlannedStep } from "../../src/core/domain/plan.ts";
import { plan, step } from "../support/build.ts";
import { config } from "../support/config.ts";
import { openStory } from "../support/story.ts";

/** design → {implement, test} → review → merge. */
const shiny = plan(
  step("design", { title: "Design", tier: "heavy" }),
  step("implement", { needs: ["design"] }),
  step("test", { needs: ["design"] }),
  step("review", { needs: ["implement", "test"] }),
  step("merge", { needs: ["review"] }),
);

const begin = async (of: Plan, over: Parameters<typeof openStory>[0] = {}) => {
  const it = openStory(over);
  await it.propose(of);
  await it.approve();
  return it;
};

type Story = Awaited<ReturnType<typeof begin>>;

/** Adds steps through a planner and its tool, as `/enki add` does. */
const add = async (it: Story, ...steps: PlannedStep[]): Promise<void> => {
  await it.say(1, { kind: "add", text: "more" });
  await it.end("plan/", { end: "success", tools: [{ kind: "add-steps", steps }] });
};

const pause = (target: string | null): PersonCommand => ({ kind: "pause", target });
const resume = (target: string | null): PersonCommand => ({ kind: "resume", target });
const retry = (target: string | null): PersonCommand => ({ kind: "retry", target });

describe("a graph", () => {
  test("D-01 of the shiny graph design is ready alone", async () => {
    const it = await begin(shiny);
    expect(it.working()).toEqual(["design"]);
    expect(it.states()).toEqual({ design: "running", implement: "pending", test: "pending", review: "pending", merge: "pending" });
  });

  test("D-03 review waits for implement and test", async () => {
    const it = await begin(shiny);
    await it.ran("design");
    await it.ran("implement");
    expect(it.working()).toEqual(["test"]);
    await it.ran("test");
    expect(it.working()).toEqual(["review"]);
  });

  test("D-04 all five run and done is complete, without failures", async () => {
    const it = await begin(shiny);
    for (const id of ["design", "implement", "test", "review", "merge"]) await it.ran(id);
    expect(it.execution()).toMatchObject({ state: "done", refusal: null });
    expect(new Set(Object.values(it.states()))).toEqual(new Set(["done"]));
  });

  test("D-05 design running, then failed: nothing is ready, and it is not complete", async () => {
    const it = await begin(shiny);
    await it.fails("design");
    expect(it.execution()).toMatchObject({ state: "failed", refusal: { message: "it broke" } });
    expect(it.running()).toEqual([]);
  });

  test("D-07 implement failed while test runs: test continues, review and merge are blocked", async () => {
    const it = await begin(shiny);
    await it.ran("design");
    await it.fails("implement");
    expect(it.states()).toEqual({ design: "done", implement: "failed", test: "running", review: "blocked", merge: "blocked" });
    expect(it.execution()?.state).toBe("running");
  });

  test("D-08 a ready step cannot be done, a pending step does not run", async () => {
    const it = await begin(plan(step("a"), step("b"), step("c", { needs: ["a"] })), {
      config: config({ workers: { total: 1, tiers: { light: 1, standard: 1, heavy: 1 } } }),
    });
    expect(it.states()).toEqual({ a: "running", b: "ready", c: "pending" });
    it.finish(`work/${it.task("b")}/1`, { end: "unchanged" });
    it.finish(`work/${it.task("c")}/1`, { end: "unchanged" });
    await it.tell({ kind: "woken" });
    expect(it.states()).toEqual({ a: "running", b: "ready", c: "pending" });
    expect(it.working()).toEqual(["a"]);
  });

  test("D-17 implement cancelled while test runs: test runs on, review and merge are cancelled", async () => {
    const it = await begin(shiny);
    await it.ran("design");
    await it.say(1, { kind: "cancel", target: "implement" });
    expect(it.states()).toEqual({ design: "done", implement: "cancelled", test: "running", review: "cancelled", merge: "cancelled" });
    expect(it.working()).toEqual(["test"]);
    expect(it.at("merge")?.refusal?.message).toBe(`It needs \`${it.task("review")}\`, which was cancelled.`);
  });

  test("D-18 everything done except merge, which is cancelled: complete", async () => {
    const it = await begin(shiny);
    for (const id of ["design", "implement", "test", "review"]) await it.ran(id);
    await it.say(1, { kind: "cancel", target: "merge" });
    expect(it.execution()?.state).toBe("done");
  });

  test("D-19 the steps of a chain run one at a time, in order", async () => {
    const it = await begin(plan(step("a"), step("b", { needs: ["a"] }), step("c", { needs: ["b"] })));
    for (const id of ["a", "b", "c"]) {
      expect(it.working()).toEqual([id]);
      await it.landed(id);
    }
    expect(it.execution()?.state).toBe("done");
  });

  test("D-20 published work unblocks nothing, landed work does", async () => {
    const it = await begin(plan(step("a"), step("b", { needs: ["a"] })));
    await it.worked("a");
    expect(it.states()).toEqual({ a: "published", b: "pending" });
    await it.verified();
    expect(it.states()).toEqual({ a: "done", b: "running" });
  });

  test("D-21 work for a step that does not run is ignored", async () => {
    const it = await begin(plan(step("a"), step("b")), {
      config: config({ workers: { total: 1, tiers: { light: 1, standard: 1, heavy: 1 } } }),
    });
    it.finish(`work/${it.task("b")}/1`, { end: "success" });
    await it.tell({ kind: "woken" });
    expect(it.at("b")).toMatchObject({ state: "ready", head: null });
    expect(it.head("b")).toBeUndefined();
  });

  test("D-22 a step with nothing to land is done immediately", async () => {
    const it = await begin(plan(step("a")));
    await it.ran("a");
    expect(it.states()).toEqual({ a: "done" });
  });

  test("D-23 finished work that does not pass verification is failed", async () => {
    const it = await begin(plan(step("a")));
    await it.worked("a");
    await it.rejected();
    expect(it.at("a")).toMatchObject({ state: "failed", refusal: { code: "verification-failed" } });
  });

  test("D-37 a checkpoint stays a checkpoint", async () => {
    const it = await begin(plan(step("a", { checkpoint: true }), step("b", { needs: ["a"] })));
    await it.ran("a");
    expect(it.states()).toEqual({ a: "waiting", b: "pending" });
    await it.say(1, { kind: "approve-step", task: it.task("a"), head: it.at("a")?.result?.slice(0, 12) ?? "" });
    expect(it.states()).toEqual({ a: "done", b: "running" });
  });
});

describe("pausing a step", () => {
  const narrow = { config: config({ workers: { total: 1, tiers: { light: 1, standard: 1, heavy: 1 } } }) };

  test("D-10 a ready step is paused: nothing to stop, and it does not start", async () => {
    const it = await begin(plan(step("a"), step("b")), narrow);
    await it.say(1, pause("b"));
    await it.ran("a");
    expect(it.states()).toEqual({ a: "done", b: "paused" });
    expect(it.running()).toEqual([]);
    expect(it.state.runs.filter(({ conclusion }) => conclusion === "cancelled")).toEqual([]);
  });

  test("D-11 a running step is paused: its run is stopped, and a late result is ignored", async () => {
    const it = await begin(plan(step("a")));
    await it.say(1, pause("a"));
    expect(it.at("a")).toMatchObject({ state: "paused", deadline: null });
    expect(it.state.runs.at(-1)).toMatchObject({ name: `work/${it.task("a")}/1`, conclusion: "cancelled" });
    it.finish(`work/${it.task("a")}/1`, { end: "success" });
    await it.tell({ kind: "woken" });
    expect([it.state_("a"), it.head("a")]).toEqual(["paused", undefined]);
    await it.say(1, resume("a"));
    expect(it.at("a")).toMatchObject({ state: "running", attempt: 2, faults: 0 });
  });

  test("a run without a confirmed start is looked up and stopped, also after a restart", async () => {
    const it = await begin(plan(step("a")), { unknownRuns: true });
    const [run] = it.state.runs.splice(1, 1);
    await it.say(1, pause("a"));
    expect(it.at("a")?.deadline).not.toBeNull();
    if (run) it.state.runs.push(run);
    it.restart();
    await it.tell({ kind: "woken" });
    expect(it.state.runs.at(-1)).toMatchObject({ conclusion: "cancelled" });
    expect(it.at("a")?.deadline).toBeNull();
  });

  test("a step resumed before its run stopped starts again afterwards", async () => {
    const it = await begin(plan(step("a")), { unknownRuns: true });
    const [run] = it.state.runs.splice(1, 1);
    await it.say(1, pause("a"), resume("a"));
    expect(it.at("a")).toMatchObject({ state: "ready", attempt: 1 });
    if (run) it.state.runs.push(run);
    await it.tell({ kind: "woken" });
    expect(it.state.runs.map(({ conclusion }) => conclusion)).toEqual(["success", "cancelled", null]);
    expect(it.at("a")).toMatchObject({ state: "running", attempt: 2 });
  });

  test("D-12 a done, failed or paused step cannot be paused", async () => {
    const it = await begin(plan(step("a"), step("b"), step("c")));
    await it.ran("a");
    await it.fails("b");
    await it.say(1, pause("c"));
    for (const [id, state] of [
      ["a", "done"],
      ["b", "failed"],
      ["c", "paused"],
    ] as const) {
      await it.say(1, pause(id));
      expect(it.lastReply()).toContain(
        `\`${it.task(id)}\` is done, so there is nothing to pause. ([\`cannot-pause\`](`.replace("done", state),
      );
    }
    expect(it.states()).toEqual({ a: "done", b: "failed", c: "paused" });
  });

  test("D-14 a step resumed without its needs is pending", async () => {
    const it = await begin(plan(step("a"), step("b", { needs: [{ step: "a", condition: "completed" }] })));
    await it.worked("a");
    expect(it.states()).toEqual({ a: "published", b: "running" });
    await it.say(1, pause("b"), pause("a"));
    await it.say(1, resume("b"));
    expect(it.states()).toEqual({ a: "paused", b: "pending" });
    await it.say(1, resume("a"));
    expect(it.states()).toEqual({ a: "published", b: "running" });
  });

  test("paused published work leaves the queue, does not land although green, and lands after resume", async () => {
    const it = await begin(plan(step("a"), step("b", { needs: ["a"] })));
    await it.worked("a");
    const [verify] = it.running();
    await it.say(1, pause("a"));
    if (verify) it.finish(verify, { end: "success" });
    await it.tell({ kind: "woken" });
    expect([it.states(), it.base()]).toEqual([{ a: "paused", b: "pending" }, it.root]);
    expect(it.state.ledger.queues["main"]).toMatchObject({ items: [], candidates: [] });
    expect(it.pull("a")?.state).toBe("open");
    await it.say(1, resume("a"));
    await it.verified();
    expect(it.states()).toEqual({ a: "done", b: "running" });
    it.replay();
  });

  test("resume of a running execution resumes every paused step", async () => {
    const it = await begin(plan(step("a"), step("b")));
    await it.say(1, pause("a"), pause("b"));
    expect(it.comment()).toContain("Paused: `a`, `b`.");
    await it.say(1, resume(null));
    expect(it.states()).toEqual({ a: "running", b: "running" });
    await it.say(1, resume(null));
    expect(it.lastReply()).toContain("nothing in it is paused");
  });
});

describe("conditions", () => {
  test("D-24 `completed` holds when the work is published", async () => {
    const it = await begin(plan(step("a"), step("b", { needs: [{ step: "a", condition: "completed" }] })));
    expect(it.working()).toEqual(["a"]);
    await it.worked("a");
    expect(it.states()).toEqual({ a: "published", b: "running" });
  });

  test("D-25 `started` holds when it runs", async () => {
    const it = await begin(plan(step("a"), step("b", { needs: [{ step: "a", condition: "started" }] })));
    expect(it.working()).toEqual(["a", "b"]);
  });

  test("D-26 `merged` holds when it landed, not before", async () => {
    const it = await begin(plan(step("a"), step("b", { needs: [{ step: "a", condition: "merged" }] })));
    expect(it.working()).toEqual(["a"]);
    await it.worked("a");
    expect(it.state_("b")).toBe("pending");
    await it.verified();
    expect(it.state_("b")).toBe("running");
  });

  test("D-27 all needs must hold, each by its own condition", async () => {
    const it = await begin(plan(step("a"), step("b"), step("c", { needs: [{ step: "a", condition: "started" }, "b"] })));
    expect(it.working()).toEqual(["a", "b"]);
    await it.ran("b");
    expect(it.working()).toEqual(["a", "c"]);
  });

  test("a checkpoint that is not approved is not complete", async () => {
    const it = await begin(plan(step("a", { checkpoint: true }), step("b", { needs: [{ step: "a", condition: "completed" }] })));
    await it.worked("a");
    expect(it.states()).toEqual({ a: "published", b: "pending" });
    await it.verified();
    expect(it.states()).toEqual({ a: "waiting", b: "pending" });
  });
});

describe("adding steps", () => {
  const chain = plan(step("a"), step("b", { needs: ["a"] }));

  test("D-28 a step that needs a pending one is accepted, and pending", async () => {
    const it = await begin(chain);
    await add(it, step("c", { needs: ["b"] }));
    expect(it.states()).toEqual({ a: "running", b: "pending" });
    await it.approve();
    expect(it.states()).toEqual({ a: "running", b: "pending", c: "pending" });
    for (const id of ["a", "b", "c"]) await it.ran(id);
    expect(it.execution()?.state).toBe("done");
    it.replay();
  });

  test("D-29 a step whose needs are done is ready immediately", async () => {
    const it = await begin(chain);
    await it.ran("a");
    await add(it, step("c", { needs: ["a"] }));
    await it.approve();
    expect(it.working()).toEqual(["b", "c"]);
  });

  test.each([
    ["D-30 an id that exists", [step("c"), step("a")], "step id 'a' already exists in this execution"],
    ["D-31 a need that is unknown", [step("c", { needs: ["zzz"] })], "step 'c' depends on unknown step 'zzz'"],
    ["D-32 a cycle", [step("x", { needs: ["y"] }), step("y", { needs: ["x"] })], "steps form a cycle: x -> y -> x"],
    ["no step at all", [], "The planner ended without new steps"],
    ["two of one id", [step("x"), step("x")], "duplicate step id: x"],
  ])("%s: refused, nothing is stored, and running steps continue", async (_, steps, why) => {
    const it = await begin(chain);
    const before = it.execution()?.plan;
    await add(it, ...steps);
    expect(it.execution()).toMatchObject({ state: "running", plan: before, amendment: { state: "refused", plan: null } });
    expect(it.execution()?.amendment?.refusal?.message).toContain(why);
    expect(it.comment()).toContain("No steps were added");
    expect([Object.keys(it.states()), Object.keys(it.state.ledger.plans)]).toEqual([["a", "b"], [before]]);
    await it.ran("a");
    await it.ran("b");
    expect(it.execution()?.state).toBe("done");
  });

  test("D-33 of two new steps, one with fulfilled needs is ready and one without is pending", async () => {
    const it = await begin(plan(step("a"), step("z")));
    await it.ran("a");
    await add(it, step("b", { needs: ["a"] }), step("c", { needs: ["b"] }));
    await it.approve();
    expect(it.states()).toEqual({ a: "done", z: "running", b: "running", c: "pending" });
  });

  test("D-38 after a refused cycle, an existing step's failure blocks only its dependents", async () => {
    const it = await begin(chain);
    await add(it, step("x", { needs: ["a", "y"] }), step("y", { needs: ["x"] }));
    await it.fails("a");
    expect(it.states()).toEqual({ a: "failed", b: "blocked" });
    expect(it.execution()?.state).toBe("failed");
  });

  test("added steps run only after an approval of exactly that plan; the difference is shown, and the end waits", async () => {
    const it = await begin(plan(step("a")));
    const first = it.execution()?.plan ?? "";
    await add(it, step("c", { title: "Write it down" }));
    await it.ran("a");
    expect(it.execution()).toMatchObject({ state: "running", plan: first, amendment: { state: "proposed" } });
    const grown = it.execution()?.amendment?.plan ?? "";
    expect(it.comment()).toMatch(/More steps, for your approval[^]*\| `c` \| Write it down \|/);
    expect(it.comment()).toContain(`/enki approve ${grown.slice(0, 12)}`);
    await it.say(1, { kind: "approve-plan", plan: first });
    expect(it.lastReply()).toContain("already-approved");
    await it.say(1, { kind: "approve-plan", plan: "abcdef0" });
    expect(it.lastReply()).toContain(`/enki approve ${grown.slice(0, 12)}`);
    expect(it.states()).toEqual({ a: "done" });
    await it.say(1, { kind: "approve-plan", plan: grown.slice(0, 12) });
    expect(it.execution()).toMatchObject({ plan: grown, approved: { plan: grown }, amendment: null });
    expect(it.working()).toEqual(["c"]);
  });

  test("a proposal is rejected by its hash or replaced; a working planner is not started twice", async () => {
    const it = await begin(plan(step("a")));
    await add(it, step("c"));
    await it.say(1, { kind: "cancel", target: it.execution()?.amendment?.plan?.slice(0, 12) ?? "" });
    expect(it.execution()).toMatchObject({ state: "running", amendment: null });
    await add(it, step("d"));
    await it.say(1, { kind: "add", text: "something else" });
    expect(it.execution()?.amendment).toMatchObject({ state: "planning", plan: null });
    await it.say(1, { kind: "add", text: "and more" });
    expect(it.lastReply()).toContain("already-adding");
    expect(it.running().filter((job) => job.startsWith("plan/"))).toEqual([`plan/${it.execution()?.id ?? ""}/4`]);
  });

  test("a crashed planner is restarted twice, then nothing is added; cancelling stops it", async () => {
    const it = await begin(plan(step("a")));
    await it.say(1, { kind: "add", text: "more" });
    for (let fault = 0; fault < 3; fault += 1) {
      await it.end("plan/", { end: "crashed" });
      await it.tell({ kind: "woken" });
    }
    expect(it.execution()).toMatchObject({ state: "running", amendment: { state: "refused", refusal: { code: "planner-faults" } } });
    await it.say(1, { kind: "add", text: "again" });
    await it.say(1, { kind: "cancel", target: null });
    expect([it.execution()?.state, it.running()]).toEqual(["cancelled", []]);
    it.replay();
  });

  test("steps can be added only to a running execution", async () => {
    const it = openStory();
    await it.say(1, { kind: "add", text: "more" });
    expect(it.lastReply()).toContain("no-execution");
    await it.propose(plan(step("a")));
    await it.say(1, { kind: "add", text: "more" });
    expect(it.lastReply()).toContain("is proposed, so it takes no more steps");
    await it.approve();
    await it.ran("a");
    await it.say(1, { kind: "add", text: "more" });
    expect(it.lastReply()).toContain("not-running");
  });
});

describe("retrying", () => {
  test("D-35 implement failed in the middle: after a retry it runs, review and merge are pending", async () => {
    const it = await begin(shiny);
    await it.ran("design");
    await it.fails("implement");
    await it.ran("test");
    expect(it.execution()?.state).toBe("failed");
    await it.say(1, retry("implement"));
    expect(it.states()).toEqual({ design: "done", implement: "running", test: "done", review: "pending", merge: "pending" });
    expect(it.execution()?.state).toBe("running");
  });

  test("D-36 a step that did not fail or does not exist cannot be retried", async () => {
    const it = await begin(plan(step("a"), step("b"), step("c")), {
      config: config({ workers: { total: 2, tiers: { light: 2, standard: 2, heavy: 2 } } }),
    });
    for (const [id, state] of [
      ["c", "ready"],
      ["b", "running"],
    ] as const) {
      await it.say(1, retry(id));
      expect(it.lastReply()).toContain(`is '${state}', not 'failed' — can only retry failed tasks`);
    }
    await it.ran("a");
    await it.say(1, retry("a"));
    expect(it.lastReply()).toContain("is 'done', not 'failed'");
    await it.say(1, retry("nothing"));
    expect(it.lastReply()).toContain("`nothing` was not found: no execution, task or step here has this id.");
  });

  const two = plan(step("p"), step("q"), step("r", { needs: ["p", "q"] }));

  test("D-39 a step with two failed needs stays blocked until both are retried", async () => {
    const it = await begin(two);
    await it.fails("p");
    await it.fails("q");
    await it.say(1, retry("p"));
    expect(it.states()).toEqual({ p: "running", q: "failed", r: "blocked" });
    await it.say(1, retry("q"));
    expect(it.states()).toEqual({ p: "running", q: "running", r: "pending" });
  });

  test("D-40 a blocked step cannot be retried: the failed step is named, however distant", async () => {
    const it = await begin(plan(...two.steps, step("s", { needs: ["r"] })));
    await it.fails("p");
    await it.say(1, retry("s"));
    expect(it.lastReply()).toContain("is blocked by a step that it needs. Retry that step first. ([`blocked`](");
    expect(it.lastReply()).toContain(`/enki retry ${it.task("p")}`);
    expect(it.state_("s")).toBe("blocked");
  });
});
