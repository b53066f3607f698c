import { describe, expect, test } from "vitest";
import { openRepositoryLoop } from "../../../src/coordinator/repository-loop.ts";
import type { Event } from "../../../src/core/domain/event.ts";
import type { Review } from "../../../src/core/domain/github-facts.ts";
import { toTaskId } from "../../../src/core/domain/ids.ts";
import type { Plan } from "../../../src/core/domain/plan.ts";
import { toBranchRef, toTaskRef } from "../../../src/core/domain/refs.ts";
import { comment, plan, step } from "../../support/build.ts";
import { memoryWorld } from "../../support/memory-world.ts";

const HOUR = 3_600_000;

const open = (over: Parameters<typeof memoryWorld>[0] = {}) => {
  const world = memoryWorld(over);
  const handle = openRepositoryLoop(world.world);
  const only = () => Object.values(world.state.ledger.executions)[0];
  return {
    ...world,
    only,
    tell: (...events: Event[]) => {
      world.state.now += 30_000;
      return handle(events);
    },
    replies: () => world.state.comments.filter(({ body }) => body.includes("reply:")).map(({ body }) => body),
    /** Starts a request, and proposes and approves its plan. */
    start: async (proposed: Plan): Promise<void> => {
      await handle([comment(1, { kind: "do", text: "x" })]);
      for (const job of world.running()) world.finish(job, { end: "success", tools: [{ kind: "propose", plan: proposed }] });
      await handle([{ kind: "woken" }]);
      await handle([comment(2, { kind: "approve-plan", plan: only()?.plan ?? "" })]);
    },
  };
};

describe("an old webhook delivered again", () => {
  const posted = (id: number, at: number, text: string): Event => ({
    ...(comment(id, { kind: "do", text }) as Extract<Event, { kind: "commanded" }>),
    at,
  });

  test("requests nothing days later, after its id was dropped", async () => {
    const it = open();
    const first = posted(1, it.state.now, "x");
    await it.tell(first);
    await it.tell(comment(9, { kind: "cancel", target: null }));
    it.state.now += 25 * HOUR;
    await it.tell({ kind: "swept", sweptUntil: it.state.now });
    await it.tell(posted(5, it.state.now, "y"));
    expect(it.state.ledger.handledEvents["comment:1"]).toBeUndefined();
    await it.tell(comment(10, { kind: "cancel", target: null }));
    it.state.now += 25 * HOUR;
    await it.tell(first);
    expect(Object.keys(it.state.ledger.executions)).toHaveLength(2);
  });

  test("requests nothing for an edited review, because its id is the id of the submission", async () => {
    const it = open();
    const at = it.state.now;
    it.state.now += 25 * HOUR;
    await it.tell(posted(5, it.state.now, "y"), { kind: "swept", sweptUntil: it.state.now });
    const edited = { ...(posted(1, at, "x") as Extract<Event, { kind: "commanded" }>), edited: true };
    await it.tell({ ...edited, id: "review:1", source: { kind: "review", id: 1 } });
    expect(it.replies()).toEqual([]);
    await it.tell(edited);
    expect(it.replies(), "an edited comment is answered").toHaveLength(1);
  });

  test("is accepted at any age if no listing contained it", async () => {
    const it = open();
    const late = posted(1, it.state.now, "x");
    it.state.now += 25 * HOUR;
    await it.tell(late);
    expect(Object.keys(it.state.ledger.executions)).toHaveLength(1);
  });
});

describe("property names of every object", () => {
  test.each(["constructor", "valueof", "tostring"])("`/enki cancel %s` finds nothing", async (name) => {
    const it = open();
    await it.start(plan(step("fix")));
    for (const target of [name, toTaskId(it.only()?.id ?? "", name)]) {
      await it.tell(comment(it.state.now, { kind: "cancel", target }), comment(it.state.now + 1, { kind: "retry", target }));
    }
    expect(Object.keys(it.only()?.steps ?? {})).toEqual(["fix"]);
    expect(it.replies().every((reply) => reply.includes("unknown-target"))).toBe(true);
    expect(it.replies()).toHaveLength(4);
  });

  test("are refused as step ids", async () => {
    const it = open();
    await it.start(plan(step("constructor")));
    expect(it.only()).toMatchObject({ state: "failed", refusal: { code: "bad-step-id" } });
  });
});

describe("a cancelled execution", () => {
  const cancel = (id: number, target: string | null = null): Event => comment(id, { kind: "cancel", target });
  const stopped = (it: ReturnType<typeof open>): string[] =>
    it.state.runs.flatMap(({ name, conclusion }) => (conclusion === "cancelled" ? [name.split("/")[0] ?? ""] : []));

  test("stops its planner", async () => {
    const it = open();
    await it.tell(comment(1, { kind: "do", text: "x" }));
    await it.tell(cancel(2));
    expect(stopped(it)).toEqual(["plan"]);
  });

  test("stops a worker at its second attempt", async () => {
    const it = open();
    await it.start(plan(step("fix")));
    for (const job of it.running()) it.finish(job, { end: "failed" });
    await it.tell({ kind: "woken" });
    await it.tell(comment(3, { kind: "retry", target: "fix" }));
    await it.tell(cancel(4, "fix"));
    expect(stopped(it)).toEqual(["work"]);
    expect(it.running()).toEqual([]);
  });

  test("stops the verification of its work, and a late verdict lands nothing", async () => {
    const it = open();
    await it.start(plan(step("fix")));
    for (const job of it.running()) it.finish(job, { end: "success" });
    await it.tell({ kind: "woken" });
    const [verify = "verify/x/1"] = it.running();
    await it.tell(cancel(3));
    expect(stopped(it)).toEqual(["verify"]);
    it.finish(verify, { end: "success" });
    await it.tell({ kind: "woken" });
    expect(it.state.refs[toBranchRef("main")]).toBe(it.root);
  });

  test("finds a run without a known id by its name, even if the listing lags", async () => {
    const it = open({ unknownRuns: true });
    await it.start(plan(step("fix")));
    const hidden = it.state.runs;
    it.state.runs = [];
    const { wakeAt } = await it.tell(cancel(3));
    expect(wakeAt).not.toBeNull();
    it.state.runs = hidden;
    await it.tell({ kind: "woken" });
    expect(stopped(it)).toEqual(["work"]);
    expect((await it.tell({ kind: "woken" })).wakeAt ?? Infinity).toBeGreaterThan(it.state.now + 20_000);
  });

  test("stops looking for a run that never started", async () => {
    const it = open({ unknownRuns: true });
    await it.start(plan(step("fix")));
    it.state.runs = [];
    await it.tell(cancel(3));
    it.state.now += HOUR;
    await it.tell({ kind: "woken" });
    expect(it.only()?.steps["fix"]?.deadline).toBeNull();
  });

  test("stops a run even if the process died before its first attempt to stop it", async () => {
    const it = open();
    await it.start(plan(step("fix")));
    const dying = openRepositoryLoop({ ...it.world, performEffects: () => Promise.reject(new Error("died")) });
    await expect(dying([cancel(3)])).rejects.toThrow("died");
    expect(stopped(it)).toEqual([]);
    await openRepositoryLoop(it.world)([]);
    expect(stopped(it)).toEqual(["work"]);
  });
});

test("stops verifying a candidate after a push to the base made it obsolete", async () => {
  const it = open();
  await it.start(plan(step("fix")));
  for (const job of it.running()) it.finish(job, { end: "success" });
  await it.tell({ kind: "woken" });
  const before = it.running();
  it.push(toBranchRef("main"), "a person's commit");
  await it.tell({ kind: "woken" });
  expect(it.running()).toHaveLength(1);
  expect(it.running()).not.toEqual(before);
});

describe("a review of a checkpoint", () => {
  const SECOND = 1_000;
  const checkpoint = async () => {
    const it = open();
    await it.start(plan(step("fix", { checkpoint: true })));
    for (const job of it.running()) it.finish(job, { end: "success" });
    await it.tell({ kind: "woken" });
    for (const job of it.running()) it.finish(job, { end: "success" });
    await it.tell({ kind: "woken" });
    const { head, pull } = it.only()?.steps["fix"] ?? {};
    const review = async (verdict: Review["verdict"], at: number): Promise<void> => {
      it.state.reviews.set(pull ?? 0, [{ id: 1, by: "maintainer", bot: false, verdict, head: head?.sha ?? "", at, text: "" }]);
      await it.tell({ kind: "woken", activity: "reviews", pull: pull ?? 0 });
    };
    return { ...it, since: head?.since ?? 0, review, approve: (at: number) => review("approved", at) };
  };
  const second = (at: number): number => Math.floor(at / SECOND) * SECOND;

  test("does not count in the second in which its head was created, says so, and counts when repeated", async () => {
    const it = await checkpoint();
    expect(second(it.since)).toBeLessThan(it.since);
    await it.approve(second(it.since));
    expect(it.only()?.steps["fix"]).toMatchObject({ state: "waiting", refusal: { code: "hasty-review" } });
    expect(it.state.comments.find(({ body }) => body.startsWith("<!-- enki:execution:"))?.body ?? "").toContain("Approve it again");
    await it.approve(second(it.since) + SECOND);
    expect(it.only()?.steps["fix"]?.state).toBe("done");
  });

  test("counts for the previous head if it is older than the head that GitHub attached it to", async () => {
    const it = await checkpoint();
    await it.approve(second(it.since) - SECOND);
    expect(it.only()?.steps["fix"]?.state).toBe("waiting");
  });

  test("starts another attempt if it requests changes in the second in which its head was created", async () => {
    const it = await checkpoint();
    await it.review("changes-requested", second(it.since));
    expect(it.only()?.steps["fix"]).toMatchObject({ state: "running", attempt: 2 });
  });

  test("starts no other attempt if it requested changes in an earlier second", async () => {
    const it = await checkpoint();
    await it.review("changes-requested", second(it.since) - SECOND);
    expect(it.only()?.steps["fix"]).toMatchObject({ state: "waiting", attempt: 1 });
  });
});

describe("a new attempt without changes", () => {
  const again = async (it: ReturnType<typeof open>): Promise<void> => {
    for (const job of it.running()) it.finish(job, { end: "unchanged" });
    await it.tell({ kind: "woken" });
  };

  test("lands commits that a person pushed to the branch after the failure", async () => {
    const it = open();
    await it.start(plan(step("fix")));
    for (const job of it.running()) it.finish(job, { end: "success" });
    await it.tell({ kind: "woken" });
    while (it.running().length > 0) {
      it.reject();
      await it.tell({ kind: "woken" });
    }
    expect(it.only()?.steps["fix"]?.state).toBe("failed");
    const pushed = it.push(toTaskRef(toTaskId(it.only()?.id ?? "", "fix")), "a person's commit");
    await it.tell(comment(3, { kind: "retry", target: "fix" }));
    await again(it);
    expect(it.only()?.steps["fix"]).toMatchObject({ state: "published", head: { sha: pushed, by: "person" } });
    for (const job of it.running()) it.finish(job, { end: "success" });
    await it.tell({ kind: "woken" });
    expect(it.contains(pushed, it.state.refs[toBranchRef("main")] ?? "")).toBe(true);
  });

  test("fails its step after a request for changes, instead of starting again forever", async () => {
    const it = open();
    await it.start(plan(step("fix", { checkpoint: true })));
    for (const job of it.running()) it.finish(job, { end: "success" });
    await it.tell({ kind: "woken" });
    for (const job of it.running()) it.finish(job, { end: "success" });
    await it.tell({ kind: "woken" });
    const { head, pull } = it.only()?.steps["fix"] ?? {};
    it.state.reviews.set(pull ?? 0, [
      { id: 1, by: "maintainer", bot: false, verdict: "changes-requested", head: head?.sha ?? "", at: it.state.now, text: "no" },
    ]);
    await it.tell({ kind: "woken" });
    for (let count = 0; count < 5; count += 1) await again(it);
    expect(it.only()?.steps["fix"]).toMatchObject({ state: "failed", attempt: 2, refusal: { code: "work-unchanged" } });
  });
});

test("answers on the pull request that asked and leaves it open at the end", async () => {
  const it = open();
  const head = it.push(toBranchRef("feature"), "a feature");
  it.state.pulls.push({
    number: 1,
    headRef: "feature",
    head,
    baseBranch: "main",
    state: "open",
    draft: false,
    labels: [],
    hasActivity: true,
  });
  const asked = { ...(comment(1, { kind: "do", text: "x" }) as Extract<Event, { kind: "commanded" }>), onPullRequest: true };
  await it.tell(asked);
  for (const job of it.running())
    it.finish(job, { end: "success", tools: [{ kind: "propose", plan: plan(step("fix", { output: "artifact" })) }] });
  await it.tell({ kind: "woken" });
  await it.tell(comment(2, { kind: "approve-plan", plan: it.only()?.plan ?? "" }));
  for (const job of it.running()) it.finish(job, { end: "artifact", artifact: "found" });
  await it.tell({ kind: "woken" });
  expect(it.only()?.state).toBe("done");
  expect([...it.state.closed]).toEqual([]);
});

describe("a ref in the place of requests", () => {
  const REF = "refs/enki/requests/1-a";
  const commit = "c".repeat(40);

  test("is deleted if it holds no request", async () => {
    const it = open();
    it.state.refs[REF] = commit;
    await it.tell({ kind: "misplaced", ref: REF, commit, job: null, fault: "no-request" });
    expect(it.state.refs[REF]).toBeUndefined();
    expect(Object.keys(it.state.ledger.executions)).toEqual([]);
  });

  test("counts days later, because Enki may have been off", async () => {
    const it = open();
    it.state.refs[REF] = commit;
    const at = it.state.now;
    it.state.now += 49 * HOUR;
    const asked: Event = {
      ...(comment(1, { kind: "do", text: "x" }) as Extract<Event, { kind: "commanded" }>),
      id: `request:${commit}`,
      source: { kind: "request", commit },
      by: "github-actions[bot]",
      at,
    };
    await it.tell({ kind: "swept", sweptUntil: it.state.now }, asked);
    expect(Object.keys(it.state.ledger.executions)).toHaveLength(1);
    expect(it.state.refs[REF]).toBeUndefined();
  });
});
