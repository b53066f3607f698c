import { describe, expect, test } from "vitest";
import { plan, step } from "../../support/build.ts";
import { openStory } from "../../support/story.ts";

type Story = ReturnType<typeof openStory>;

const begin = async (steps: Parameters<typeof plan>, over: Parameters<typeof openStory>[0] = {}) => {
  const it = openStory(over);
  await it.propose(plan(...steps));
  await it.approve();
  return it;
};

const completed = (...ids: string[]) => ids.map((id) => ({ step: id, condition: "completed" as const }));
const merged = (task: string) => ({ task: task as `${string}-${string}`, condition: "merged" as const });

const verifyAll = async (it: Story): Promise<void> => {
  while (it.running().some((job) => job.startsWith("verify/"))) await it.verified();
};

/** Requests changes on a step's pull request. */
const rework = async (it: Story, id: string): Promise<void> => {
  const review = { id: 1, by: "maintainer", bot: false, verdict: "changes-requested" as const, head: it.head(id) ?? "", at: it.state.now };
  it.state.reviews.set(it.at(id)?.pull ?? 0, [{ ...review, text: "more" }]);
  await it.tell({ kind: "woken" });
};

describe("a step that builds on unlanded work", () => {
  test("works on the base with the published heads of its needs", async () => {
    const it = await begin([step("a"), step("b"), step("c", { needs: completed("a", "b") })]);
    await it.worked("a");
    await it.worked("b");
    const { baseCommit = "" } = it.at("c") ?? {};
    for (const head of [it.base(), it.head("a"), it.head("b")]) expect(it.contains(head ?? "?", baseCommit ?? "")).toBe(true);
    expect(it.at("c")?.builtOn).toEqual([
      { task: it.task("a"), head: it.head("a") },
      { task: it.task("b"), head: it.head("b") },
    ]);
    expect(it.state.refs[`refs/enki/candidates/main/${baseCommit}`]).toBe(baseCommit);
  });

  test("is verified and lands after its needs, and says so", async () => {
    const it = await begin([step("a"), step("b", { needs: completed("a") })]);
    const verifies = () => it.running().filter((job) => job.startsWith("verify/")).length;
    await it.worked("a");
    await it.worked("b");
    expect(it.at("b")).toMatchObject({ state: "published", refusal: { message: `It lands after \`${it.task("a")}\`.` } });
    expect(it.comment()).toContain("finished; lands after its needs");
    expect(verifies()).toBe(1);
    await it.verified();
    expect(it.states()).toEqual({ a: "done", b: "published" });
    expect(it.at("b")?.refusal).toBeNull();
    await verifyAll(it);
    expect(it.states()).toEqual({ a: "done", b: "done" });
    expect(it.execution()?.state).toBe("done");
    await it.tell({ kind: "woken" });
    expect(Object.keys(it.state.refs).filter((ref) => ref.includes("candidates"))).toEqual([]);
    it.replay();
  });

  test("lands after its needs even if it started with them", async () => {
    const it = await begin([step("a"), step("b", { needs: [{ step: "a", condition: "started" }] })]);
    await it.worked("b");
    await it.tell({ kind: "woken" });
    expect([it.states(), it.base()]).toEqual([{ a: "running", b: "published" }, it.root]);
    await it.worked("a");
    await verifyAll(it);
    const [a, b] = [it.at("a")?.landed?.commit ?? "", it.at("b")?.landed?.commit ?? ""];
    expect(it.contains(a, b)).toBe(true);
  });

  test("fails with the names of conflicting heads, and a retry builds on the landed work", async () => {
    let conflicting = true;
    const it = await begin([step("a"), step("b", { needs: completed("a") })], {
      conflicts: (_, message) => conflicting && message.startsWith("Build on"),
    });
    await it.worked("a");
    expect(it.states()).toEqual({ a: "published", b: "failed" });
    expect(it.at("b")?.refusal).toMatchObject({
      code: "base-conflict",
      message: expect.stringMatching(`${it.task("a")}.*\`main\`.*a.txt`),
    });
    conflicting = false;
    await verifyAll(it);
    await it.say(1, { kind: "retry", target: "b" });
    expect(it.at("b")).toMatchObject({ state: "running", baseCommit: it.base(), builtOn: [] });
  });

  test("is blocked when a need fails after its work was done, and later continues with that work", async () => {
    const it = await begin([step("a"), step("b", { needs: completed("a") })]);
    await it.worked("a");
    await it.worked("b");
    const head = it.head("b");
    await it.rejected();
    expect(it.states()).toEqual({ a: "failed", b: "blocked" });
    expect(it.execution()?.state).toBe("failed");
    await it.say(1, { kind: "retry", target: "a" });
    expect(it.states()).toEqual({ a: "running", b: "published" });
    expect(it.head("b")).toBe(head);
    await it.worked("a");
    expect(it.head("b"), "carried over to the new head").not.toBe(head);
    expect(it.contains(it.head("a") ?? "", it.head("b") ?? "")).toBe(true);
    expect(it.contains(head ?? "", it.head("b") ?? "")).toBe(false);
    await verifyAll(it);
    expect(it.states()).toEqual({ a: "done", b: "done" });
    expect(it.at("b")?.attempt).toBe(1);
    it.replay();
  });

  test("is rebased when a need is reworked or skipped", async () => {
    const it = await begin([step("a", { output: "branch" }), step("b", { needs: completed("a") }), step("c", { needs: completed("b") })]);
    await it.worked("a");
    const first = it.head("a") ?? "";
    await it.worked("b");
    await it.worked("c");
    expect(it.contains(first, it.head("c") ?? "")).toBe(true);
    await it.say(1, { kind: "skip", target: "a" });
    expect(it.states()).toEqual({ a: "skipped", b: "published", c: "published" });
    await verifyAll(it);
    expect(it.states()).toEqual({ a: "skipped", b: "done", c: "done" });
    expect(it.contains(first, it.base()), "nothing of a skipped step lands").toBe(false);
    it.replay();
  });

  test("7 is done without a landing if nothing is left of it after a need was skipped: its pull request is closed, and its dependents continue", async () => {
    const it = await begin([step("a"), step("b", { needs: completed("a") }), step("c", { needs: ["b"] })], {
      unchanged: ({ baseCommit, onto }) => baseCommit !== onto,
    });
    await it.worked("a");
    await it.worked("b");
    await it.say(1, { kind: "skip", target: "a" });
    expect(it.states()).toEqual({ a: "skipped", b: "done", c: "running" });
    expect([it.at("b")?.landed, it.at("b")?.head, it.pull("b")?.state]).toEqual([null, null, "closed"]);
    expect(it.at("b")?.refusal?.message).toContain("nothing to land");
    expect(it.comment()).toMatch(/nothing to change.*`b` /);
    await it.worked("c");
    await verifyAll(it);
    expect(it.states()).toEqual({ a: "skipped", b: "done", c: "done" });
    expect(it.pull("b")?.state).toBe("closed");
    it.replay();
  });

  test("is cancelled with its need, and its pull request is closed with the reason", async () => {
    const it = await begin([step("a"), step("b", { needs: completed("a") })]);
    await it.worked("a");
    await it.worked("b");
    await it.say(1, { kind: "cancel", target: "a" });
    expect(it.states()).toEqual({ a: "cancelled", b: "cancelled" });
    expect([it.pull("a")?.state, it.pull("b")?.state]).toEqual(["closed", "closed"]);
    expect(it.at("b")?.refusal?.message).toContain("which was cancelled");
    expect(it.base()).toBe(it.root);
  });

  test("keeps commits that a person pushed on skipped work and asks a person", async () => {
    const it = await begin([step("a"), step("b", { needs: completed("a") })]);
    await it.worked("a");
    await it.worked("b");
    const pushed = it.push(`refs/heads/task/${it.task("b")}`, "by hand");
    await it.tell({ kind: "woken" });
    await it.say(1, { kind: "skip", target: "a" });
    expect(it.at("b")).toMatchObject({ state: "failed", refusal: { code: "stale-base" } });
    expect(it.head("b")).toBe(pushed);
  });

  test("is not rebased because a person pushed to a need", async () => {
    const it = await begin([step("a"), step("b", { needs: completed("a") })]);
    await it.worked("a");
    await it.worked("b");
    const head = it.head("b");
    it.push(`refs/heads/task/${it.task("a")}`, "by hand");
    await it.tell({ kind: "woken" });
    await verifyAll(it);
    expect(it.states()).toEqual({ a: "done", b: "done" });
    expect(it.at("b")?.head?.sha).toBe(head);
  });

  test("is rebased on the new head after a reviewer requested changes on a need", async () => {
    const it = await begin([step("a", { checkpoint: true }), step("b", { needs: [{ step: "a", condition: "started" }] })]);
    await it.worked("b");
    await it.worked("a");
    await verifyAll(it);
    expect(it.states()).toEqual({ a: "waiting", b: "published" });
    await rework(it, "a");
    expect(it.states()).toEqual({ a: "running", b: "published" });
  });
});

describe("needs on tasks of other executions", () => {
  test("wait until the other task landed", async () => {
    const it = openStory();
    const one = await it.propose(plan(step("a")), 1);
    await it.approve(1);
    const two = await it.propose(plan(step("b", { needs: [merged(`${one}-a`)] })), 2);
    await it.approve(2);
    expect(it.states(two)).toEqual({ b: "pending" });
    await it.worked("a", one);
    expect(it.states(two)).toEqual({ b: "pending" });
    await it.verified();
    expect(it.working(two)).toEqual(["b"]);
    it.replay();
  });

  test("wait for a task whose plan is not approved yet", async () => {
    const it = openStory();
    const one = await it.propose(plan(step("a")), 1);
    const two = await it.propose(plan(step("b", { needs: [merged(`${one}-a`)] })), 2);
    await it.approve(2);
    expect(it.states(two)).toEqual({ b: "pending" });
    await it.say(1, { kind: "cancel", target: null });
    expect(it.states(two)).toEqual({ b: "cancelled" });
    expect(it.execution(two)?.state).toBe("cancelled");
  });

  test("a failure blocks the step and names the task to retry; the retry unblocks it", async () => {
    const it = openStory();
    const one = await it.propose(plan(step("a")), 1);
    await it.approve(1);
    const two = await it.propose(plan(step("b", { needs: [merged(`${one}-a`)] })), 2);
    await it.approve(2);
    await it.fails("a", one);
    expect(it.at("b", two)).toMatchObject({ state: "blocked", refusal: { next: `/enki retry ${one}-a` } });
    expect(it.execution(two)?.state).toBe("failed");
    await it.say(2, { kind: "retry", target: "b" });
    expect(it.lastReply()).toContain(`/enki retry ${one}-a`);
    await it.say(2, { kind: "retry", target: `${one}-a` });
    expect(it.states(one)).toEqual({ a: "running" });
    await it.landed("a", one);
    expect(it.working(two)).toEqual(["b"]);
  });

  test.each(["abcdef-nothing", "fedcba-a"])("a plan that needs %s, which does not exist, is refused", async (task) => {
    const it = openStory();
    await it.propose(plan(step("b", { needs: [merged(task)] })));
    expect(it.execution()).toMatchObject({
      state: "failed",
      plan: null,
      refusal: { code: "unknown-need", message: `step 'b' depends on unknown task '${task}'` },
    });
  });

  test("archived tasks are found: a finished one fulfils the need, an unknown one is refused", async () => {
    const it = openStory();
    const one = await it.propose(plan(step("a")), 1);
    await it.approve(1);
    await it.landed("a", one);
    for (let marks = 0; marks < 3; marks += 1) await it.tell({ kind: "woken" });
    it.state.now += 30 * 24 * 60 * 60_000;
    await it.say(9, { kind: "help" });
    expect(it.execution(one)).toBeUndefined();
    const two = await it.propose(plan(step("b", { needs: [merged(`${one}-a`)] })), 2);
    await it.approve(2);
    expect(it.working(two)).toEqual(["b"]);
    await it.landed("b", two);
    const three = await it.propose(plan(step("c", { needs: [merged(`${one}-zzz`)] })), 3);
    expect(it.execution(three)?.refusal?.message).toBe(`step 'c' depends on unknown task '${one}-zzz'`);
    it.replay();
  });

  test("a need on a task of the same execution is a need on its step, and cycles are detected", async () => {
    const it = openStory();
    await it.say(1, { kind: "do", text: "x" });
    const [id = ""] = Object.keys(it.state.ledger.executions);
    await it.end("plan/", {
      end: "success",
      tools: [{ kind: "propose", plan: plan(step("a"), step("b", { needs: [merged(`${id}-a`)] })) }],
    });
    await it.say(1, { kind: "approve-plan", plan: it.execution(id)?.plan ?? "" });
    expect(it.states(id)).toEqual({ a: "running", b: "pending" });
    await it.say(2, { kind: "do", text: "x" });
    const other = Object.keys(it.state.ledger.executions).find((each) => each !== id) ?? "";
    await it.end("plan/", { end: "success", tools: [{ kind: "propose", plan: plan(step("a", { needs: [merged(`${other}-a`)] })) }] });
    expect(it.execution(other)?.refusal?.message).toBe("step 'a' cannot depend on itself");
  });

  test("two executions whose steps would wait for each other are refused as a cycle", async () => {
    const it = openStory();
    const one = await it.propose(plan(step("a")), 1);
    const two = await it.propose(plan(step("b", { needs: [merged(`${one}-a`)] })), 2);
    // The first planner runs again after its plan expired. Its new plan needs the step that needs its own.
    it.state.now = (it.execution(one)?.planning.deadline ?? 0) - 30_000;
    await it.tell({ kind: "woken" });
    await it.say(1, { kind: "retry", target: one });
    await it.end(`plan/${one}`, { end: "success", tools: [{ kind: "propose", plan: plan(step("a", { needs: [merged(`${two}-b`)] })) }] });
    expect(it.execution(one)?.refusal).toMatchObject({ code: "cycle", message: `steps form a cycle: ${one}-a -> ${two}-b -> ${one}-a` });
  });

  test("`completed` builds on the other execution's head if both target the same branch", async () => {
    const it = openStory();
    const one = await it.propose(plan(step("a")), 1);
    await it.approve(1);
    const two = await it.propose(plan(step("b", { needs: [{ task: `${one}-a`, condition: "completed" }] })), 2);
    await it.approve(2);
    await it.worked("a", one);
    expect(it.at("b", two)?.builtOn).toEqual([{ task: `${one}-a`, head: it.head("a", one) }]);
    await it.worked("b", two);
    await verifyAll(it);
    expect([it.states(one), it.states(two)]).toEqual([{ a: "done" }, { b: "done" }]);
  });
});
