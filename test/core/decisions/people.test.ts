import { describe, expect, test } from "vitest";
import type { Pull, Review } from "../../../src/core/domain/github-facts.ts";
import { toBranchRef, toTaskRef } from "../../../src/core/domain/refs.ts";
import { plan, step } from "../../support/build.ts";
import { openStory } from "../../support/story.ts";

const TWO = plan(step("fix"), step("test", { needs: ["fix"] }));
const people = { kind: "woken", activity: "pulls" } as const;

/** Works on a step. Its verification is running. */
const begun = async (...args: Parameters<typeof openStory>) => {
  const it = openStory(...args);
  await it.propose(TWO);
  await it.approve();
  await it.worked("fix");
  const change = (to: Partial<Pull>): void => {
    it.state.pulls = it.state.pulls.map((pull) => (pull.number === it.pull("fix")?.number ? { ...pull, hasActivity: true, ...to } : pull));
  };
  const review = (over: Partial<Review>): void => {
    change({});
    const one = { id: 1, by: "maintainer", bot: false, verdict: "changes-requested" as const, text: "not so" };
    it.state.reviews.set(it.pull("fix")?.number ?? 0, [{ ...one, head: it.head("fix") ?? "", at: it.state.now, ...over }]);
  };
  return { ...it, change, review };
};

describe("a person keeps a step from landing", () => {
  test.each([
    ["66 with the label hold", { labels: ["Hold"] }, { labels: [] }, "hold"],
    ["as a draft", { draft: true }, { draft: false }, "draft"],
    ["30 by closing its pull request", { state: "closed" as const }, { state: "open" as const }, "pull-closed"],
    ["31 by pointing it to another base", { baseBranch: "other" }, { baseBranch: "main" }, "retargeted"],
  ])("%s: it and its dependents wait, say so once, and continue afterwards", async (_, to, back, code) => {
    const it = await begun();
    it.change(to);
    await it.verified();
    expect(it.at("fix")).toMatchObject({ state: "waiting", landed: null, refusal: { code } });
    expect(it.state_("test")).toBe("pending");
    expect(it.base()).toBe(it.root);
    expect(it.comment()).toContain("`fix` is **held**");
    const said = it.state.comments.length;
    await it.tell(people);
    await it.tell({ kind: "swept", sweptUntil: 5 });
    expect(it.state.comments.length).toBe(said);
    it.change(back);
    await it.tell(people);
    expect(it.state_("fix")).toBe("done");
    expect(it.isRunning(`work/${it.task("test")}/1`)).toBe(true);
    it.replay();
  });

  test("the next sweep releases it without a webhook", async () => {
    const it = await begun();
    it.change({ labels: ["hold"] });
    await it.verified();
    it.change({ labels: [] });
    await it.tell({ kind: "woken" });
    expect(it.state_("fix")).toBe("waiting");
    await it.tell({ kind: "swept", sweptUntil: 5 });
    expect(it.state_("fix")).toBe("done");
  });

  test("30 closed during verification: it is held immediately while verification continues", async () => {
    const it = await begun();
    it.change({ state: "closed" });
    await it.tell(people);
    expect(it.at("fix")).toMatchObject({ state: "waiting", refusal: { code: "pull-closed" } });
    await it.verified();
    expect(it.base()).toBe(it.root);
    it.change({ state: "open" });
    await it.tell(people);
    expect(it.state_("fix")).toBe("done");
  });

  test("a hold that no one releases ends at its deadline, with its reason", async () => {
    const it = await begun();
    it.change({ labels: ["hold"] });
    await it.verified();
    it.state.now += 31 * 24 * 60 * 60_000;
    await it.tell({ kind: "woken" });
    expect(it.at("fix")).toMatchObject({ state: "failed", refusal: { code: "held-too-long" } });
  });

  test("a dependent with the condition `completed` is worked on and lands after the held step", async () => {
    const it = openStory();
    await it.propose(plan(step("fix"), step("next", { needs: [{ step: "fix", condition: "completed" }] })));
    await it.approve();
    await it.worked("fix");
    it.state.pulls = it.state.pulls.map((pull) => ({ ...pull, labels: ["hold"] }));
    await it.tell(people);
    expect(it.state_("fix")).toBe("waiting");
    await it.worked("next");
    it.state.pulls = it.state.pulls.map((pull) => ({ ...pull, labels: [] }));
    await it.tell(people);
    while (it.running().some((job) => job.startsWith("verify/"))) await it.verified();
    expect(it.states()).toEqual({ fix: "done", next: "done" });
  });
});

describe("65 changes requested on a step without a checkpoint", () => {
  test("by a person with write permission on this head start a new attempt", async () => {
    const it = await begun();
    it.review({});
    await it.verified();
    expect(it.base()).toBe(it.root);
    expect(it.at("fix")).toMatchObject({ state: "running", attempt: 2, lastFailure: null });
  });

  test.each([
    ["by one who may not write", { by: "stranger" }],
    ["of another head", { head: "0".repeat(40) }],
    ["by a bot", { bot: true }],
    ["and taken back", { verdict: "dismissed" as const }],
  ])("%s does not prevent the landing", async (_, over) => {
    const it = await begun();
    it.review(over);
    await it.verified();
    expect(it.state_("fix")).toBe("done");
  });
});

describe("merged by hand", () => {
  test("with a merge commit: its head is in the base, so it is done", async () => {
    const it = await begun();
    const merge = it.push(toBranchRef("main"), "by hand");
    it.state.parents.set(merge, [it.root, it.head("fix") ?? ""]);
    await it.tell({ kind: "woken" });
    expect(it.at("fix")).toMatchObject({ state: "done", landed: { commit: merge } });
    expect(it.base()).toBe(merge);
    expect(it.running().filter((job) => job.startsWith("verify/"))).toEqual([]);
    expect(it.state_("test")).toBe("running");
    it.replay();
  });

  test.each(["squashed", "rebased"])("%s: its pull request is merged", async (how) => {
    const it = await begun();
    const merge = it.push(toBranchRef("main"), how);
    it.change({ state: "merged" });
    await it.tell(people);
    expect(it.at("fix")).toMatchObject({ state: "done", landed: { commit: merge } });
    expect(it.base()).toBe(merge);
    await it.tell({ kind: "woken" });
    expect(it.base()).toBe(merge);
  });

  test("without a webhook: the pull request is read right before the landing", async () => {
    const it = await begun();
    it.change({ state: "merged" });
    await it.verified();
    expect(it.at("fix")).toMatchObject({ state: "done", landed: { commit: it.root } });
  });

  test("at an earlier head: later commits get another pull request", async () => {
    const it = await begun();
    it.change({ state: "merged", head: "1".repeat(40) });
    const first = it.pull("fix")?.number;
    await it.tell(people);
    expect(it.at("fix")?.pull).not.toBe(first);
    await it.verified();
    expect(it.state_("fix")).toBe("done");
    expect(it.base()).not.toBe(it.root);
  });
});

test("67 while an execution is paused verification continues and nothing lands; the verdict counts afterwards", async () => {
  const it = await begun();
  await it.say(1, { kind: "pause", target: it.execution()?.id ?? "" });
  await it.verified();
  expect(it.base()).toBe(it.root);
  expect(it.running()).toEqual([]);
  await it.say(1, { kind: "resume", target: it.execution()?.id ?? "" });
  expect(it.state_("fix")).toBe("done");
  expect(it.state.runs.filter(({ name }) => name.startsWith("verify/"))).toHaveLength(1);
});

test("28 a push to a task branch without a webhook is noticed at the landing: only verified work lands", async () => {
  const it = await begun();
  const pushed = it.push(toTaskRef(it.task("fix")), "mine");
  await it.verified();
  expect(it.base()).toBe(it.root);
  expect(it.at("fix")?.head).toMatchObject({ sha: pushed, by: "person" });
  await it.verified();
  expect(it.contains(pushed, it.base())).toBe(true);
});

test("a checkpoint approved before its verification lands as soon as it is green", async () => {
  const it = openStory();
  await it.propose(plan(step("fix", { checkpoint: true })));
  await it.approve();
  await it.worked("fix");
  // Each message arrives half a minute after the last. Here the gap is two seconds.
  const soon = (): void => void (it.state.now -= 28_000);
  it.state.now += 2_000;
  for (const { number, head } of it.state.pulls)
    it.state.reviews.set(number, [{ id: 1, by: "maintainer", bot: false, verdict: "approved", head, at: it.state.now, text: "" }]);
  soon();
  await it.tell({ kind: "woken", activity: "reviews" });
  expect(it.state_("fix")).not.toBe("done");
  soon();
  await it.verified();
  expect(it.state_("fix")).toBe("done");
});

describe("a person resets a task branch", () => {
  test("to the base: nothing landed, so its dependents wait until a retry made the work again", async () => {
    const it = await begun();
    it.state.refs[toTaskRef(it.task("fix"))] = it.root;
    await it.tell({ kind: "woken" });
    expect(it.at("fix")).toMatchObject({ state: "failed", landed: null, head: null, pull: null, refusal: { code: "branch-lost" } });
    expect(it.state_("test")).not.toBe("running");
    await it.say(1, { kind: "retry", target: "fix" });
    await it.worked("fix");
    await it.verified();
    expect(it.at("fix")).toMatchObject({ state: "done", attempt: 2 });
    expect(it.contains(it.head("fix") ?? "", it.base())).toBe(true);
    it.replay();
  });

  test("to the work that its own is built on: the landing of that work is not its landing", async () => {
    const it = openStory();
    await it.propose(plan(step("fix"), step("next", { needs: [{ step: "fix", condition: "completed" }] })));
    await it.approve();
    await it.worked("fix");
    await it.worked("next");
    it.state.refs[toTaskRef(it.task("next"))] = it.head("fix") ?? "";
    await it.tell({ kind: "woken" });
    expect(it.at("next")).toMatchObject({ state: "failed", landed: null, refusal: { code: "branch-lost" } });
  });

  test("to a base that moved on meanwhile", async () => {
    const it = await begun();
    const moved = it.push(toBranchRef("main"), "other work");
    await it.tell({ kind: "woken" });
    it.state.refs[toTaskRef(it.task("fix"))] = moved;
    await it.tell({ kind: "woken" });
    expect(it.at("fix")).toMatchObject({ state: "failed", landed: null, refusal: { code: "branch-lost" } });
    it.replay();
  });

  test("to a newer head of the work that its own is built on", async () => {
    const it = openStory();
    await it.propose(plan(step("fix"), step("next", { needs: [{ step: "fix", condition: "completed" }] })));
    await it.approve();
    await it.worked("fix");
    await it.worked("next");
    it.state.refs[toTaskRef(it.task("next"))] = it.push(toTaskRef(it.task("fix")), "more");
    await it.tell({ kind: "woken" });
    expect(it.at("next")).toMatchObject({ state: "failed", landed: null, refusal: { code: "branch-lost" } });
  });

  test("is none if the tip holds the step's work, which a person landed by hand", async () => {
    const it = await begun();
    const own = it.head("fix") ?? "";
    const more = it.push(toTaskRef(it.task("fix")), "mine");
    it.state.refs[toBranchRef("main")] = more;
    await it.tell({ kind: "woken" });
    expect(it.contains(own, it.base())).toBe(true);
    expect(it.state_("fix")).toBe("done");
  });
});
