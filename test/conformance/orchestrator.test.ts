import { describe, expect, test } from "vitest";
import { claimJob } from "../../src/job/claim-job.ts";
import { readJobKey } from "../../src/core/domain/job.ts";
import { toTaskRef } from "../../src/core/domain/refs.ts";
import { plan, step } from "../support/build.ts";
import { config } from "../support/config.ts";
import { openStory } from "../support/story.ts";

const begin = async (steps: Parameters<typeof plan>, over: Parameters<typeof openStory>[0] = {}) => {
  const it = openStory(over);
  await it.propose(plan(...steps));
  await it.approve();
  return it;
};

type Story = Awaited<ReturnType<typeof begin>>;

const HOUR = 60 * 60_000;

/** Returns the claim of the job that is running for a step. */
const told = (it: Story, id: string) => {
  const key = readJobKey(it.running().find((job) => job.startsWith(`work/${it.task(id)}/`)) ?? "");
  if (!key) throw new Error(`no job of ${id} runs`);
  const claimed = claimJob({ ledger: it.state.ledger, refs: it.state.refs, config: config(), job: key });
  if (!claimed.ok) throw new Error(claimed.refusal.message);
  return claimed.value;
};

const jobs = (it: Story): string[] => it.state.runs.map(({ name }) => name.replace(it.execution()?.id ?? "", "x"));

describe("work", () => {
  test("O-01 a step starts one job, with its title and tier", async () => {
    const it = await begin([step("a", { title: "The title", tier: "heavy" })]);
    expect(it.running()).toHaveLength(1);
    expect(told(it, "a").step).toMatchObject({ title: "The title", tier: "heavy" });
  });

  test("O-03 work with an output is finished and queued, with its output stored", async () => {
    const it = await begin([step("a")]);
    await it.end("work/", { end: "success", output: "what it says" });
    expect(it.at("a")).toMatchObject({ state: "published", output: "what it says" });
    expect(it.state.ledger.queues["main"]?.items).toMatchObject([{ task: it.task("a"), head: it.head("a") }]);
  });

  test("O-04 work without changes is done, not failed, and nothing is queued", async () => {
    const it = await begin([step("a")]);
    await it.end("work/", { end: "unchanged", outcome: { kind: "nothing-to-do", reason: "It is as it should be." } });
    expect(it.states()).toEqual({ a: "done" });
    expect(it.state.ledger.queues["main"]?.items ?? []).toEqual([]);
    expect(it.state.pulls).toEqual([]);
  });

  test("O-05 a dependent starts after its need landed, with the need's output", async () => {
    const it = await begin([step("a", { title: "Step A" }), step("b", { needs: ["a"] })]);
    await it.end("work/", { end: "success", output: "A output" });
    expect(it.working()).toEqual([]);
    await it.verified();
    expect(it.working()).toEqual(["b"]);
    expect(told(it, "b").upstream).toEqual([{ name: "a", title: "Step A", output: "A output" }]);
  });

  test("O-10 the next turn starts work in the ledger that never started", async () => {
    const settings = config();
    const it = openStory({ config: settings });
    await it.propose(plan(step("only")));
    await it.tell({ kind: "woken" });
    expect(it.running()).toEqual([]);
    Object.assign(settings, { plan: { approval: "never", maxSteps: 10 } });
    it.restart();
    await it.tell({ kind: "woken" });
    expect(it.working()).toEqual(["only"]);
  });

  test("O-13 a report is not merged, and its dependents start immediately", async () => {
    const it = await begin([step("a", { output: "artifact" }), step("b", { needs: ["a"] })]);
    await it.end("work/", { end: "artifact", artifact: "# Found" });
    expect(it.states()).toEqual({ a: "done", b: "running" });
    expect(it.state.pulls).toEqual([]);
    expect(told(it, "b").artifacts).toEqual([{ step: "a", text: "# Found" }]);
  });
});

describe("faults and failures", () => {
  test("O-06 differs: a time-out is retried automatically after a pause, and the comment says so", async () => {
    const it = await begin([step("a")]);
    it.state.now += HOUR;
    await it.end("work/", { end: "timed-out", why: "it timed out" });
    await it.tell({ kind: "woken" });
    expect(it.at("a")).toMatchObject({ state: "running", attempt: 2, faults: 1, lastFailure: "it timed out" });
    expect(jobs(it)).toEqual(["plan/x/1", "work/x-a/1", "work/x-a/2"]);
    expect(it.comment()).toContain("running, attempt 2");
  });

  test("O-07 a failure is not retried automatically", async () => {
    const it = await begin([step("a")]);
    await it.fails("a", undefined, "compilation error");
    it.state.now += HOUR;
    await it.tell({ kind: "woken" });
    expect(it.at("a")).toMatchObject({ state: "failed", attempt: 1, refusal: { message: "compilation error" } });
    expect(it.running()).toEqual([]);
  });

  test("O-08 the third consecutive time-out is not retried; a success resets the budget", async () => {
    const it = await begin([step("a")]);
    const timeOut = async () => {
      await it.end("work/", { end: "timed-out" });
      await it.tell({ kind: "woken" });
    };
    await timeOut();
    await timeOut();
    await it.worked("a");
    expect(it.at("a")).toMatchObject({ state: "published", faults: 0 });
    await it.rejected();
    await it.say(1, { kind: "retry", target: "a" });
    await timeOut();
    await timeOut();
    expect(it.at("a")).toMatchObject({ state: "running", faults: 2, attempt: 6 });
    await timeOut();
    expect(it.at("a")).toMatchObject({ state: "failed", refusal: { code: "work-faults" } });
    expect(it.running()).toEqual([]);
  });

  test("only time-outs and crashes use the budget of retries", async () => {
    for (const end of ["failed", "asked", "cancelled", "refused"] as const) {
      const it = await begin([step("a")]);
      await it.end("work/", { end });
      expect(it.at("a")).toMatchObject({ state: "failed", faults: 0 });
    }
    const it = await begin([step("a")]);
    await it.end("work/", { end: "crashed" });
    expect(it.at("a")).toMatchObject({ faults: 1 });
  });

  test("O-11 differs: conflicting work is resolved while its dependents wait; unresolved work fails with the paths, and a retry starts again", async () => {
    let conflicting = true;
    const it = await begin([step("a"), step("b", { needs: ["a"] })], { conflicts: () => conflicting });
    await it.worked("a");
    expect(it.states()).toEqual({ a: "published", b: "pending" });
    for (let tries = 0; tries < 3; tries += 1) await it.end("resolve/", { end: "failed", why: "too hard" });
    expect(it.states()).toEqual({ a: "failed", b: "blocked" });
    expect(it.at("a")?.refusal).toMatchObject({ code: "unresolved", message: expect.stringContaining("a.txt") });
    await it.say(1, { kind: "retry", target: "a" });
    conflicting = false;
    await it.end("resolve/");
    await it.verified();
    expect(it.states()).toEqual({ a: "done", b: "running" });
  });

  test("O-18 a retry after the whole execution failed: the step runs, blocked steps wait, the execution runs", async () => {
    const it = await begin([step("a"), step("b", { needs: ["a"] })]);
    await it.fails("a");
    expect(it.execution()?.state).toBe("failed");
    await it.say(1, { kind: "retry", target: null });
    expect(it.states()).toEqual({ a: "running", b: "pending" });
    expect(it.execution()).toMatchObject({ state: "running", refusal: null });
  });

  test("O-19 a step that failed verification is retried with the log and its branch", async () => {
    const it = await begin([step("a")]);
    await it.worked("a");
    const head = it.head("a");
    await it.rejected("$ npm test\n| not ok 3");
    await it.say(1, { kind: "retry", target: "a" });
    expect(told(it, "a")).toMatchObject({
      lastFailure: "$ npm test\n| not ok 3",
      earlier: { kind: "head", commit: head },
      baseCommit: it.base(),
    });
    expect(it.head("a")).toBe(head);
  });
});

describe("pausing and stopping", () => {
  test("O-09 stop reports how many running jobs it stopped", async () => {
    const it = await begin([step("a"), step("b")]);
    await it.say(3, { kind: "stop" });
    expect(it.lastReply()).toContain("1 execution cancelled, 2 running jobs stopped");
    expect(it.comment()).toContain("Cancelled by @\u200bmaintainer.");
  });

  test("O-12 paused and resumed while a runs: nothing starts twice", async () => {
    const it = await begin([step("a")]);
    const before = jobs(it);
    await it.say(1, { kind: "pause", target: null }, { kind: "resume", target: null });
    await it.tell({ kind: "woken" });
    expect(jobs(it)).toEqual(before);
    await it.say(1, { kind: "pause", target: null });
    await it.say(1, { kind: "resume", target: null });
    expect([jobs(it), it.states()]).toEqual([before, { a: "running" }]);
  });

  test("O-16 after stop nothing starts, neither in later turns nor in a new process", async () => {
    const it = await begin([step("a"), step("b", { needs: ["a"] }), step("c", { checkpoint: true })]);
    await it.ran("c");
    await it.say(1, { kind: "stop" });
    const before = jobs(it);
    for (let look = 0; look < 3; look += 1) {
      it.state.now += HOUR;
      it.restart();
      await it.tell({ kind: "woken", endedJob: "all" });
    }
    expect(jobs(it)).toEqual(before);
    expect(it.execution()?.state).toBe("cancelled");
  });

  test("O-17 a cancelled step whose landing is queued is withdrawn, its pull request closed with the reason, and never lands", async () => {
    const it = await begin([step("a"), step("b")]);
    const closed: string[] = [];
    const { performEffects } = it.world;
    Object.assign(it.world, {
      performEffects: (...given: Parameters<typeof performEffects>) => {
        for (const each of given[0]) if (each.kind === "close-pull") closed.push(each.comment);
        return performEffects(...given);
      },
    });
    await it.worked("a");
    const [verify] = it.running().filter((job) => job.startsWith("verify/"));
    await it.say(1, { kind: "cancel", target: "a" });
    expect(it.state.ledger.queues["main"]).toMatchObject({ items: [], candidates: [] });
    expect(it.state.runs.find(({ name }) => name === verify)?.conclusion).toBe("cancelled");
    expect([it.pull("a")?.state, closed]).toEqual(["closed", ["Cancelled by @\u200bmaintainer."]]);
    if (verify) it.finish(verify, { end: "success" });
    await it.tell({ kind: "woken" });
    await it.ran("b");
    expect([it.base(), it.at("a")?.landed]).toEqual([it.root, null]);
    it.replay();
  });

  test("O-20 after pause and resume the execution is running again, in the ledger", async () => {
    const it = await begin([step("a"), step("b", { needs: ["a"] })]);
    await it.say(1, { kind: "pause", target: null });
    expect(it.state.ledger.executions[it.execution()?.id ?? ""]).toMatchObject({ state: "paused", refusal: { code: "paused" } });
    await it.ran("a");
    expect(it.states()).toEqual({ a: "done", b: "pending" });
    it.restart();
    await it.say(1, { kind: "resume", target: null });
    expect(it.state.ledger.executions[it.execution()?.id ?? ""]).toMatchObject({ state: "running", refusal: null });
    expect(it.states()).toEqual({ a: "done", b: "running" });
  });

  test("a paused execution accepts its workers' results, lands nothing, and suspends deadlines of people", async () => {
    const it = await begin([step("a"), step("c", { output: "artifact", checkpoint: true })]);
    await it.end(`work/${it.task("c")}/`, { end: "artifact", artifact: "found" });
    await it.say(1, { kind: "pause", target: null });
    await it.worked("a");
    expect(it.pull("a")?.state).toBe("open");
    expect(it.running()).toEqual([]);
    it.state.now += 40 * 24 * HOUR;
    await it.tell({ kind: "woken" });
    expect(it.states()).toEqual({ a: "published", c: "waiting" });
    await it.say(1, { kind: "resume", target: null });
    await it.verified();
    expect(it.states()).toEqual({ a: "done", c: "waiting" });
  });

  test("tells a person why a target cannot be paused or resumed", async () => {
    const it = openStory();
    await it.propose(plan(step("a", { checkpoint: true, output: "artifact" })));
    await it.say(1, { kind: "pause", target: null });
    expect(it.lastReply()).toContain("is proposed, and only a running execution can be paused. ([`not-running`](");
    await it.approve();
    await it.say(1, { kind: "resume", target: "a" });
    expect(it.lastReply()).toContain("is running, not paused. ([`not-paused`](");
    await it.end("work/", { end: "artifact", artifact: "x" });
    await it.say(1, { kind: "pause", target: "a" });
    expect(it.lastReply()).toContain("is waiting, so there is nothing to pause. ([`cannot-pause`](");
    await it.say(1, { kind: "pause", target: null });
    await it.say(1, { kind: "pause", target: null });
    expect(it.lastReply()).toContain(`/enki resume ${it.execution()?.id ?? ""}`);
    await it.say(1, { kind: "do", text: "more" });
    expect(it.lastReply()).toContain("already-running");
  });
});

describe("skipping", () => {
  test("dependents of a skipped step continue; its run is stopped and its pull request closed", async () => {
    const it = await begin([step("a"), step("b", { needs: ["a"] }), step("c", { needs: ["b"] })]);
    await it.worked("a");
    await it.say(1, { kind: "skip", target: "a" });
    expect([it.states(), it.pull("a")?.state]).toEqual([{ a: "skipped", b: "running", c: "pending" }, "closed"]);
    await it.say(1, { kind: "skip", target: "b" });
    expect(it.state.runs.find(({ name }) => name === `work/${it.task("b")}/1`)?.conclusion).toBe("cancelled");
    await it.ran("c");
    expect(it.execution()?.state).toBe("done");
  });

  test("skipping a failed step lets its execution finish", async () => {
    const it = await begin([step("a"), step("b", { needs: ["a"] })]);
    await it.fails("a");
    await it.say(1, { kind: "skip", target: "a" });
    expect([it.states(), it.execution()?.state]).toEqual([{ a: "skipped", b: "running" }, "running"]);
  });

  test("refuses to skip an execution, a done step or a skipped step", async () => {
    const it = await begin([step("a"), step("b")]);
    await it.ran("a");
    await it.say(1, { kind: "skip", target: it.execution()?.id ?? "" });
    expect(it.lastReply()).toContain("no-step");
    await it.say(1, { kind: "skip", target: "a" });
    expect(it.lastReply()).toContain(`\`${it.task("a")}\` is already done. ([\`already-over\`](`);
    await it.say(1, { kind: "skip", target: "b" });
    await it.say(1, { kind: "skip", target: "b" });
    expect(it.lastReply()).toContain("is already skipped. ([`already-over`](");
  });
});

describe("checkpoints and restarts", () => {
  test("O-14 differs: a checkpoint waits for a review before it lands; its dependents wait, other steps continue", async () => {
    const it = await begin([step("a", { checkpoint: true }), step("b", { needs: ["a"] }), step("c"), step("d", { needs: ["c"] })]);
    await it.end(`work/${it.task("a")}/`, { end: "success", output: "what a did" });
    await it.verified();
    await it.ran("c");
    expect([it.states(), it.base()]).toEqual([{ a: "waiting", b: "pending", c: "done", d: "running" }, it.root]);
    expect(it.comment()).toMatch(/checkpoint\*\*, and its work is verified: approve #100[^]*what a did/);
    const head = it.head("a") ?? "";
    const review = { id: 1, by: "maintainer", bot: false, verdict: "approved" as const, head, at: it.state.now, text: "" };
    it.state.reviews.set(it.at("a")?.pull ?? 0, [review]);
    await it.tell({ kind: "woken" });
    expect(it.states()).toEqual({ a: "done", b: "running", c: "done", d: "running" });
  });

  test("O-15 a turn between a checkpoint's verification and its result unblocks nothing", async () => {
    const it = await begin([step("a", { checkpoint: true }), step("b", { needs: ["a"] })]);
    await it.worked("a");
    const verify = it.running().find((job) => job.startsWith("verify/"));
    await it.tell({ kind: "woken" });
    if (verify) it.finish(verify, { end: "success" });
    await it.say(1, { kind: "status", target: null });
    await it.tell({ kind: "woken", endedJob: "all" }, { kind: "woken" });
    expect(it.states()).toEqual({ a: "waiting", b: "pending" });
    const report = await begin([step("a", { checkpoint: true, output: "artifact" }), step("b", { needs: ["a"] })]);
    const [job] = report.running();
    if (job) report.finish(job, { end: "artifact", artifact: "found" });
    await report.say(1, { kind: "status", target: null });
    expect(report.states()).toEqual({ a: "waiting", b: "pending" });
  });

  test("O-21 a new process continues where the last one stopped and repeats nothing", async () => {
    const it = await begin([step("a"), step("b", { needs: ["a"] }), step("c", { needs: ["b"] })]);
    it.restart();
    await it.worked("a");
    it.restart();
    await it.verified();
    it.restart();
    await it.landed("b");
    it.restart();
    await it.landed("c");
    expect(it.execution()?.state).toBe("done");
    expect(jobs(it).filter((name) => name.startsWith("work/"))).toEqual(["work/x-a/1", "work/x-b/1", "work/x-c/1"]);
    expect(it.state.pulls).toHaveLength(3);
    expect(Object.keys(it.state.refs)).toContain(toTaskRef(it.task("c")));
    it.replay();
  });
});
