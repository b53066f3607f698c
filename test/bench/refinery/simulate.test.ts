import { fc } from "../../support/fast-check.ts";
import { describe, expect, it } from "vitest";
import { runCell } from "../../../bench/refinery/cell.ts";
import { type Cell } from "../../../bench/refinery/cell.ts";
import { commitGraph, type Head, path } from "../../../bench/refinery/commits.ts";
import { gates } from "../../../bench/refinery/gates.ts";
import { grid, nameOf, quickGrid } from "../../../bench/refinery/grid.ts";
import { ours } from "../../../bench/refinery/ours.ts";
import { plot } from "../../../bench/refinery/plot.ts";
import type { Policy } from "../../../bench/refinery/policy.ts";
import { serial } from "../../../bench/refinery/serial.ts";
import { simulate } from "../../../bench/refinery/simulate.ts";
import { interval, median, percentile, tail } from "../../../bench/refinery/statistics.ts";
import { noSteps, withStep } from "../../../bench/refinery/steps.ts";
import { type Scene, trace } from "../../../bench/refinery/trace.ts";
import { zuul } from "../../../bench/refinery/zuul.ts";
import { atOnce, history, only, tell } from "./history.ts";

const hard: Scene = {
  shape: "random",
  start: "ready",
  steps: 20,
  work: 1,
  bad: 0.3,
  flakes: 0.05,
  textual: 0.05,
  semantic: 0.02,
  slots: 4,
};

describe("a simulated history", () => {
  it("is the same for the same seed and differs for another", () => {
    const run = (seed: number): unknown => tell(trace(hard, seed), zuul(1));
    expect(run(3)).toEqual(run(3));
    expect(run(3)).not.toEqual(run(4));
  });

  it("counts landings that were not green or not good", () => {
    const rash: Policy = {
      decide: ({ queue: [head], tip, merge }) => ({ land: head ? merge(tip, head) : null, eject: [], want: [] }),
    };
    expect(simulate(history({ ready: atOnce(3), bad: [1] }), rash).redLandings).toBe(3);
  });

  it("takes as long for a run as its slowest step that has not landed", () => {
    const check = (kind: string, usual: number) => ({ kind, usual, time: usual });
    const checks = [check("fast", 0.5), check("slow", 5), check("fast", 0.5)];
    const { lines } = tell({ ...history({ ready: atOnce(3), slots: 1 }), checks }, serial(0));
    expect(only(lines, "green")).toEqual(["0.50 green A", "5.51 green AB", "6.02 green ABC"]);
  });

  it("lets short runs go first where their length is known, and by how much tails matter is the same for everyone", () => {
    const tails: Scene = { ...hard, shape: "flat", steps: 30, work: 0, textual: 0, semantic: 0, tails: "bimodal" };
    const times = (trace(tails, 3).checks ?? []).map(({ time }) => time);
    expect(Math.max(...times)).toBeGreaterThan(4);
    expect(Math.min(...times)).toBeLessThan(0.6);
    expect(runCell(tails, 3).shortFirst).toBeLessThan(0.75);
    expect(runCell({ ...hard, steps: 6 }, 1).shortFirst).toBeUndefined();
  });

  it("refuses to land a step before its needs", () => {
    const blind: Policy = {
      decide: ({ queue, tip, merge }) => {
        const head = queue.at(-1);
        return { land: head ? merge(tip, head) : null, eject: [], want: [] };
      },
    };
    expect(() => simulate(history({ ready: atOnce(2), needs: { 1: [0] } }), blind)).toThrow("landed before what it needs");
  });

  it("ends", () => {
    const idle: Policy = { decide: () => ({ land: null, eject: [], want: [] }) };
    expect(simulate(history({ ready: atOnce(2) }), idle).stuck).toBe("0 of 2 landed at 0.00");
    const stubborn: Policy = {
      decide: ({ queue: [head], tip, merge }) => ({ land: null, eject: [], want: [(head && merge(tip, head)) ?? tip] }),
    };
    expect(simulate(history({ ready: atOnce(1), bad: [0] }), stubborn).stuck).toBe("0 of 1 landed at 100.00");
    const broken: Policy = {
      decide: () => {
        throw new Error("a bug");
      },
    };
    expect(simulate(history({ ready: atOnce(1) }), broken).stuck).toBe("Error: a bug");
  });

  it("charges a cancelled run for its time", () => {
    const fickle: Policy = {
      decide: (view) => {
        const decision = serial(0).decide(view);
        // The second step arrives during the run of the first and takes its slot.
        const other = view.now === 0.25 && view.queue[1] ? view.merge(view.tip, view.queue[1]) : null;
        return other ? { ...decision, want: [other] } : decision;
      },
    };
    const { lines, outcome } = tell(history({ ready: [0, 0.25] }), fickle);
    expect(only(lines, "run", "cancel")).toEqual(["0.00 run A", "0.25 cancel A", "0.25 run B", "1.25 run A", "2.26 run AB"]);
    expect(outcome.runs).toBeCloseTo((0.25 + 3) / 2);
  });

  it("uses no more slots than exist", () => {
    for (const seed of [1, 2, 3]) {
      let running = 0;
      for (const line of tell(trace(hard, seed), zuul(0, 20)).lines) {
        const kind = line.split(" ")[1] ?? "";
        running += kind === "run" ? 1 : ["green", "red", "cancel"].includes(kind) ? -1 : 0;
        expect(running).toBeLessThanOrEqual(hard.slots);
      }
    }
  });

  it("lets runs without a runner wait for one, first come, first served", () => {
    const scene = { ...hard, steps: 4, bad: 0, flakes: 0, textual: 0, semantic: 0, shape: "flat", work: 0, slots: 4 } as const;
    const makespan = (runners?: number): number =>
      simulate(trace({ ...scene, ...(runners !== undefined && { runners }) }, 1), zuul(0, 4)).makespan;
    expect([makespan(), makespan(4), makespan(2), makespan(1)].map((time) => Math.floor(time))).toEqual([1, 1, 2, 4]);
  });

  it("never lets the product's plan land red work", () => {
    fc.assert(
      fc.property(fc.constantFrom("flat", "layered", "chain", "random"), fc.constantFrom(0, 1), fc.nat(1_000), (shape, retries, seed) => {
        expect(simulate(trace({ ...hard, shape }, seed), ours(retries)).redLandings).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});

describe("the commit graph", () => {
  const none = noSteps(3);
  const head = (step: number, more: Partial<Head> = {}): Head => ({
    id: step,
    step,
    version: 0,
    bad: false,
    textual: none,
    semantic: none,
    ...more,
  });
  const { root, merge, find } = commitGraph({ steps: 3, textual: [[1], [0], []], semantic: [[2], [], [0]], hot: [] });
  const [a, b, c] = [head(0), head(1), head(2)];

  it("gives the same commit for the same merges", () => {
    const once = merge(root, a);
    expect(once).toBe(merge(root, a));
    expect(once && find(once.sha)).toBe(once);
    expect(once?.sha).toMatch(/^[0-9a-f]{40}$/);
    const both = once && merge(once, c);
    expect(both && path(root, both)).toEqual([once, both]);
    expect(both && once && path(both, once)).toBe(null);
  });

  it("finds conflicts and joint failures, unless one step was made after the other", () => {
    const one = merge(root, a);
    if (!one) throw new Error("It merges.");
    expect(merge(one, b)).toBe(null);
    expect(merge(one, head(1, { id: 9, textual: withStep(none, 0) }))).toMatchObject({ red: false });
    expect([merge(one, c)?.red, merge(root, c)?.red]).toEqual([true, false]);
    expect(merge(one, head(2, { id: 8, semantic: withStep(none, 0) }))?.red).toBe(false);
  });

  it("names equal content equally, regardless of the order", () => {
    const [ac, ca] = [merge(merge(root, a) ?? root, c), merge(merge(root, c) ?? root, a)];
    expect(ac?.content).toBe(ca?.content);
    expect(ac).not.toBe(ca);
  });
});

describe("the grid", () => {
  const all = grid();
  it("covers each pair of values of two axes", () => {
    expect(new Set(all.map(({ shape }) => shape)).size).toBe(4);
    expect([Math.min(...all.map(({ steps }) => steps)), Math.max(...all.map(({ steps }) => steps))]).toEqual([8, 200]);
    expect([Math.min(...all.map(({ slots }) => slots)), Math.max(...all.map(({ slots }) => slots))]).toEqual([1, 16]);
    const axes = ["shape", "steps", "bad", "flakes", "textual", "slots"] as const;
    const short = all.filter(
      ({ steps, hot, pushEvery, outage, redBase, runners, urgent, tails, lanes }) =>
        steps < 100 && [hot, pushEvery, outage, redBase, runners, urgent, tails, lanes].every((value) => value === undefined),
    );
    for (const a of axes)
      for (const b of axes) {
        const values = (axis: (typeof axes)[number]): number => new Set(short.map((scene) => scene[axis])).size;
        expect(new Set(short.map((scene) => `${scene[a]} ${scene[b]}`)).size).toBe(a === b ? values(a) : values(a) * values(b));
      }
  });

  it("names each cell once", () => {
    expect(new Set(all.map((scene) => nameOf(scene))).size).toBe(all.length);
    expect(quickGrid().length).toBeGreaterThan(10);
  });
});

describe("statistics", () => {
  it("gives the interval of Student's t", () => {
    // The numbers 1 to 10 have mean 5.5, standard deviation 3.02765 and t(9) 2.262157.
    const { mean, low, high } = interval([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect([mean, low, high]).toEqual([5.5, expect.closeTo(5.5 - 2.16585, 2), expect.closeTo(5.5 + 2.16585, 2)]);
    expect([percentile([4, 1, 3, 2], 0.5), percentile([4, 1, 3, 2], 0.95), percentile([7], 0.95)]).toEqual([2, 4, 7]);
    expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5]);
    expect([tail(0, 2), tail(1, 2), tail(3, 2)]).toEqual([1, expect.closeTo(0.8647, 4), expect.closeTo(0.3233, 4)]);
  });
});

describe("the gates", () => {
  const cell = runCell({ ...hard, steps: 6 }, 4);
  const fine: Cell = {
    ...cell,
    stuck: [],
    rows: {
      ...cell.rows,
      ours: { ...cell.rows.ours, redLandings: 0 },
      "ours+1r": { ...cell.rows["ours+1r"], redLandings: 0, falseEjections: 0 },
    },
    ratios: [1.2, 1.35, 1.3, 2],
    retried: { ratios: [1, 1.3, 1.2, 2], oracle: cell.retried.oracle },
    against: { "0r": { mean: 0, low: 0, high: 0 }, "1r": { mean: 0.1, low: -0.1, high: 0.3 } },
  };
  /** Lists the numbers of the gates that do not hold. */
  const failing = (cells: readonly Cell[]): number[] => gates(cells).flatMap(({ holds }, at) => (holds ? [] : [at]));
  const withOurs = (row: Partial<Cell["rows"]["ours"]>): Cell => ({
    ...fine,
    rows: { ...fine.rows, "ours+1r": { ...fine.rows["ours+1r"], ...row } },
  });

  it("hold within the limits, and each fails alone beyond them", () => {
    expect(failing([fine])).toEqual([]);
    const above = { mean: 0.2, low: 0.01, high: 0.3 };
    expect(failing([fine, { ...fine, against: { ...fine.against, "1r": above } }])).toEqual([0]);
    expect(failing([fine, { ...fine, against: { ...fine.against, "0r": above } }])).toEqual([1]);
    expect(failing([{ ...fine, ratios: [1.4, 1.36, 1] }])).toEqual([2]);
    expect(failing([withOurs({ redLandings: 1 })])).toEqual([7]);
    expect(failing([{ ...fine, stuck: ["ours, seed 1"] }])).toEqual([11]);
    const zuul = cell.rows["zuul+1r"].makespan;
    const inOneFile = (row: Partial<Cell["rows"]["ours"]>): Cell => ({ ...withOurs(row), scene: { ...fine.scene, hot: 0.3 } });
    expect(failing([fine, inOneFile({ resolutions: 30, makespan: 0.5 * zuul })])).toEqual([]);
    expect(failing([fine, inOneFile({ resolutions: 31, makespan: 0.5 * zuul })])).toEqual([4]);
    expect(failing([fine, inOneFile({ resolutions: 30, makespan: 0.7 * zuul })])).toEqual([5]);
    expect(failing([fine, inOneFile({ resolutions: 30, makespan: 0.5 * zuul, merges: 12.1 })])).toEqual([6]);
    const pushed = withOurs({ turnaround: 6 });
    const slow = { ...pushed, scene: { ...pushed.scene, slots: 16, pushEvery: 2 } };
    expect(failing([fine, slow])).toEqual([3]);
    const out = withOurs({ falseEjections: 3 });
    const worse = {
      ...out,
      scene: { ...out.scene, outage: 3 },
      rows: { ...out.rows, "zuul+1r": { ...out.rows["zuul+1r"], falseEjections: 2 } },
    };
    expect(failing([fine, worse])).toEqual([9]);
    expect(failing([withOurs({ falseEjections: 3 })])).toEqual([8]);
    const whileRed = (turnaround: number): Cell => {
      const rows = { ...fine.rows, ours: { ...fine.rows.ours, turnaround }, zuul: { ...fine.rows.zuul, turnaround: 10 } };
      return { ...fine, scene: { ...fine.scene, redBase: 3 }, rows };
    };
    expect(failing([whileRed(10)])).toEqual([]);
    expect(failing([whileRed(10.1)])).toEqual([10]);
    const onTwo = (slots: number, makespan: number): Cell => ({ ...withOurs({ makespan }), scene: { ...fine.scene, slots, runners: 2 } });
    expect(failing([onTwo(16, 10.5), onTwo(2, 10)])).toEqual([]);
    expect(failing([onTwo(16, 10.6), onTwo(2, 10)])).toEqual([12]);
    const laned = (calm: number, makespan: number): Cell => ({ ...fine, lanes: { calm, turnaround: 1, makespan, runs: 1 } });
    expect(failing([laned(0.85, 1.05)])).toEqual([]);
    expect(failing([laned(0.86, 1)])).toEqual([15]);
    expect(failing([laned(0.5, 1.06)])).toEqual([15]);
    const ranked = (urgent: number, others: number): Cell => ({ ...fine, priorities: { urgent, others, unranked: 10 } });
    expect(failing([ranked(2.3, 10)])).toEqual([]);
    expect(failing([ranked(2.4, 10)])).toEqual([13]);
    expect(failing([ranked(2.3, 11)])).toEqual([13]);
    expect(failing([{ ...fine, shortFirst: 0.75 }])).toEqual([]);
    expect(failing([fine, { ...fine, shortFirst: 0.76 }])).toEqual([14]);
    const suspected = (row: Partial<Cell["rows"]["ours"]>): Cell => {
      const each = inOneFile(row);
      return { ...each, scene: { ...each.scene, suspectsResolutions: true } };
    };
    expect(failing([fine, suspected({ resolutions: 45, makespan: 0.79 * zuul })])).toEqual([]);
    expect(failing([fine, suspected({ resolutions: 46, makespan: 0.79 * zuul })])).toEqual([18]);
    expect(failing([fine, suspected({ resolutions: 45, makespan: 0.81 * zuul })])).toEqual([18]);
    const zuulIsFar = { ...fine.rows, "zuul+1r": { ...fine.rows["zuul+1r"], overOracle: 1.06 } };
    const hardCell = (ratio: number): Cell => ({ ...fine, rows: zuulIsFar, retried: { ...fine.retried, ratios: [ratio] } });
    expect(failing([hardCell(1.3)])).toEqual([]);
    expect(failing([hardCell(1.31)])).toEqual([16]);
    const easyRows = { ...fine.rows, "zuul+1r": { ...fine.rows["zuul+1r"], overOracle: 1.05 } };
    expect(failing([{ ...hardCell(1.31), rows: easyRows }])).toEqual([]);
    const flat = (makespan: number): Cell => {
      const slow = withOurs({ makespan });
      return { ...slow, scene: { ...fine.scene, shape: "flat" }, retried: { ...fine.retried, oracle: 100 } };
    };
    expect(failing([flat(170)])).toEqual([]);
    expect(failing([flat(171)])).toEqual([17]);
  });

  it("allow no false ejection without flakes", () => {
    const still = { ...withOurs({ falseEjections: 1 }), scene: { ...fine.scene, flakes: 0 } };
    expect(failing([still])).toEqual([8]);
  });

  it("are drawn", () => {
    const drawn = plot([fine]);
    expect(drawn.match(/<circle/g)).toHaveLength(18);
    expect(drawn).not.toContain("NaN");
  });
});
