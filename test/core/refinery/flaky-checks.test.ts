import { describe, expect, test } from "vitest";
import { type CheckFailure, type Flakiness, listFlakyChecks } from "../../../src/core/domain/flaky-check.ts";
import { listKnownFlakes, mayRepeatCommand, recordFlakes, type VerifiedTree } from "../../../src/core/refinery/flaky-checks.ts";

const DAY = 24 * 60 * 60_000;
const red = (tests?: readonly string[], command = "npm test"): CheckFailure => ({ command, passedAgain: false, ...(tests && { tests }) });
const repeated = (tests?: readonly string[]): CheckFailure => ({ ...red(tests), passedAgain: true });

/** Records verify runs at intervals of a minute. */
const history = (...runs: readonly Partial<VerifiedTree>[]): Flakiness | undefined => {
  let known: Flakiness | undefined;
  for (const [minute, run] of runs.entries())
    known = recordFlakes(known, { tree: "t1", isGreen: true, failures: [], now: minute * 60_000, ...run });
  return known;
};
const RED = (tests?: readonly string[], tree = "t1"): Partial<VerifiedTree> => ({ tree, isGreen: false, failures: [red(tests)] });
const GREEN = (tree = "t1"): Partial<VerifiedTree> => ({ tree });

describe("a flake", () => {
  test("is a red run and a green run of the same tree", () => {
    const known = history(RED(["mail > sent"]), GREEN());
    expect(known?.checks).toEqual([
      { command: "npm test", flakes: 1, lastAt: 60_000, runs: 2, tests: [{ name: "mail > sent", flakes: 1, lastAt: 60_000 }] },
    ]);
    expect(known?.redTrees).toEqual([]);
  });

  test("is no red run of a tree that stays red, nor one after which another tree is green", () => {
    expect(history(RED(), RED())?.checks).toEqual([]);
    expect(history(RED(["a"]), GREEN("t2"))?.checks).toEqual([]);
  });

  test("is a command that passed when its run repeated it", () => {
    const known = history({ failures: [repeated(["a", "b"])] });
    expect(known?.checks).toMatchObject([{ flakes: 1, runs: 1, tests: [{ name: "a" }, { name: "b" }] }]);
  });

  test("counts for each red run of the tree", () => {
    expect(history(RED(["a"]), RED(["b"]), GREEN())?.checks).toMatchObject([{ flakes: 2, tests: [{ name: "a" }, { name: "b" }] }]);
  });

  test("is set against all runs since the first one", () => {
    const [check] = history(RED(), GREEN(), GREEN("t2"), GREEN("t3"), RED(["a"], "t4"))?.checks ?? [];
    expect(check).toMatchObject({ flakes: 1, runs: 5 });
  });

  test("is forgotten after 30 days, with its tests", () => {
    const known = history(RED(["old"]), GREEN(), { ...RED(["new"], "t2"), now: 20 * DAY }, { ...GREEN("t2"), now: 20 * DAY });
    expect(listFlakyChecks(known?.checks ?? [], 31 * DAY)).toMatchObject([{ tests: [{ name: "new" }] }]);
    expect(listFlakyChecks(known?.checks ?? [], 51 * DAY)).toEqual([]);
    expect(recordFlakes(known, { tree: "t3", isGreen: true, failures: [], now: 51 * DAY })).toBeUndefined();
  });

  test("leaves a ledger of bounded size, whatever jobs report", () => {
    const runs = Array.from({ length: 300 }, (_, at) => [
      { tree: `t${at}`, isGreen: false, failures: [red([`a${at}`, "__proto__"]), red([], `command ${at}`)] },
      at % 2 === 0 ? GREEN(`t${at}`) : GREEN("other"),
    ]).flat();
    const known = history(...runs);
    expect(known?.checks.length).toBe(20);
    expect(known?.redTrees.length).toBe(50);
    expect(Math.max(...(known?.checks ?? []).map(({ tests }) => tests.length))).toBe(100);
  });

  test("does not concern a base without red runs", () => {
    expect(history(GREEN(), GREEN("t2"))).toBeUndefined();
  });
});

describe("a red command runs once more", () => {
  const known = (...runs: readonly Partial<VerifiedTree>[]) => listKnownFlakes(history(...runs));

  test("if all failed tests flaked before", () => {
    const flakes = known(RED(["a", "b"]), GREEN());
    expect(mayRepeatCommand(flakes, "npm test", ["a"])).toBe(true);
    expect(mayRepeatCommand(flakes, "npm test", ["a", "b"])).toBe(true);
  });

  test("not if one failed test never flaked, such as a new one", () => {
    const flakes = known(RED(["a"]), GREEN(), RED(["a"], "t2"), GREEN("t2"));
    expect(mayRepeatCommand(flakes, "npm test", ["a", "new"])).toBe(false);
    expect(mayRepeatCommand(flakes, "npm test", ["new"])).toBe(false);
  });

  test("not if its report names no failed test: something else failed", () => {
    expect(mayRepeatCommand(known(RED(["a"]), GREEN()), "npm test", [])).toBe(false);
  });

  test("without a report only if it flaked at least twice", () => {
    expect(mayRepeatCommand(known(RED(), GREEN()), "npm test", undefined)).toBe(false);
    expect(mayRepeatCommand(known(RED(), GREEN(), RED(undefined, "t2"), GREEN("t2")), "npm test", undefined)).toBe(true);
  });

  test("not because another command flaked", () => {
    expect(mayRepeatCommand(known(RED(["a"]), GREEN()), "npm run e2e", ["a"])).toBe(false);
  });
});
