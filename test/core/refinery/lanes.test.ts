import { describe, expect, test } from "vitest";
import { emptyQueue } from "../../../src/core/domain/queue.ts";
import { findLane } from "../../../src/core/refinery/step-lane.ts";
import { openYard } from "./yard.ts";

type Yard = ReturnType<typeof openYard>;

/** Opens a yard whose base is known to be green. */
const openGreen = (over: Parameters<typeof openYard>[0] = {}): Yard =>
  openYard({ queue: { ...emptyQueue, greenCommits: ["base"] }, ...over });

const commits = (yard: Yard): string[] => yard.open().map((run) => run.slice(0, run.lastIndexOf("/")));

/** Adds steps by lane: `a1` is in the lane `a`; names without a digit are in no lane. */
const want = (yard: Yard, names: readonly string[], needs: Readonly<Record<string, readonly string[]>> = {}): void => {
  for (const name of names)
    yard.want(name, { ...(/\d/.test(name) && { lane: name.charAt(0) }), ...(needs[name] && { needs: needs[name] }) });
};

describe("steps in lanes", () => {
  test("are verified on top of their own lane", () => {
    const yard = openYard();
    want(yard, ["a1", "b1", "a2", "b2", "c"]);
    yard.rest();
    expect(commits(yard)).toEqual(["base+a1", "base+a1+a2", "base+b1", "base+b1+b2", "base+c"]);
  });

  test("of one lane are verified as if there were none", () => {
    const names = ["a1", "a2", "a3"];
    const [with_, without] = [openYard({ parallel: 2 }), openYard({ parallel: 2 })];
    want(with_, names);
    for (const name of names) without.want(name);
    with_.rest();
    without.rest();
    expect(with_.open()).toEqual(without.open());
  });

  test("are not held up by a bad step in another lane", () => {
    const yard = openGreen();
    want(yard, ["a1", "b1", "a2", "b2"]);
    yard.rest();
    yard.ends("base+a1", "failed");
    yard.ends("base+a1+a2", "failed");
    yard.ends("base+b1+b2", "success");
    expect(yard.lands).toEqual(["base+b1+b2"]);
  });

  test("are verified on top of what they need in another lane, and later steps of their lane beside it", () => {
    const yard = openYard();
    want(yard, ["a1", "b1", "b2"], { b1: ["a1"] });
    yard.rest();
    expect(commits(yard)).toEqual(["base+a1", "base+b2", "base+a1+b1"]);
  });
});

describe("free slots", () => {
  test("go to each lane once before a lane gets a second one", () => {
    const yard = openYard({ parallel: 3 });
    want(yard, ["a1", "a2", "a3", "a4", "b1", "c1"]);
    yard.rest();
    expect(commits(yard).map((commit) => commit.charAt(5))).toEqual(["a", "b", "c"]);
  });

  test("count runs of a lane that are in progress", () => {
    const yard = openYard({ parallel: 2 });
    want(yard, ["a1", "a2", "a3"]);
    yard.rest();
    expect(commits(yard)).toHaveLength(2);
    want(yard, ["b1"]);
    yard.set({ parallel: 3 });
    yard.rest();
    expect(commits(yard)).toContain("base+b1");
  });

  test("go to the lane with short runs once each lane has one", () => {
    const durations = [
      { kind: "slow", ms: 60_000 },
      { kind: "fast", ms: 1_000 },
    ];
    const yard = openYard({ parallel: 4, queue: { ...emptyQueue, durations } });
    for (const name of ["a1", "a2", "a3"]) yard.want(name, { lane: "a", kind: "slow" });
    for (const name of ["b1", "b2", "b3"]) yard.want(name, { lane: "b", kind: "fast" });
    yard.rest();
    expect(commits(yard).filter((commit) => commit.startsWith("base+b"))).toHaveLength(3);
  });

  test("that a lane cannot use go to the others", () => {
    const yard = openYard({ parallel: 1 });
    yard.want("n", { held: true });
    yard.rest();
    yard.ends("base+n", "success");
    want(yard, ["a1"], { a1: ["n"] });
    want(yard, ["b1"]);
    yard.rest();
    expect(commits(yard)).toEqual(["base+b1"]);
  });
});

describe("after a landing of another lane", () => {
  /** Opens steps of two lanes. `b` landed during the run of `a1`. */
  const openOvertaken = (): Yard => {
    const yard = openGreen();
    want(yard, ["a1", "a2", "b1", "b2", "c1"]);
    yard.rest();
    yard.ends("base+b1+b2", "success");
    expect(yard.lands).toEqual(["base+b1+b2"]);
    return yard;
  };

  test("a run on the earlier base is information: its steps share one run on the present base, and only that lands them", () => {
    const yard = openOvertaken();
    yard.ends("base+a1+a2", "success");
    yard.ends("base+c1", "success");
    expect(yard.lands).toEqual(["base+b1+b2"]);
    const shared = commits(yard).find((commit) => commit.startsWith("base+b1+b2+") && commit.includes("a2"));
    yard.ends(shared ?? "", "success");
    expect(yard.lands.at(-1)).toBe(shared);
  });

  test("steps that passed wait for no third run: nothing lands while they are verified again", () => {
    const yard = openYard({ parallel: 2 });
    want(yard, ["a1", "b1"]);
    yard.rest();
    yard.ends("base+b1", "success");
    yard.ends("base+b1+a1", "success");
    expect(yard.lands).toEqual(["base+b1", "base+b1+a1"]);
  });

  test("a new step of another lane does not overtake the run of steps that passed", () => {
    const yard = openGreen({ parallel: 4 });
    want(yard, ["a1", "b1"]);
    yard.rest();
    yard.ends("base+b1", "success");
    yard.ends("base+a1", "success");
    want(yard, ["d1"]);
    yard.rest();
    expect(commits(yard)).toEqual(["base+b1+a1", "base+b1+d1"]);
    yard.ends("base+b1+d1", "success");
    expect(yard.lands).toEqual(["base+b1"]);
    yard.ends("base+b1+a1", "success");
    expect(yard.lands).toEqual(["base+b1", "base+b1+a1"]);
  });
});

test("the failures of a lane count for its own steps more than for the steps of another", () => {
  const laneOutcomes = [
    { lane: "a", passed: 2, failed: 8 },
    { lane: "b", passed: 20, failed: 0 },
  ];
  const recentOutcomes = { passed: 22, failed: 8 };
  const yard = openYard({ parallel: 2, queue: { ...emptyQueue, laneOutcomes, recentOutcomes } });
  want(yard, ["a1", "a2", "a3", "b1", "b2", "b3"]);
  yard.rest();
  expect(commits(yard)).toEqual(["base+a1", "base+b1+b2+b3"]);
});

test("counts the outcomes of lanes", () => {
  const yard = openGreen({ retries: 0 });
  want(yard, ["a1", "b1", "c"]);
  yard.rest();
  yard.ends("base+a1", "failed");
  yard.ends("base+b1", "success");
  expect(yard.state().queue.laneOutcomes).toEqual([
    { lane: "a", passed: 0, failed: 1 },
    { lane: "b", passed: 1, failed: 0 },
  ]);
});

describe("the lane of a step", () => {
  const lanes = { api: ["api/**", "lib/api/*.ts"], docs: ["**/*.md", "docs/**"], "api-docs": ["api/docs/**"] };

  test.each([
    [["api/server.ts"], "api"],
    [["api/**"], "api"],
    [["api/**/*.ts", "lib/api/*.ts"], "api"],
    [["docs/**", "README.md"], "docs"],
    [["api/docs/**"], "api"],
  ])("%j: %s", (paths, lane) => expect(findLane(lanes, paths)).toBe(lane));

  test.each([[[]], [["**"]], [["api/**", "docs/**"]], [["lib/api/**"]], [["lib/**"]], [["web/app.ts"]]])(
    "%j: none, because it may change something else",
    (paths) => expect(findLane(lanes, paths)).toBeUndefined(),
  );
});
