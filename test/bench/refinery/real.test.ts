import { describe, expect, it } from "vitest";
import { compare, judge } from "../../../bench/refinery-real/compare.ts";
import { filesOf, openTruth, pushedFilesOf } from "../../../bench/refinery-real/truth.ts";
import type { Outcome } from "../../../bench/refinery/outcome.ts";
import { simulate } from "../../../bench/refinery/simulate.ts";
import { ours } from "../../../bench/refinery/ours.ts";
import { type Scene, trace } from "../../../bench/refinery/trace.ts";
import { atOnce, history } from "./history.ts";

const ROOT = new URL("../../..", import.meta.url).pathname;
const flat: Scene = { shape: "flat", start: "ready", steps: 8, work: 0, bad: 0.12, flakes: 0.08, textual: 0, semantic: 0, slots: 4 };

describe.concurrent("the real coordinator, in virtual time", () => {
  const agree = async (scene: Scene, seed: number): Promise<void> => {
    const { faults, pairs, real } = await compare(scene, [seed], { root: ROOT, atOnce: 1 });
    expect(faults).toEqual([]);
    expect(pairs.map((pair) => pair.real.falseEjections)).toEqual([0]);
    expect(real.makespan).toBeGreaterThan(1);
  };

  it("takes as long as the simulation on a flat trace with a bad step and a flake", async () => {
    // The trace of this seed contains a bad step and a flake, and the flake costs a run.
    const seed = 58;
    expect(trace(flat, seed).bad.filter(Boolean)).toHaveLength(1);
    const runs = (flakes: number): number => simulate(trace({ ...flat, flakes }, seed), ours(1)).runs;
    expect(runs(flat.flakes)).not.toBe(runs(0));
    await agree(flat, seed);
  });

  it("takes as long as the simulation on a layered trace, whose steps start on the heads of others", async () => {
    const layered: Scene = { ...flat, shape: "layered", steps: 5, work: 2, flakes: 0 };
    expect(trace(layered, 27).bad).toContain(true);
    await agree(layered, 27);
  });

  it("takes as long as the simulation on a trace with pushes by a person and a bad step among those that change one file", async () => {
    const people: Scene = { ...flat, steps: 5, work: 1, flakes: 0, semantic: 0.1, hot: 0.6, pushEvery: 2, suspectsResolutions: true };
    const { faults, pairs } = await compare(people, [68], { root: ROOT, atOnce: 1 });
    expect(faults).toEqual([]);
    expect(pairs.map(({ real, simulated }) => [real.resolutions, simulated.resolutions])).toEqual([[3, 3]]);
  });
});

describe("the comparison", () => {
  const outcome = (over: Partial<Outcome> = {}): Outcome => ({
    makespan: 10,
    turnaround: 2,
    runs: 1,
    resolutions: 0,
    merges: 0,
    falseEjections: 0,
    redLandings: 0,
    stuck: null,
    ...over,
  });
  const faults = (over: Partial<Outcome>): readonly string[] =>
    judge(flat, [{ seed: 7, simulated: outcome(), real: outcome(over) }]).faults;

  it("allows 5 %, and fails for larger differences, stuck steps and red landings", () => {
    expect(faults({ makespan: 10.49, turnaround: 1.91, runs: 2 })).toEqual([]);
    expect(faults({ makespan: 10.6 })).toEqual(["makespan differs by +6.0 %"]);
    expect(faults({ turnaround: 1.8 })).toEqual(["turnaround differs by -10.0 %"]);
    expect(faults({ makespan: NaN })).toHaveLength(1);
    expect(faults({ stuck: "3 of 8 landed" })).toEqual(["seed 7: 3 of 8 landed"]);
    expect(faults({ redLandings: 2 })).toEqual(["seed 7: 2 red landings"]);
  });

  it("reads from files what a push made red, and which steps are red together", () => {
    const traced = history({ ready: atOnce(3), semantic: [[0, 1]], textual: [[0, 1]], hot: [0, 1] });
    const head = (step: number, knows: readonly number[] = []): Record<string, string> =>
      filesOf(traced, step, { version: 0, bad: false, knows });
    const verdictOf = (...parts: readonly Record<string, string>[]): string =>
      openTruth(traced).verdict(new Map(parts.flatMap((files) => Object.entries(files))));
    expect(Object.keys(head(0))).toEqual(["steps/0", "hot"]);
    expect(verdictOf(head(0), head(2))).toBe("green");
    expect(verdictOf(head(0), head(1))).toBe("red");
    expect(verdictOf(head(0), head(1, [0]))).toBe("green");
    expect(verdictOf(head(0), pushedFilesOf(new Map(Object.entries(head(0))), true))).toBe("red");
    expect(verdictOf(head(0), pushedFilesOf(new Map(Object.entries(head(0))), false))).toBe("green");
  });

  it("reads verdicts from files: the same content gives the same verdicts in the same order", () => {
    const traced = history({ ready: atOnce(3), bad: [1], flakes: 0.5, textual: [[0, 2]] });
    const files = (...steps: readonly (readonly [number, number])[]): Map<string, string> =>
      new Map(
        steps.flatMap(([step, version]) => Object.entries(filesOf(traced, step, { version, bad: step === 1 && version === 0, knows: [] }))),
      );
    expect([...files([0, 1])]).toEqual([
      ["steps/0", "1 good \n"],
      ["pairs/0-2", "0 1\n"],
    ]);
    const verdicts = (...of: readonly ReadonlyMap<string, string>[]): string[] => of.map(openTruth(traced).verdict);
    expect(new Set(verdicts(...Array.from({ length: 20 }, () => files([0, 0], [1, 0]))))).toEqual(new Set(["red"]));
    const flaky = Array.from({ length: 20 }, () => files([0, 0], [1, 1]));
    expect(new Set(verdicts(...flaky))).toEqual(new Set(["red", "green"]));
    expect(verdicts(...flaky.map(() => files([1, 1], [0, 0])))).toEqual(verdicts(...flaky));
    expect(verdicts(...flaky.map(() => files([0, 0])))).not.toEqual(verdicts(...flaky));
  });
});
