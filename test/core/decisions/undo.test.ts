import { describe, expect, test } from "vitest";
import type { Execution } from "../../../src/core/domain/execution.ts";
import type { Plan } from "../../../src/core/domain/plan.ts";
import { toBranchRef, toTaskRef } from "../../../src/core/domain/refs.ts";
import type { Event } from "../../../src/core/domain/event.ts";
import { hashValue } from "../../../src/core/domain/ids.ts";
import { comment, plan, step } from "../../support/build.ts";
import { config } from "../../support/config.ts";
import { openStory } from "../../support/story.ts";

type Story = ReturnType<typeof openStory>;

const CHAIN_OF_ONE = plan(step("a"));
const CHAIN = plan(step("a"), step("b", { needs: ["a"] }), step("c"));

/** Opens a story in which the given steps landed one after the other. */
const landed = async (steps: readonly string[], { all = CHAIN, ...over }: Parameters<typeof openStory>[0] & { all?: Plan } = {}) => {
  const it = openStory(over);
  await it.propose(all);
  await it.approve();
  for (const each of steps) await it.landed(each);
  await it.tell({ kind: "woken" });
  const request = Object.keys(it.state.ledger.executions)[0] ?? "";
  const undo = (target: string | null = null, issue = 1): Promise<void> => it.say(issue, { kind: "undo", target });
  const undos = (): Execution[] =>
    Object.values(it.state.ledger.executions)
      .filter(({ undoes }) => undoes)
      .toSorted((one, other) => one.createdAt - other.createdAt);
  const verifyAll = async (): Promise<void> => {
    while (it.running().some((job) => job.startsWith("verify/"))) await it.verified();
    await it.tell({ kind: "woken" });
  };
  return { ...it, request, undo, undos, verifyAll };
};

const planOf = (it: Story, { plan: hash }: Execution) =>
  (it.state.ledger.plans[hash ?? ""]?.steps ?? []).map(({ id, needs }) => [
    id,
    ...needs.map((need) => ("step" in need ? need.step : need.task)),
  ]);

describe("an undo", () => {
  test("reverts everything that the newest request landed, newest first, without a job for the reverts, through the queue", async () => {
    const it = await landed(["a", "b", "c"]);
    const before = it.base();
    await it.undo();
    const [undo] = it.undos();
    if (!undo) throw new Error("it starts");
    expect(planOf(it, undo)).toEqual([["undo_c"], ["undo_b", "undo_c"], ["undo_a", "undo_b"]]);
    expect(it.running().filter((job) => !job.startsWith("verify/"))).toEqual([]);
    expect(it.base()).toBe(before);
    expect(it.states(undo.id)).toEqual({ undo_c: "published", undo_b: "published", undo_a: "published" });
    expect(it.says("undo_a", undo.id)).toContain(`Undo ${it.task("c", it.request)}`);
    await it.verifyAll();
    expect(it.states(undo.id)).toEqual({ undo_c: "done", undo_b: "done", undo_a: "done" });
    const [c, b, a] = ["undo_c", "undo_b", "undo_a"].map((id) => it.at(id, undo.id)?.landed?.commit ?? "");
    expect([it.contains(c ?? "", b ?? ""), it.contains(b ?? "", a ?? ""), it.base()]).toEqual([true, true, a]);
    expect(it.comment(undo.id)).toMatch(/### Done: the work is undone[^]*reopen it if the request still stands/);
    it.replay();
  });

  test("of a step takes back that step and what depends on it, and nothing else", async () => {
    const it = await landed(["a", "b", "c"]);
    await it.undo("a");
    const [undo] = it.undos();
    expect(undo && planOf(it, undo)).toEqual([["undo_b"], ["undo_a", "undo_b"]]);
    await it.verifyAll();
    await it.undo();
    const [, rest] = it.undos();
    expect(rest && planOf(it, rest)).toEqual([["undo_c"]]);
    await it.verifyAll();
    it.replay();
  });

  test("closes no issue, and says so", async () => {
    const it = await landed(["a"], { all: plan(step("a")) });
    expect(it.state.closed).toEqual(new Set([1]));
    it.state.closed.clear();
    await it.undo();
    await it.verifyAll();
    expect(it.undos()[0]?.state).toBe("done");
    expect(it.state.closed).toEqual(new Set());
  });

  test("is not repeated: while it works, after it is done, and after each start of the process", async () => {
    const it = await landed(["a"], { all: plan(step("a")) });
    await it.undo();
    const [undo] = it.undos();
    await it.undo("a");
    expect(it.lastReply()).toMatch(new RegExp(`already-undone[^]*${undo?.id} is already undoing|already undoing`));
    it.restart();
    await it.verifyAll();
    await it.undo();
    expect(it.lastReply()).toMatch(/was already undone by[^]*```\n\/enki undo [0-9a-f]+-undo_a\n```/);
    expect(it.undos()).toHaveLength(1);
  });

  test("of an undo brings the work back, after which it can be undone again", async () => {
    const it = await landed(["a", "b", "c"]);
    await it.undo("a");
    await it.verifyAll();
    const [undo] = it.undos();
    await it.undo(undo?.id ?? "");
    await it.verifyAll();
    const [, redo] = it.undos();
    expect(redo && planOf(it, redo)).toEqual([["redo_a"], ["redo_b", "redo_a"]]);
    expect(redo?.state).toBe("done");
    expect(it.state.ledger.plans[redo?.plan ?? ""]?.steps.map(({ title }) => title)).toEqual(["Redo: Do a", "Redo: Do b"]);
    await it.undo("b");
    const [, , again] = it.undos();
    expect(again && planOf(it, again)).toEqual([["undo_b"]]);
  });

  test("waits for the steps of other requests that need the work: they go first", async () => {
    const it = await landed(["a"], { all: plan(step("a")) });
    await it.propose(plan(step("later", { needs: [{ task: it.task("a", it.request), condition: "merged" }] })), 2);
    await it.approve(2);
    await it.undo();
    expect(it.lastReply()).toMatch(/needs `[0-9a-f]+-a`\. Cancel that step first\.[^]*\/enki cancel [0-9a-f]+-later/);
    await it.landed("later");
    await it.undo();
    expect(it.lastReply()).toMatch(/needs `[0-9a-f]+-a` and has landed\. Undo that step first\.[^]*\/enki undo [0-9a-f]+-later/);
    expect(it.undos()).toEqual([]);
  });
});

describe("an undo of a request that left the ledger", () => {
  /** Waits for a month, so the archive alone contains the finished requests. */
  const archive = async (it: Awaited<ReturnType<typeof landed>>): Promise<void> => {
    it.state.now += 31 * 24 * 60 * 60_000;
    await it.say(9, { kind: "help" });
    expect(Object.values(it.state.ledger.executions)).toEqual([]);
  };

  test("reverts what it landed, newest first, and is archived itself", async () => {
    const it = await landed(["a", "b", "c"]);
    await archive(it);
    await it.undo("a");
    const [undo] = it.undos();
    expect(undo && planOf(it, undo)).toEqual([["undo_b"], ["undo_a", "undo_b"]]);
    await it.verifyAll();
    await it.undo();
    const [, rest] = it.undos();
    expect(rest && planOf(it, rest)).toEqual([["undo_c"]]);
    await it.verifyAll();
    expect(it.states(rest?.id ?? "")).toEqual({ undo_c: "done" });
    it.replay();
    await archive(it);
  });

  test("is found by the number of its pull request and by its id", async () => {
    for (const name of ["pull", "id", "prefix"] as const) {
      const it = await landed(["a"], { all: plan(step("a")) });
      const pull = it.at("a", it.request)?.pull ?? 0;
      await archive(it);
      if (name === "pull") await it.undo(null, pull);
      else await it.undo(name === "id" ? it.task("a", it.request) : it.request.slice(0, 5), 7);
      expect(it.undos().map((undo) => [undo.issue, planOf(it, undo)])).toEqual([[name === "pull" ? 1 : 7, [["undo_a"]]]]);
    }
  });

  test("is not repeated after the undo was archived too; the archived undo can be undone", async () => {
    const it = await landed(["a"], { all: plan(step("a")) });
    await it.undo();
    const first = it.undos()[0]?.id ?? "";
    await it.verifyAll();
    await archive(it);
    await it.undo();
    expect(it.lastReply()).toMatch(/was already undone by[^]*```\n\/enki undo [0-9a-f]+-undo_a\n```/);
    expect(it.undos()).toEqual([]);
    await it.undo(first);
    const [redo] = it.undos();
    expect(redo && planOf(it, redo)).toEqual([["redo_a"]]);
    await it.verifyAll();
    expect(it.states(redo?.id ?? "")).toEqual({ redo_a: "done" });
    it.replay();
  });

  test("is not repeated if only the undo was archived, wherever the command is written", async () => {
    const it = await landed(["a"], { all: plan(step("a")) });
    const pull = it.at("a", it.request)?.pull ?? 0;
    await it.undo();
    await it.verifyAll();
    const request = it.state.ledger.executions[it.request];
    if (!request) throw new Error("it is there");
    await archive(it);
    // A request that another request needs would have stayed in the ledger.
    it.state.ledger = {
      ...it.state.ledger,
      executions: { [request.id]: { ...request, createdAt: it.state.now } },
      plans: { [request.plan ?? ""]: CHAIN_OF_ONE },
    };
    for (const [target, issue] of [
      [null, pull],
      [request.id.slice(0, 5), 77],
      [it.task("a", request.id), 77],
    ] as const) {
      await it.undo(target, issue);
      expect(it.lastReply()).toMatch(/was already undone by/);
      expect(it.undos()).toEqual([]);
    }
  });

  test("waits for an archived request that needs the work", async () => {
    const it = await landed(["a"], { all: plan(step("a")) });
    await it.propose(plan(step("later", { needs: [{ task: it.task("a", it.request), condition: "merged" }] })), 2);
    await it.approve(2);
    await it.landed("later");
    await it.tell({ kind: "woken" });
    await archive(it);
    await it.undo();
    expect(it.lastReply()).toMatch(/needs `[0-9a-f]+-a` and has landed\. Undo that step first\.[^]*\/enki undo [0-9a-f]+-later/);
    expect(it.undos()).toEqual([]);
  });
});

describe("is refused, and nothing starts", () => {
  const refuses = async (it: Awaited<ReturnType<typeof landed>>, target: string | null, words: RegExp): Promise<void> => {
    await it.undo(target);
    expect(it.lastReply()).toMatch(words);
    expect(it.undos()).toEqual([]);
  };

  test("while the request runs or is paused; after a cancellation, what landed can be undone", async () => {
    const it = await landed(["a"]);
    await refuses(it, null, /is running and may land more\. Cancel it[^]*\/enki cancel/);
    await refuses(it, "a", /is running and may land more/);
    await it.say(1, { kind: "pause", target: null });
    await refuses(it, null, /is paused and may land more/);
    await it.say(1, { kind: "cancel", target: null });
    await it.undo();
    expect(it.undos().map((undo) => planOf(it, undo))).toEqual([[["undo_a"]]]);
  });

  test("for a request or a step that landed nothing", async () => {
    const it = await landed([], { all: plan(step("a"), step("b")) });
    await it.ran("a");
    await it.landed("b");
    await it.tell({ kind: "woken" });
    await refuses(it, "a", /landed nothing, so there is nothing to undo/);
    await refuses(it, "nonsense", /unknown-target|was not found/);
  });

  test("for people without write permission", async () => {
    const it = await landed(["a"], { all: plan(step("a")) });
    await it.tell({ ...comment(900, { kind: "undo", target: null }), by: "stranger", at: it.state.now } as Event);
    expect(it.lastReply()).toMatch(/no-permission|write permission/);
    expect(it.undos()).toEqual([]);
  });
});

describe("before a revert lands", () => {
  test("the command is read again: a deleted comment lands nothing, and another /enki undo renews it", async () => {
    const it = await landed(["a"], { all: plan(step("a")) });
    const before = it.base();
    await it.undo();
    const said = it.undos()[0]?.approved?.source;
    if (said?.kind === "comment") it.state.said.set(said.id, null);
    await it.verifyAll();
    const undo = it.undos()[0]?.id ?? "";
    expect(it.at("undo_a", undo)).toMatchObject({ state: "waiting", refusal: { code: "approval-gone" } });
    expect(it.base()).toBe(before);
    await it.undo();
    await it.verifyAll();
    expect(it.state_("undo_a", undo)).toBe("done");
  });

  test("the revert is judged by nobody but git; what an agent adds is", async () => {
    const it = await landed(["a"], {
      all: plan(step("a")),
      config: config({ policy: { ...config().policy, tests: "checkpoint" } }),
    });
    it.state.tampering = () => [{ path: "a.test.ts", kind: "deleted" }];
    await it.undo();
    const undo = it.undos()[0]?.id ?? "";
    await it.rejected("$ npm test\n| b needs a");
    expect(it.at("undo_a", undo)).toMatchObject({ state: "failed" });
    const reverted = it.at("undo_a", undo)?.head?.sha;
    await it.say(1, { kind: "retry", target: it.task("undo_a", undo) });
    expect(it.working(undo)).toEqual(["undo_a"]);
    expect(it.at("undo_a", undo)?.baseCommit).toBe(reverted);
    expect(it.at("undo_a", undo)?.lastFailure).toContain("b needs a");
    await it.worked("undo_a", undo);
    await it.verifyAll();
    expect(it.contains(reverted ?? "", it.at("undo_a", undo)?.head?.sha ?? "")).toBe(true);
    expect(it.at("undo_a", undo)).toMatchObject({ state: "waiting" });
  });

  test("a conflict with later work goes to a merger; reverts on top of it wait, and land after it", async () => {
    let conflicting = "";
    const it = await landed(["a", "b"], {
      all: plan(step("a"), step("b")),
      reverted: (query) => {
        if (!query.landing.task.endsWith("-b")) return null;
        const made = hashValue([query.message]).slice(0, 40);
        it.state.parents.set(made, [query.landing.commit]);
        conflicting = made;
        return { kind: "commit", commit: made, parent: query.landing.commit };
      },
      conflicts: (head) => head === conflicting,
    });
    await it.say(2, { kind: "quick", prompt: "change the same lines" });
    const other = Object.values(it.state.ledger.executions).find(({ quick }) => quick)?.id ?? "";
    await it.landed("quick", other);
    await it.undo();
    const undo = it.undos()[0]?.id ?? "";
    expect(it.at("undo_b", undo)?.resolution?.conflicts).toEqual([{ path: "a.txt", kind: "contents" }]);
    expect(it.state_("undo_a", undo)).toBe("ready");
    expect(it.working(undo)).toEqual([]);
    await it.say(1, { kind: "explain", target: it.task("undo_a", undo) });
    expect(it.lastReply()).toContain("once the reverts before it merge");
    await it.end(`resolve/${it.task("undo_b", undo)}/`);
    await it.verifyAll();
    await it.verifyAll();
    expect(it.states(undo)).toEqual({ undo_b: "done", undo_a: "done" });
    it.replay();
  });

  test("nothing lands if the base no longer contains the work, and a person reverts what git cannot find", async () => {
    for (const [answer, state, words] of [
      [{ kind: "unchanged" }, "done", /no longer contains its changes/],
      [{ kind: "unknown" }, "failed", /Revert them by hand/],
    ] as const) {
      const it = await landed(["a"], { all: plan(step("a")), reverted: () => answer });
      const before = it.base();
      await it.undo();
      const undo = it.undos()[0]?.id ?? "";
      expect(it.at("undo_a", undo)).toMatchObject({ state, refusal: { message: expect.stringMatching(words) as unknown } });
      expect([it.base(), it.state.refs[toTaskRef(it.task("undo_a", undo))]]).toEqual([before, undefined]);
    }
  });

  test("a revert below that was made again takes those on top of it along", async () => {
    const it = await landed(["a", "b"], { all: plan(step("a"), step("b")) });
    await it.undo();
    const undo = it.undos()[0]?.id ?? "";
    const before = it.at("undo_a", undo)?.head?.sha ?? "";
    await it.say(1, { kind: "skip", target: it.task("undo_b", undo) });
    const after = it.at("undo_a", undo);
    expect(after?.head?.sha).not.toBe(before);
    expect(after?.builtOn).toEqual([]);
    await it.verifyAll();
    expect(it.states(undo)).toEqual({ undo_b: "skipped", undo_a: "done" });
    expect(it.state.refs[toBranchRef("main")]).toBe(it.base());
  });
});
