import { describe, expect, test } from "vitest";
import { planQueue } from "../../../src/core/refinery/plan-queue.ts";
import { openYard } from "./yard.ts";

type Yard = ReturnType<typeof openYard>;

/** Ends every run that is under way, and all that follow: red where one of these is in it. */
const endAll = (yard: Yard, bad: readonly string[] = []): void => {
  for (let count = 0; count < 60; count += 1) {
    const [run] = yard.open();
    if (run === undefined) return;
    const commit = run.slice(0, run.lastIndexOf("/"));
    yard.ends(commit, commit.split("+").some((each) => bad.includes(each)) ? "failed" : "success");
  }
  throw new Error(`it does not end: ${yard.open().join(" ")}`);
};

/** A step that was red behind the one that it needs, which is green and held. */
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
  test("1 three independent steps: the tip is green, and one push lands all three in the order in which they came", () => {
    const yard = openYard();
    for (const each of ["a", "b", "c"]) yard.want(each);
    yard.rest();
    expect(yard.open()).toContain("base+a+b+c/1");
    yard.ends("base+a+b+c", "success");
    expect(yard.lands).toEqual(["base+a+b+c"]);
    expect([yard.open(), yard.state().queue.items]).toEqual([[], []]);
  });

  test("2 a chain: the candidate of the last is green first, and all land together, the last never alone", () => {
    const yard = openYard();
    yard.want("a");
    yard.want("b", { needs: ["a"] });
    yard.want("c", { needs: ["b"] });
    yard.rest();
    expect(yard.open().every((run) => run.startsWith("base+a"))).toBe(true);
    yard.ends("base+a+b+c", "success");
    expect(yard.lands).toEqual(["base+a+b+c"]);
  });

  test("3 a diamond with a bad side: the others land, it is ejected, and what needs it does not land", () => {
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

  test("4 a child on its parent's head lands on what its parent's landing made, and is verified there without a new start", () => {
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

  test("what needed only what lands in this plan is verified in this plan, before what came later", () => {
    const yard = openYard({ parallel: 1 });
    yard.want("a");
    yard.rest();
    yard.want("b", { needs: ["a"] });
    yard.want("c");
    yard.rest();
    yard.ends("base+a", "success");
    expect(yard.open()).toEqual(["base+a+b+c/1"]);
  });

  test("where one lands at a time, each gets a run of its own, and all land", () => {
    const yard = openYard({ landsTogether: false, parallel: 1 });
    for (const each of ["a", "b", "c"]) yard.want(each);
    yard.rest();
    endAll(yard);
    expect(yard.lands).toEqual(["base+a", "base+a+b", "base+a+b+c"]);
  });

  test("where one lands at a time, what was green on an earlier base lands after a push to it", () => {
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
  test("17 verification that ends without a verdict again and again pauses, and nobody is ejected", () => {
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

  test("19 a good step that was red once lands, and the others do not wait for its second run", () => {
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

  test("23 a base that is red itself pauses everything, and nobody is ejected; a push to it goes on", () => {
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

  test("a red candidate that waits for a verdict below it is not run again and again meanwhile", () => {
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

  test("what needs an accused step goes on behind its second run on idle slots, and gives way to what may land", () => {
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

  test("steps that need each other are grouped only where a group is rarely red, once there is more than one slot", () => {
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

  test("what a red group was is forgotten with the head of one in it", () => {
    const yard = openYard({ parallel: 1 });
    for (const each of ["a", "b"]) yard.want(each);
    yard.rest();
    yard.ends("base+a+b", "failed");
    expect(yard.state().queue.failedGroups).toEqual([["abcdef-a", "abcdef-b"]]);
    yard.want("a", { head: "a2" });
    yard.rest();
    expect(yard.state().queue.failedGroups).toEqual([]);
  });

  test("a bad step that needs a held one is found out: what is held below it is verified first", () => {
    const yard = redBehindHeld();
    yard.set({ tip: "pushed" });
    yard.rest();
    endAll(yard, ["b"]);
    expect(yard.leaves).toEqual(["b: verification-failed"]);
    expect(yard.lands).toEqual([]);
  });
});

describe("moves", () => {
  test("a step that needs a held one which conflicts with the base is no end of work", () => {
    const yard = redBehindHeld();
    const { mergeChain } = yard.state();
    yard.set({ tip: "pushed", mergeChain: (query) => mergeChain(query)?.map(() => ({ kind: "conflict", paths: ["a.txt"] })) });
    yard.rest();
    expect(yard.leaves).toContain("a: conflict");
    expect(yard.lands).toEqual([]);
  });

  test("25 pushes to the base during verification: fewer are verified at once, nobody is ejected, all land once they stop", () => {
    const yard = openYard();
    for (const each of ["a", "b", "c"]) yard.want(each);
    yard.rest();
    for (let count = 0; count < 5; count += 1) {
      yard.set({ tip: `push${count}` });
      yard.rest();
    }
    expect(yard.state().queue.window).toBe(1);
    expect(yard.open()).toHaveLength(1);
    endAll(yard);
    expect(yard.lands.at(-1)).toBe("push4+a+b+c");
    expect(yard.leaves).toEqual([]);
  });

  test("27 a step gets a new head while it is in a candidate: that cannot land, and the others go on", () => {
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

  test("42 a late red verdict of what landed changes nothing", () => {
    const yard = openYard();
    yard.want("a");
    yard.rest();
    yard.ends("base+a", "success");
    const { queue } = yard.state();
    yard.ends("base+a", "failed", 1);
    expect(yard.state().queue).toBe(queue);
    expect([yard.lands, yard.leaves]).toEqual([["base+a"], []]);
  });

  test("43 a verdict that comes three times counts once", () => {
    const yard = openYard({ retries: 2 });
    yard.want("a");
    yard.rest();
    yard.ends("base+a", "failed", 1);
    const once = yard.state().queue;
    yard.ends("base+a", "failed", 1);
    yard.ends("base+a", "failed", 1);
    expect(yard.state().queue).toBe(once);
  });

  test("46 two that plan from the same state want the same, so that the save of one makes the other's stale and nothing else", () => {
    const yard = openYard();
    for (const each of ["a", "b"]) yard.want(each);
    const state = yard.state();
    expect(planQueue(state)).toEqual(planQueue({ ...state, queue: structuredClone(state.queue) }));
    yard.rest();
    expect(planQueue(yard.state()).queue).toBe(yard.state().queue);
  });

  test("a conflict with what is ahead waits, and with the base leaves the queue", () => {
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
