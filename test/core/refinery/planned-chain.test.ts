import { describe, expect, test } from "vitest";
import { emptyQueue, type Queue } from "../../../src/core/domain/queue.ts";
import { openYard } from "./yard.ts";

const STEPS = ["a", "b", "c", "d"];
/** A base on which many steps fail. */
const FAILING: Queue = {
  ...emptyQueue,
  landedTip: "base",
  seenTip: "base",
  greenCommits: ["base"],
  recentOutcomes: { passed: 8, failed: 8 },
};
const USUAL: Queue = { ...FAILING, recentOutcomes: { passed: 7, failed: 3 } };

type Yard = ReturnType<typeof openYard>;

const commitsOf = (yard: Yard): string[] => yard.open().map((each) => each.slice(0, each.indexOf("/")));

/** Ends all runs at the same moment: those of the red commits are red. */
const endTogether = (yard: Yard, red: readonly string[]): void => {
  const { queue } = yard.state();
  const candidates = queue.candidates.map((each) => ({
    ...each,
    runs: each.runs.map((run) => ({ ...run, deadline: null, verdict: red.includes(each.commit) ? ("red" as const) : ("green" as const) })),
  }));
  yard.set({ queue: { ...queue, candidates } });
  yard.rest();
};

describe("the length of a chain", () => {
  test("a chain is extended while it is more likely green than red", () => {
    const yard = openYard({ parallel: 4, queue: USUAL });
    for (const each of STEPS) yard.want(each);
    yard.rest();
    expect(commitsOf(yard)).toEqual(["base+a", "base+a+b", "base+c", "base+c+d"]);
  });

  test("decisions of earlier versions extend it further", () => {
    const yard = openYard({ parallel: 4, queue: USUAL, buildsShortChains: false });
    for (const each of STEPS) yard.want(each);
    yard.rest();
    expect(commitsOf(yard)).toEqual(["base+a", "base+a+b", "base+a+b+c", "base+a+b+c+d"]);
  });
});

describe("the start of a chain", () => {
  const afterGreenRuns = (): { readonly yard: Yard; readonly merged: string[] } => {
    const yard = openYard({ parallel: 3, queue: FAILING });
    for (const each of [...STEPS, "e"]) yard.want(each);
    yard.rest();
    expect(commitsOf(yard)).toEqual(["base+a", "base+b", "base+c"]);
    const merged: string[] = [];
    const { mergeChain } = yard.state();
    yard.set({
      mergeChain: (query) => {
        merged.push(...query.merges.map(({ message }) => message));
        return mergeChain(query);
      },
    });
    endTogether(yard, []);
    expect(yard.lands).toEqual(["base+a"]);
    return { yard, merged };
  };

  test("steps that passed come first, and each chain of later ones is on top of them, so that all can land together", () => {
    const { yard } = afterGreenRuns();
    expect(commitsOf(yard)).toEqual(["base+a+b+c", "base+a+b+c+d", "base+a+b+c+e"]);
    endTogether(yard, ["base+a+b+c+d"]);
    expect(yard.lands.at(-1)).toBe("base+a+b+c+e");
  });

  test("git merges steps that passed once for a plan, whatever the number of chains on top of them", () => {
    expect(afterGreenRuns().merged.filter((each) => each === "b")).toHaveLength(1);
  });
});
