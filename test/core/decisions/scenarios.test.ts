import { describe, expect, test } from "vitest";
import { openRepositoryLoop } from "../../../src/coordinator/repository-loop.ts";
import type { Event } from "../../../src/core/domain/event.ts";
import { toTaskId } from "../../../src/core/domain/ids.ts";
import type { JobKey } from "../../../src/core/domain/job.ts";
import type { Plan } from "../../../src/core/domain/plan.ts";
import { toBranchRef, toResultRef, toTaskRef } from "../../../src/core/domain/refs.ts";
import { comment, plan, step } from "../../support/build.ts";
import { config } from "../../support/config.ts";
import { memoryWorld } from "../../support/memory-world.ts";

const two = plan(step("fix"), step("test", { needs: ["fix"] }));

/** Opens a story with short functions for a request, the approval of its plan, and the successful end of its jobs. */
const story = (over: Parameters<typeof memoryWorld>[0] = {}) => {
  const world = memoryWorld(over);
  const handle = openRepositoryLoop(world.world);
  const execution = () => Object.values(world.state.ledger.executions)[0];
  const at = (id: string) => execution()?.steps[id];
  const finish = async (start: string, fate: Parameters<typeof world.finish>[1] = { end: "success" }) => {
    const job = world.running().find((each) => each.startsWith(start));
    expect(job, `a job ${start} runs`).toBeDefined();
    world.finish(job as JobKey, fate);
    world.state.now += 30_000;
    await handle([{ kind: "woken" }]);
  };
  return {
    ...world,
    execution,
    at,
    finish,
    tell: async (...events: Event[]) => {
      world.state.now += 30_000;
      return handle(events);
    },
    replies: () => world.state.comments.filter(({ body }) => body.includes("reply:")).map(({ body }) => body),
    propose: async (proposed: Plan) => {
      await handle([comment(1, { kind: "do", text: "make it so" })]);
      await finish("plan/", { end: "success", tools: [{ kind: "propose", plan: proposed }] });
    },
    approve: () => handle([comment(2, { kind: "approve-plan", plan: execution()?.plan?.slice(0, 12) ?? "" })]),
    task: (id: string) => toTaskId(execution()?.id ?? "", id),
    /** Fails verification until no further run is requested. */
    rejected: async () => {
      while (world.running().some((job) => job.startsWith("verify/"))) {
        world.reject();
        await handle([{ kind: "woken" }]);
      }
    },
    head: (id: string) => world.state.refs[toTaskRef(toTaskId(execution()?.id ?? "", id))],
    base: () => world.state.refs[toBranchRef("main")] ?? "",
  };
};

describe("commands", () => {
  test("B-03 a stranger's command is refused with the required permission, and nothing starts", async () => {
    const it = story();
    await it.tell({ ...(comment(1, { kind: "do", text: "x" }) as Extract<Event, { kind: "commanded" }>), by: "stranger" });
    expect(it.execution()).toBeUndefined();
    expect(it.replies()[0]).toContain("no-permission");
    expect(it.state.runs).toEqual([]);
  });

  test("B-28 an approval with another plan's hash approves nothing and gives the line to copy", async () => {
    const it = story();
    await it.propose(two);
    await it.tell(comment(2, { kind: "approve-plan", plan: "abcdef123456" }));
    expect(it.execution()?.state).toBe("proposed");
    expect(it.replies()[0]).toContain("other-plan");
  });

  test("a request is refused while the configuration is unreadable", async () => {
    const it = story({ config: config({ broken: ".enki/enki.toml:5: unknown key refinery.verfy" }) });
    await it.tell(comment(1, { kind: "do", text: "x" }));
    expect(it.execution()).toBeUndefined();
    expect(it.replies()[0]).toMatch(/enki\.toml:5[^]*bad-config/);
  });

  test("B-29 a comment edited before it was read is refused", async () => {
    const it = story();
    await it.tell({ ...(comment(1, { kind: "do", text: "x" }) as Extract<Event, { kind: "commanded" }>), edited: true });
    expect(it.execution()).toBeUndefined();
    expect(it.replies()[0]).toContain("edited-comment");
  });

  test("B-24 a comment delivered twice creates one execution, one reaction and one comment", async () => {
    const it = story();
    const first = comment(1, { kind: "do", text: "x" });
    await it.tell(first, first);
    await it.tell(first);
    expect(Object.keys(it.state.ledger.executions)).toHaveLength(1);
    expect(it.state.comments).toHaveLength(1);
    expect(it.state.reactions).toEqual(["react:1/eyes"]);
  });
});

describe("the refinery", () => {
  test("B-15 a red candidate lands nothing and blocks the dependents; a retry continues", async () => {
    const it = story();
    await it.propose(two);
    await it.approve();
    await it.finish("work/");
    const before = it.base();
    await it.rejected();
    expect(it.base()).toBe(before);
    expect([it.at("fix")?.state, it.at("test")?.state, it.execution()?.state]).toEqual(["failed", "blocked", "failed"]);
    expect(it.at("fix")?.lastFailure).toContain("output of verify/");
    await it.tell(comment(3, { kind: "retry", target: it.task("fix") }));
    expect([it.at("fix")?.state, it.at("fix")?.attempt, it.at("test")?.state]).toEqual(["running", 2, "pending"]);
  });

  test("B-16 a push to the base during verification: the candidate is rebuilt, both are kept", async () => {
    const it = story();
    await it.propose(plan(step("fix")));
    await it.approve();
    await it.finish("work/");
    const person = it.push(toBranchRef("main"), "a person's commit");
    await it.finish("verify/");
    expect(it.base(), "the verified commit is not on this base any more").toBe(person);
    await it.finish("verify/");
    expect(it.at("fix")?.state).toBe("done");
    expect(it.contains(person, it.base())).toBe(true);
    expect(it.state.green.has(it.base())).toBe(true);
  });

  test("B-17 a person's push to a task branch becomes the head that is verified and lands", async () => {
    const it = story();
    await it.propose(plan(step("fix")));
    await it.approve();
    await it.finish("work/");
    const pushed = it.push(toTaskRef(it.task("fix")), "a person's commit");
    await it.finish("verify/");
    expect(it.at("fix")?.head).toMatchObject({ sha: pushed, by: "person" });
    expect(it.at("fix")?.state).toBe("published");
    await it.finish("verify/");
    expect(it.contains(pushed, it.base())).toBe(true);
  });

  test("a deleted branch with a lost commit fails its step, and a retry repeats the work on a new branch", async () => {
    const it = story();
    await it.propose(plan(step("fix")));
    await it.approve();
    await it.finish("work/");
    const head = it.head("fix") ?? "";
    const old = it.running()[0];
    delete it.state.refs[toTaskRef(it.task("fix"))];
    it.state.parents.delete(head);
    await it.tell({ kind: "woken" });
    expect(it.at("fix")).toMatchObject({ state: "failed", refusal: { code: "branch-lost" }, head: null, pull: null });
    it.state.pulls = it.state.pulls.map((pull) => ({ ...pull, state: "closed" }));
    await it.tell(comment(3, { kind: "retry", target: "fix" }));
    await it.finish("work/");
    it.state.runs = it.state.runs.filter(({ name }) => name !== old);
    await it.finish("verify/");
    expect(it.at("fix")?.state).toBe("done");
    expect(it.state.pulls.map(({ state }) => state)).toEqual(["closed", "merged"]);
  });

  test("a result with another base commit than its job's is ignored", async () => {
    const it = story();
    await it.propose(plan(step("fix")));
    await it.approve();
    const job = it.running()[0] as JobKey;
    const [forged, real] = ["6".repeat(40), [...it.state.results.values()][0]];
    if (real) it.state.results.set(forged, { ...real, job, baseCommit: "1".repeat(40), tools: [] });
    it.state.refs[toResultRef(job)] = forged;
    await it.tell({ kind: "woken" });
    expect(it.at("fix")?.state).toBe("running");
    expect(it.state.refs[toResultRef(job)]).toBeUndefined();
    it.state.runs = it.state.runs.map((run) => ({ ...run, state: "done" }));
    await it.tell({ kind: "woken", endedJob: job });
    expect(it.at("fix")).toMatchObject({ state: "ready", faults: 1 });
  });

  test("B-18 a rewound base freezes the queue until a person decides", async () => {
    const it = story();
    await it.propose(two);
    await it.approve();
    await it.finish("work/");
    await it.finish("verify/");
    it.state.refs[toBranchRef("main")] = it.root;
    await it.finish("work/");
    expect(it.state.ledger.queues["main"]?.frozen?.code).toBe("base-rewound");
    expect(it.base()).toBe(it.root);
    expect(it.at("fix")?.state).toBe("done");
  });

  test("a conflict with the base is found before any check runs", async () => {
    const it = story({ conflicts: () => true });
    await it.propose(plan(step("fix")));
    await it.approve();
    await it.finish("work/");
    expect(it.at("fix")).toMatchObject({ state: "published", resolution: { conflicts: [{ path: "a.txt", kind: "contents" }] } });
    expect(it.running()).toEqual([expect.stringMatching(/^resolve\/.*-fix\/1$/)]);
  });

  test("a checkpoint lands only after a review of its exact head by a person with write permission", async () => {
    const it = story();
    await it.propose(plan(step("fix", { checkpoint: true }), step("test", { needs: ["fix"] })));
    await it.approve();
    await it.finish("work/");
    await it.finish("verify/");
    expect(it.at("fix")?.state).toBe("waiting");
    const review = {
      id: 1,
      by: "stranger",
      bot: false,
      verdict: "approved" as const,
      head: it.head("fix") ?? "",
      at: it.state.now,
      text: "",
    };
    const pull = it.at("fix")?.pull ?? 0;
    for (const bad of [review, { ...review, by: "maintainer", head: it.root }, { ...review, by: "maintainer", bot: true }]) {
      it.state.reviews.set(pull, [bad]);
      await it.tell({ kind: "woken" });
      expect(it.at("fix")?.state).toBe("waiting");
    }
    it.state.reviews.set(pull, [{ ...review, by: "maintainer" }]);
    await it.tell({ kind: "woken" });
    expect([it.at("fix")?.state, it.at("test")?.state]).toEqual(["done", "running"]);
  });
});

describe("jobs", () => {
  test("B-20 a run without a result is a fault: retried twice, then failed", async () => {
    const it = story();
    await it.propose(plan(step("fix")));
    await it.approve();
    for (const attempt of [1, 2, 3]) {
      expect(it.at("fix")).toMatchObject({ state: "running", attempt });
      const job = it.running()[0] as JobKey;
      it.state.runs = it.state.runs.map((run) => ({ ...run, state: "done", conclusion: "failure" }));
      await it.tell({ kind: "woken", endedJob: job });
      await it.tell({ kind: "woken" });
    }
    expect(it.at("fix")).toMatchObject({ state: "failed", refusal: { code: "work-faults" } });
  });

  test("B-12 a job that never ends is stopped at its deadline", async () => {
    const it = story();
    await it.propose(plan(step("fix")));
    await it.approve();
    it.state.now += 60 * 60_000;
    await it.tell({ kind: "woken" });
    expect(it.state.runs.find((run) => run.name.startsWith("work/"))).toMatchObject({ conclusion: "cancelled" });
    expect(it.at("fix")?.faults).toBe(1);
  });

  test("B-05 the coordinator refuses a plan with a cycle", async () => {
    const it = story();
    await it.propose(plan(step("a", { needs: ["b"] }), step("b", { needs: ["a"] })));
    expect(it.execution()).toMatchObject({ state: "failed", refusal: { code: "cycle" }, plan: null });
  });

  test("B-14 a step without changes is done and lands nothing", async () => {
    const it = story();
    await it.propose(plan(step("fix")));
    await it.approve();
    await it.finish("work/", { end: "unchanged" });
    expect(it.execution()?.state).toBe("done");
    expect(it.base()).toBe(it.root);
  });

  test("a cancelled execution stops its runs, and closes its pull requests", async () => {
    const it = story();
    await it.propose(two);
    await it.approve();
    await it.finish("work/");
    await it.tell(comment(7, { kind: "cancel", target: null }));
    expect(it.execution()?.state).toBe("cancelled");
    expect(it.state.pulls.map(({ state }) => state)).toEqual(["closed"]);
    expect(it.running()).toEqual([]);
    expect(it.base()).toBe(it.root);
  });
});

describe("rare cases", () => {
  const hour = 3_600_000;

  test("a command is applied once, regardless of its age and the start of the listing", async () => {
    const it = story();
    await it.tell(comment(1, { kind: "do", text: "x" }));
    await it.tell(comment(9, { kind: "cancel", target: null }));
    it.state.now += 25 * hour;
    await it.tell(comment(5, { kind: "help" }));
    await it.tell(comment(1, { kind: "do", text: "x" }));
    expect(Object.keys(it.state.ledger.executions)).toHaveLength(1);
  });

  test("a pull request that GitHub rejects fails its step with GitHub's message; a retry opens it without repeating the work", async () => {
    let refusing = true;
    const it = story({ refuse: ({ kind }) => (refusing && kind === "open-pull" ? "not permitted to create pull requests" : null) });
    await it.propose(plan(step("fix")));
    await it.approve();
    await it.finish("work/");
    expect(it.at("fix")).toMatchObject({
      state: "failed",
      refusal: { code: "pull-refused", message: expect.stringContaining("not permitted") },
    });
    refusing = false;
    await it.tell(comment(3, { kind: "retry", target: it.task("fix") }));
    expect(it.at("fix")).toMatchObject({ state: "published", attempt: 1 });
    expect(it.state.pulls).toHaveLength(1);
  });

  test("a retry with the identical commit is verified by another run", async () => {
    const it = story({ workCommit: () => "same" });
    await it.propose(plan(step("fix")));
    await it.approve();
    await it.finish("work/");
    await it.rejected();
    await it.tell(comment(3, { kind: "retry", target: it.task("fix") }));
    await it.finish("work/");
    await it.finish("verify/");
    expect(it.at("fix")?.state).toBe("done");
  });

  test("repeated crashes of verification freeze the queue until a retry", async () => {
    const it = story();
    await it.propose(plan(step("fix")));
    await it.approve();
    await it.finish("work/");
    for (let round = 0; round < 3; round += 1) {
      await it.finish("verify/", { end: "crashed" });
      it.state.now += hour;
      await it.tell({ kind: "woken" });
    }
    expect(it.state.ledger.queues["main"]?.frozen?.code).toBe("verify-faults");
    expect(it.running()).toEqual([]);
    await it.tell(comment(3, { kind: "retry", target: null }));
    await it.finish("verify/");
    expect(it.at("fix")?.state).toBe("done");
  });

  test("a person's commit on a task branch survives a rework", async () => {
    const it = story();
    await it.propose(plan(step("fix", { checkpoint: true })));
    await it.approve();
    await it.finish("work/");
    const pushed = it.push(toTaskRef(it.task("fix")), "a person's commit");
    await it.tell({ kind: "woken" });
    for (const _ of it.running()) await it.finish("verify/");
    const review = {
      id: 1,
      by: "maintainer",
      bot: false,
      verdict: "changes-requested" as const,
      head: pushed,
      at: it.state.now,
      text: "more",
    };
    it.state.reviews.set(it.at("fix")?.pull ?? 0, [review]);
    await it.tell({ kind: "woken" });
    await it.finish("work/");
    expect(it.contains(pushed, it.head("fix") ?? "")).toBe(true);
  });

  test("one request for changes starts one attempt, although GitHub attaches the review to the new head", async () => {
    const it = story();
    await it.propose(plan(step("fix", { checkpoint: true })));
    await it.approve();
    await it.finish("work/");
    await it.finish("verify/");
    const at = it.state.now;
    for (let round = 0; round < 4; round += 1) {
      const review = {
        id: 1,
        by: "maintainer",
        bot: false,
        verdict: "changes-requested" as const,
        head: it.head("fix") ?? "",
        at,
        text: "more",
      };
      it.state.reviews.set(it.at("fix")?.pull ?? 0, [review]);
      await it.tell({ kind: "woken" });
      for (const job of it.running()) await it.finish(job);
    }
    expect(it.at("fix")?.attempt).toBe(2);
  });

  test("an issue that a person reopened after the end stays open, whatever starts later", async () => {
    const it = story();
    await it.propose(plan(step("fix")));
    await it.approve();
    await it.finish("work/");
    await it.finish("verify/");
    it.state.now += hour;
    await it.tell({ kind: "woken" });
    it.state.closed.clear();
    await openRepositoryLoop(it.world)([{ kind: "woken" }]);
    expect([...it.state.closed]).toEqual([]);
  });
});
