import { mapKnown } from "../../../src/core/domain/known.ts";
import { describe, expect, test } from "vitest";
import { planQueue } from "../../../src/core/refinery/plan-queue.ts";
import { emptyQueue } from "../../../src/core/domain/queue.ts";
import { openYard } from "./yard.ts";

type Yard = ReturnType<typeof openYard>;

/** Ends every open and following run: red if it contains a bad step. */
const endAll = (yard: Yard, bad: readonly string[] = []): void => {
  for (let count = 0; count < 60; count += 1) {
    const [run] = yard.open();
    if (run === undefined) return;
    const commit = run.slice(0, run.lastIndexOf("/"));
    yard.ends(commit, commit.split("+").some((each) => bad.includes(each)) ? "failed" : "success");
  }
  throw new Error(`it does not end: ${yard.open().join(" ")}`);
};

/** Opens a queue with a step that was red behind its need, which is green and held. */
const redBehindHeld = (): Yard => {
  const yard = openYard({ parallel: 2 });
  yard.want("a");
  yard.want("b", { needs: ["a"] });
  yard.rest();
  yard.ends("base+a+b", "failed");
  yard.want("a", { held: true });
  yard.rest();
  yard.ends("base+a", "success");
  return yard;
};

describe("order", () => {
  test("1 lands three independent steps with one push, in queue order, when their last candidate is green", () => {
    const yard = openYard();
    for (const each of ["a", "b", "c"]) yard.want(each);
    yard.rest();
    expect(yard.open()).toContain("base+a+b+c/1");
    yard.ends("base+a+b+c", "success");
    expect(yard.lands).toEqual(["base+a+b+c"]);
    expect([yard.open(), yard.state().queue.items]).toEqual([[], []]);
  });

  test("2 lands a chain of dependent steps together when the candidate of the last one is green first", () => {
    const yard = openYard();
    yard.want("a");
    yard.want("b", { needs: ["a"] });
    yard.want("c", { needs: ["b"] });
    yard.rest();
    expect(yard.open().every((run) => run.startsWith("base+a"))).toBe(true);
    yard.ends("base+a+b+c", "success");
    expect(yard.lands).toEqual(["base+a+b+c"]);
  });

  test("3 ejects the bad side of a diamond, lands the other steps, and does not land its dependent", () => {
    const yard = openYard();
    yard.want("a");
    yard.want("b", { needs: ["a"] });
    yard.want("c", { needs: ["a"] });
    yard.want("d", { needs: ["b", "c"] });
    yard.rest();
    endAll(yard, ["b"]);
    expect(yard.lands.at(-1)).toBe("base+a+c");
    expect(yard.leaves).toEqual(["b: verification-failed"]);
  });

  test("4 keeps the run of a child when its parent lands, and lands it on the parent's merge", () => {
    const yard = openYard();
    yard.want("a");
    yard.rest();
    yard.want("b", { needs: ["a"] });
    yard.rest();
    yard.ends("base+a", "success");
    expect(yard.open()).toEqual(["base+a+b/1"]);
    yard.ends("base+a+b", "success");
    expect(yard.lands).toEqual(["base+a", "base+a+b"]);
  });

  test("verifies a step in the plan that lands its last need, before later steps", () => {
    const yard = openYard({ parallel: 1 });
    yard.want("a");
    yard.rest();
    yard.want("b", { needs: ["a"] });
    yard.want("c");
    yard.rest();
    yard.ends("base+a", "success");
    expect(yard.open()).toEqual(["base+a+b+c/1"]);
  });

  test("gives each step a run of its own if steps land one at a time", () => {
    const yard = openYard({ landsTogether: false, parallel: 1 });
    for (const each of ["a", "b", "c"]) yard.want(each);
    yard.rest();
    endAll(yard);
    expect(yard.lands).toEqual(["base+a", "base+a+b", "base+a+b+c"]);
  });

  test("lands a step that was green on an earlier base after a push, if steps land one at a time", () => {
    const yard = openYard({ landsTogether: false, parallel: 2 });
    for (const each of ["a", "b"]) yard.want(each);
    yard.rest();
    yard.ends("base+a+b", "success");
    yard.set({ tip: "pushed" });
    yard.rest();
    endAll(yard);
    expect(yard.lands.at(-1)).toBe("pushed+a+b");
  });
});

describe("verdicts", () => {
  test("17 freezes the queue and ejects no step when verification repeatedly ends without a verdict", () => {
    const yard = openYard();
    yard.want("a");
    yard.rest();
    for (let count = 0; count < 3; count += 1) {
      yard.ends("base+a", "crashed");
      yard.set({ now: yard.state().now + 600_000 });
      yard.rest();
    }
    expect(yard.state().queue.frozen?.code).toBe("verify-faults");
    expect([yard.leaves, yard.lands]).toEqual([[], []]);
    expect(yard.state().queue.items.map(({ strikes }) => strikes)).toEqual([0]);
  });

  test("repeats a run under a number that no queue of another base used for the same commit", () => {
    const yard = openYard({ attemptsOf: (commit) => (commit === "base+a" ? 4 : 0) });
    yard.want("a");
    yard.rest();
    expect(yard.open()).toEqual(["base+a/5"]);
    yard.set({ attemptsOf: () => 7 });
    yard.ends("base+a", "crashed");
    expect(yard.open()).toEqual(["base+a/8"]);
  });

  test("19 lands a good step after one flake, without delaying the others", () => {
    const yard = openYard();
    for (const each of ["a", "b"]) yard.want(each);
    yard.rest();
    yard.ends("base+a", "failed");
    yard.ends("base", "success");
    yard.ends("base+a+b", "success");
    expect(yard.lands).toEqual(["base+a+b"]);
    expect(yard.leaves).toEqual([]);
  });

  test.each([0, 1, 2])("20 a bad step is ejected after %i forgiven red runs and one more, on a base that is green", (retries) => {
    const yard = openYard({ retries, parallel: 1 });
    yard.want("a");
    yard.rest();
    let reds = 0;
    for (let count = 0; count < 20 && yard.leaves.length === 0; count += 1) {
      const [run = ""] = yard.open();
      if (run.startsWith("base+a/")) reds += 1;
      yard.ends(run.startsWith("base+a/") ? "base+a" : "base", run.startsWith("base+a/") ? "failed" : "success");
    }
    expect([yard.leaves, reds]).toEqual([["a: verification-failed"], retries + 1]);
    yard.want("a", { head: "a2" });
    yard.rest();
    expect(yard.state().queue.items).toMatchObject([{ head: "a2", strikes: 0 }]);
  });

  test.each([1, 2, 4])("22 a red group of four with one bad: the good three land, in %i slots", (parallel) => {
    const yard = openYard({ parallel });
    for (const each of ["a", "b", "c", "d"]) yard.want(each);
    yard.rest();
    endAll(yard, ["c"]);
    expect(yard.leaves).toEqual(["c: verification-failed"]);
    expect(yard.lands.at(-1)?.split("+").sort()).toEqual(["a", "b", "base", "d"]);
  });

  test("23 freezes the queue and ejects no step when the base is red, until the next push to it", () => {
    const yard = openYard();
    for (const each of ["a", "b", "c"]) yard.want(each);
    yard.rest();
    for (let count = 0; count < 40 && yard.state().queue.frozen === null; count += 1) {
      const [run = ""] = yard.open();
      yard.ends(run.slice(0, run.lastIndexOf("/")), "failed");
    }
    expect(yard.state().queue.frozen?.code).toBe("base-red");
    expect([yard.leaves, yard.lands]).toEqual([[], []]);
    yard.set({ tip: "mended" });
    yard.rest();
    endAll(yard);
    expect(yard.lands.at(-1)).toBe("mended+a+b+c");
  });

  test("23 blames no step for red runs in an outage, which a red run of a green base proves", () => {
    const queue = { ...emptyQueue, landedTip: "base", seenTip: "base", greenCommits: ["base"], recentOutcomes: { passed: 40, failed: 2 } };
    const yard = openYard({ queue, parallel: 4 });
    for (const each of ["a", "b", "c", "d"]) yard.want(each);
    yard.rest();
    for (let count = 0; count < 40 && !yard.open().includes("base/1"); count += 1) {
      const run = yard.open().at(-1) ?? "";
      yard.ends(run.slice(0, run.lastIndexOf("/")), "failed");
    }
    expect(yard.state().queue.items.some(({ strikes }) => strikes > 0)).toBe(true);
    yard.ends("base", "failed");
    yard.ends("base", "success");
    expect(yard.state().queue.items.map(({ strikes }) => strikes)).toEqual([0, 0, 0, 0]);
    endAll(yard);
    expect(yard.leaves).toEqual([]);
    expect(yard.lands.at(-1)?.split("+").toSorted()).toEqual(["a", "b", "base", "c", "d"]);
  });

  test("does not rerun a red candidate while it waits for a verdict below it", () => {
    const yard = openYard({ parallel: 4 });
    for (const each of ["a", "b"]) yard.want(each);
    yard.rest();
    expect(yard.open()).toEqual(["base+a/1", "base+a+b/1"]);
    for (let count = 0; count < 12 && yard.open().includes("base+a+b/1"); count += 1) yard.ends("base+a+b", "failed");
    for (let count = 0; count < 12; count += 1) {
      const run = yard.open().find((each) => each.startsWith("base+a+b/"));
      if (run !== undefined) yard.ends("base+a+b", "failed");
    }
    const most = Math.max(...yard.state().queue.candidates.map(({ runs }) => runs.length));
    expect(most).toBeLessThanOrEqual(2);
  });

  test("verifies dependents of an accused step on idle slots, and stops them for steps that may land", () => {
    const yard = openYard({ parallel: 4 });
    for (const task of ["1", "2", "3", "4", "5", "6", "7", "8"]) yard.want(task);
    yard.rest();
    endAll(yard);
    const base = "base+1+2+3+4+5+6+7+8";
    yard.want("a");
    yard.rest();
    yard.ends(`${base}+a`, "failed");
    yard.want("b", { needs: ["a"] });
    yard.want("c", { needs: ["b"] });
    yard.rest();
    expect(yard.open()).toEqual([`${base}+a/2`, `${base}+a+b/1`, `${base}+a+b+c/1`]);
    yard.want("d");
    yard.want("e");
    yard.want("f");
    yard.rest();
    expect(yard.open()).toEqual([`${base}+a/2`, `${base}+d+e/1`, `${base}+d+e+f/1`, `${base}+a+b/1`]);
    yard.ends(`${base}+a`, "success");
    yard.rest();
    endAll(yard);
    expect(yard.leaves).toEqual([]);
    expect(yard.lands.at(-1)?.split("+")).toHaveLength(15);
  });

  test("groups dependent steps on several slots only if groups are rarely red", () => {
    const [one, two] = [1, 2].map((parallel) => {
      const yard = openYard({ parallel });
      for (const task of ["1", "2", "3", "4", "5", "6"]) yard.want(task);
      yard.rest();
      endAll(yard);
      for (const [task, need] of ["b", "c", "d", "e", "f", "g"].map((each, at, all) => [each, all[at - 1]] as const))
        yard.want(task, { needs: need === undefined ? [] : [need] });
      yard.rest();
      return yard.open();
    });
    const base = "base+1+2+3+4+5+6";
    expect(one).toEqual([`${base}+b+c+d+e+f/1`]);
    expect(two).toEqual([`${base}+b+c/1`, `${base}+b+c+d/1`]);
  });

  test("drops a failed group when one of its steps has a new head", () => {
    const yard = openYard({ parallel: 1 });
    for (const each of ["a", "b"]) yard.want(each);
    yard.rest();
    yard.ends("base+a+b", "failed");
    expect(yard.state().queue.failedGroups).toEqual([["abcdef-a", "abcdef-b"]]);
    yard.want("a", { head: "a2" });
    yard.rest();
    expect(yard.state().queue.failedGroups).toEqual([]);
  });

  test("finds a bad step that needs a held one by verifying the held step first", () => {
    const yard = redBehindHeld();
    yard.set({ tip: "pushed" });
    yard.rest();
    endAll(yard, ["b"]);
    expect(yard.leaves).toEqual(["b: verification-failed"]);
    expect(yard.lands).toEqual([]);
  });
});

describe("moves", () => {
  test("finishes planning when a step needs a held step that conflicts with the base", () => {
    const yard = redBehindHeld();
    const { mergeChain } = yard.state();
    yard.set({
      tip: "pushed",
      mergeChain: (query) => mapKnown(mergeChain(query), (links) => links.map(() => ({ kind: "conflict", paths: ["a.txt"] }))),
    });
    yard.rest();
    expect(yard.leaves).toContain("a: conflict");
    expect(yard.lands).toEqual([]);
  });

  test("25 verifies again after each push to the base with all slots, ejects no step, and lands all once the pushes stop", () => {
    const yard = openYard();
    for (const each of ["a", "b", "c"]) yard.want(each);
    yard.rest();
    for (let count = 0; count < 5; count += 1) {
      yard.set({ tip: `push${count}` });
      yard.rest();
    }
    expect(yard.open()).toEqual(["push4+a/1", "push4+a+b/1", "push4+a+b+c/1"]);
    endAll(yard);
    expect(yard.lands.at(-1)).toBe("push4+a+b+c");
    expect(yard.leaves).toEqual([]);
  });

  test("27 does not land a candidate with an earlier head, and continues with the other steps", () => {
    const yard = openYard();
    for (const each of ["a", "b"]) yard.want(each);
    yard.rest();
    yard.want("b", { head: "b2" });
    yard.rest();
    expect(yard.stops().length + yard.open().length).toBeGreaterThan(0);
    expect(
      yard
        .state()
        .queue.candidates.flatMap(({ items }) => items)
        .every(({ head }) => head !== "b1"),
    ).toBe(true);
    yard.ends("base+a", "success");
    expect(yard.lands).toEqual(["base+a"]);
  });

  test("42 ignores a late red verdict on a landed step", () => {
    const yard = openYard();
    yard.want("a");
    yard.rest();
    yard.ends("base+a", "success");
    const { queue } = yard.state();
    yard.ends("base+a", "failed", 1);
    expect(yard.state().queue).toBe(queue);
    expect([yard.lands, yard.leaves]).toEqual([["base+a"], []]);
  });

  test("43 counts a verdict once that arrives three times", () => {
    const yard = openYard({ retries: 2 });
    yard.want("a");
    yard.rest();
    yard.ends("base+a", "failed", 1);
    const once = yard.state().queue;
    yard.ends("base+a", "failed", 1);
    yard.ends("base+a", "failed", 1);
    expect(yard.state().queue).toBe(once);
  });

  test("46 returns the same plan for the same state, so that of two writers one becomes stale", () => {
    const yard = openYard();
    for (const each of ["a", "b"]) yard.want(each);
    const state = yard.state();
    expect(planQueue(state)).toEqual(planQueue({ ...state, queue: structuredClone(state.queue) }));
    yard.rest();
    expect(planQueue(yard.state()).queue).toBe(yard.state().queue);
  });

  test("holds a step that conflicts with a step ahead, and hands a conflict with the base to resolution", () => {
    const yard = openYard({}, ["ab"]);
    for (const each of ["a", "b", "c"]) yard.want(each);
    yard.rest();
    expect(yard.leaves).toEqual([]);
    endAll(yard);
    expect(yard.lands.at(-1)?.split("+")).toContain("c");
    expect(yard.leaves.every((each) => each.endsWith("conflict"))).toBe(true);
    expect(yard.leaves).toHaveLength(1);
  });
});

test("a candidate whose tree was verified is published, so that another clone can land it later", () => {
  const known = { ...emptyQueue, landedTip: "base", seenTip: "base", verifiedTrees: ["tree of a"] };
  const yard = openYard({ reusesVerdicts: true, publishesKnownTrees: true, isReported: () => false, queue: known });
  yard.want("a");
  const { queue, refs, effects } = yard.once();
  expect(queue.candidates.map(({ commit }) => commit)).toEqual(["base+a"]);
  expect(effects).toEqual([]);
  expect(refs).toEqual([{ kind: "candidate", commit: "base+a" }]);
  yard.set({ queue });
  expect(yard.once().refs).toEqual([]);
});
