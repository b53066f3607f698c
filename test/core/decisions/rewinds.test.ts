import { describe, expect, test } from "vitest";
import type { Sha } from "../../../src/core/domain/ids.ts";
import { toBranchRef, toTaskRef } from "../../../src/core/domain/refs.ts";
import { plan, step } from "../../support/build.ts";
import { openStory } from "../../support/story.ts";

type Options = Parameters<typeof openStory>[0];

const MAIN = toBranchRef("main");

/** Starts steps on a base with a person's commit, which a later rewind removes. */
const begin = async (steps = plan(step("a")), options: Options = {}) => {
  const it = openStory({ lines: true, ...options });
  const lost = it.push(MAIN, "lost");
  it.state.green.add(lost);
  await it.propose(steps);
  await it.approve();
  const lines = (at: Sha | undefined): string[] =>
    [...it.linesOf(at ?? "")].map((line) => line.replace(/^by [0-9a-f]{40}$/, "work")).sort();
  return {
    ...it,
    lost,
    lines,
    /** Removes the person's commit. The base returns to its old tip, or moves to another line. */
    rewind: async (other?: string): Promise<Sha> => {
      it.state.refs[MAIN] = other === undefined ? it.root : it.commit([it.root], other, new Set([other]));
      await it.tell({ kind: "woken" });
      return it.base();
    },
    goOn: () => it.say(1, { kind: "retry", target: null }),
    verified: async (): Promise<void> => {
      while (it.running().some((each) => each.startsWith("verify/"))) await it.end("verify/");
    },
  };
};

describe("a base that lost a person's commit", () => {
  test("is frozen even if Enki landed nothing on it, and names the missing commit", async () => {
    const it = await begin();
    await it.worked("a");
    await it.rewind();
    await it.verified();
    expect(it.state_("a")).toBe("published");
    expect(it.base()).toBe(it.root);
    expect(it.comment()).toMatch(new RegExp(`Nothing lands for now.*no longer contains ${it.lost.slice(0, 12)}`));
    expect(it.comment()).toMatch(/^\/enki retry$/m);
    it.replay();
  });

  test("is frozen while a step runs without a head; nothing starts until a person decides", async () => {
    const it = await begin(plan(step("a"), step("b", { needs: ["z"] }), step("z")));
    it.state.refs[MAIN] = it.root;
    await it.ran("z");
    expect(it.state.ledger.queues["main"]?.frozen?.code).toBe("base-rewound");
    expect(it.working()).toEqual(["a"]);
    await it.goOn();
    expect(it.state.ledger.queues["main"]).toMatchObject({ frozen: null, seenTip: it.root, abandonedTips: [it.lost] });
    expect(it.at("b")).toMatchObject({ state: "running", baseCommit: it.root, baseTip: it.root });
    it.replay();
  });

  test("continues automatically when the commit returns", async () => {
    const it = await begin();
    await it.worked("a");
    await it.rewind();
    it.state.refs[MAIN] = it.lost;
    await it.tell({ kind: "woken" });
    await it.verified();
    expect(it.state_("a")).toBe("done");
    expect(it.lines(it.base())).toEqual(["lost", "work"]);
    it.replay();
  });

  test("continues if Enki has no work in progress: later work starts on the new tip", async () => {
    const it = openStory({ lines: true });
    await it.propose(plan(step("a")));
    it.push(MAIN, "lost");
    await it.approve();
    await it.ran("a");
    expect(it.execution()?.state).toBe("done");
    it.state.refs[MAIN] = it.root;
    await it.tell({ kind: "woken" });
    expect(it.state.ledger.queues["main"]).toMatchObject({ frozen: null, seenTip: it.root });
    await it.propose(plan(step("b")), 2);
    await it.approve(2);
    await it.landed("b");
    expect([...it.linesOf(it.base())]).toEqual([expect.stringMatching(/^by /)]);
    it.replay();
  });

  test("is frozen without work in progress if landed work is missing", async () => {
    const it = openStory({ lines: true });
    await it.propose(plan(step("a")));
    await it.approve();
    await it.landed("a");
    it.state.refs[MAIN] = it.root;
    await it.tell({ kind: "woken" });
    expect(it.state.ledger.queues["main"]?.frozen?.code).toBe("base-rewound");
    it.replay();
  });

  test("is frozen again by the next rewind", async () => {
    const it = await begin();
    await it.worked("a");
    await it.rewind("other");
    await it.goOn();
    await it.rewind();
    expect(it.state.ledger.queues["main"]?.frozen?.code).toBe("base-rewound");
    await it.goOn();
    await it.verified();
    expect(it.state_("a")).toBe("done");
    expect(it.lines(it.base())).toEqual(["work"]);
    it.replay();
  });
});

describe("after a person accepted the rewind", () => {
  test.each([
    ["before it", undefined],
    ["beside it", "other"],
  ])("a head built on the lost commit is rebased on the tip %s, without that commit", async (_, other) => {
    const it = await begin();
    await it.worked("a");
    const before = it.head("a");
    expect(it.at("a")?.head?.baseTip).toBe(it.lost);
    const tip = await it.rewind(other);
    expect(it.head("a")).toBe(before);
    await it.goOn();
    expect(it.head("a")).not.toBe(before);
    expect(it.at("a")?.head?.baseTip).toBe(tip);
    await it.verified();
    expect(it.state_("a")).toBe("done");
    expect(it.lines(it.base())).toEqual([...(other === undefined ? [] : [other]), "work"].sort());
    expect(it.contains(it.lost, it.base())).toBe(false);
    it.replay();
  });

  test.each([
    ["while it waits for a person", true],
    ["after that", false],
  ])("a result in progress contributes only its own change (%s)", async (_, early) => {
    const it = await begin();
    await it.rewind();
    if (early) await it.worked("a");
    await it.goOn();
    if (!early) await it.worked("a");
    await it.verified();
    expect(it.state_("a")).toBe("done");
    expect(it.lines(it.base())).toEqual(["work"]);
    it.replay();
  });

  test("a head older than the lost commit stays unchanged", async () => {
    const it = openStory({ lines: true });
    await it.propose(plan(step("a", { checkpoint: true })));
    await it.approve();
    await it.worked("a");
    const head = it.head("a");
    const lost = it.push(MAIN, "lost");
    await it.tell({ kind: "woken" });
    it.state.refs[MAIN] = it.root;
    await it.tell({ kind: "woken" });
    await it.say(1, { kind: "retry", target: null });
    expect(it.head("a")).toBe(head);
    expect(it.contains(lost, head ?? "")).toBe(false);
    it.replay();
  });

  test("a person's commits are rebased too, even with the lost base merged in", async () => {
    const it = await begin();
    await it.worked("a");
    const first = it.head("a") ?? "";
    const more = it.push(MAIN, "lost too");
    await it.tell({ kind: "woken" });
    const mine = it.commit([first, more], "merge", new Set([...it.linesOf(first), "lost too", "mine"]));
    it.state.refs[toTaskRef(it.task("a"))] = mine;
    await it.tell({ kind: "woken" });
    expect(it.at("a")?.head).toMatchObject({ sha: mine, by: "person", baseTip: more });
    await it.rewind();
    await it.goOn();
    expect(it.at("a")?.head?.by).toBe("person");
    await it.verified();
    expect(it.state_("a")).toBe("done");
    expect(it.lines(it.base())).toEqual(["mine", "work"]);
    it.replay();
  });

  test("later pushes that still contain the lost commit are rebased too", async () => {
    const it = await begin();
    await it.worked("a");
    await it.rewind();
    await it.goOn();
    const late = it.commit([it.lost], "late", new Set(["lost", "late"]));
    it.state.refs[toTaskRef(it.task("a"))] = late;
    await it.tell({ kind: "woken" });
    await it.verified();
    expect(it.state_("a")).toBe("done");
    expect(it.lines(it.base())).toEqual(["late"]);
    it.replay();
  });

  test("a need is rebased before its dependents", async () => {
    const needs = [{ step: "a", condition: "completed" as const }];
    const it = await begin(
      plan(step("a", { checkpoint: false }), step("b", { needs }), step("c", { needs: [{ step: "b", condition: "completed" }] })),
    );
    await it.worked("a");
    expect(it.working()).toContain("b");
    await it.worked("b");
    await it.rewind();
    await it.goOn();
    expect(it.contains(it.head("a") ?? "", it.head("b") ?? "")).toBe(true);
    expect(it.at("b")?.builtOn).toEqual([{ task: it.task("a"), head: it.head("a") }]);
    if (it.working().includes("c")) await it.worked("c");
    await it.verified();
    expect(it.states()).toEqual({ a: "done", b: "done", c: "done" });
    expect(it.lines(it.base())).toEqual(["work", "work", "work"]);
    it.replay();
  });

  test("conflicts with the new tip are resolved as usual, without the lost commit", async () => {
    const it = await begin(plan(step("a")), { carryConflicts: ({ kind }) => kind === "rebase-commits" });
    await it.worked("a");
    const head = it.head("a");
    const tip = await it.rewind("other");
    await it.goOn();
    expect(it.at("a")?.resolution).toMatchObject({ head, onto: tip, forkPoint: it.lost });
    await it.end("resolve/", { end: "success", files: [{ path: "a.txt", mode: "100644" }] });
    expect(it.at("a")?.head).toMatchObject({ baseTip: tip });
    await it.verified();
    expect(it.state_("a")).toBe("done");
    expect(it.lines(it.base())).toEqual(["other", "work"]);
    expect(it.contains(it.lost, it.base())).toBe(false);
    it.replay();
  });

  test("a red resolution is discarded and made once more from the original conflict", async () => {
    const it = await begin(plan(step("a")), { carryConflicts: ({ kind }) => kind === "rebase-commits" });
    await it.worked("a");
    const head = it.head("a");
    await it.rewind("other");
    await it.goOn();
    await it.end("resolve/", { end: "success", files: [{ path: "a.txt", mode: "100644" }] });
    await it.rejected();
    expect(it.at("a")).toMatchObject({
      state: "published",
      head: { sha: head, baseTip: it.lost },
      resolution: { forkPoint: it.lost, failedVerification: true },
    });
    await it.end("resolve/", { end: "success", files: [{ path: "a.txt", mode: "100644" }] });
    await it.verified();
    expect(it.lines(it.base())).toEqual(["other", "work"]);
    it.replay();
  });

  test("a person is told to rebase, because a merge would return the lost commit", async () => {
    const it = await begin(plan(step("a")), {
      carryConflicts: ({ kind }) => kind === "rebase-commits",
      conflicting: () => [{ path: "a.png", kind: "binary" }],
    });
    await it.worked("a");
    const tip = await it.rewind("other");
    await it.goOn();
    expect(it.at("a")?.refusal?.message).toContain(`git rebase --onto main ${it.lost.slice(0, 12)} task/${it.task("a")}`);
    it.state.refs[toTaskRef(it.task("a"))] = it.commit([tip], "rebased", new Set(["other", "rebased"]));
    await it.tell({ kind: "woken" });
    await it.verified();
    expect(it.lines(it.base())).toEqual(["other", "rebased"]);
    it.replay();
  });

  test("a resolution in progress for the lost base is rejected", async () => {
    let first: Sha | null = null;
    const it = await begin(plan(step("a")), { conflicts: (head, message) => /-a$/m.test(message) && head === (first ??= head) });
    await it.worked("a");
    expect(it.at("a")?.resolution?.onto).toBe(it.lost);
    await it.rewind();
    await it.end("resolve/", { end: "success", files: [{ path: "a.txt", mode: "100644" }] });
    expect(it.head("a")).toBe(first);
    await it.goOn();
    await it.verified();
    expect(it.state_("a")).toBe("done");
    expect(it.lines(it.base())).toEqual(["work"]);
    it.replay();
  });
});

describe("a retry of something else", () => {
  const rewoundWith = async (...failed: readonly string[]) => {
    const it = await begin(plan(step("a"), step("b")));
    await it.rewind();
    for (const each of failed) await it.fails(each);
    expect(it.state.ledger.queues["main"]?.frozen?.code).toBe("base-rewound");
    return it;
  };

  test.each([
    ["a step", ["a"], "a"],
    ["an execution that failed", ["a", "b"], null],
  ])("(%s) keeps the base frozen; the next /enki retry accepts the rewind", async (_, failed, target) => {
    const it = await rewoundWith(...failed);
    await it.say(1, { kind: "retry", target });
    expect(it.execution()?.state).toBe("running");
    expect(it.state.ledger.queues["main"]?.frozen?.code).toBe("base-rewound");
    expect(it.comment()).toMatch(/^\/enki retry$/m);
    await it.goOn();
    expect(it.state.ledger.queues["main"]).toMatchObject({ frozen: null, seenTip: it.root });
    expect(it.working()).toContain("a");
    it.replay();
  });
});
