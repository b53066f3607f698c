import { describe, expect, it } from "vitest";
import { bors } from "../../../bench/refinery/bors.ts";
import { oracle } from "../../../bench/refinery/oracle.ts";
import type { Policy } from "../../../bench/refinery/policy.ts";
import { serial } from "../../../bench/refinery/serial.ts";
import { simulate } from "../../../bench/refinery/simulate.ts";
import { mean } from "../../../bench/refinery/statistics.ts";
import { type Scene, TIMES, trace } from "../../../bench/refinery/trace.ts";
import { zuul } from "../../../bench/refinery/zuul.ts";
import { atOnce, history, only, tell } from "./history.ts";

const turn = TIMES.check + TIMES.landing;
const flat: Scene = { shape: "flat", start: "ready", steps: 16, work: 0, bad: 0, flakes: 0, textual: 0, semantic: 0, slots: 16 };

/** Counts the runs that contain only first heads. A step's new head has a prime in its name. */
const runsOfFirst = (lines: readonly string[]): number => only(lines, "run").filter((line) => !line.includes("'")).length;

/** Returns the number of rounds until the last of the first heads was decided. */
const roundsOfFirst = (lines: readonly string[]): number => {
  const decided = only(lines, "ejected", "landed").filter((line) => /[A-Z](?!')/.test(line.split(" ")[2] ?? ""));
  return Math.floor(Number(decided.at(-1)?.split(" ")[0]));
};

describe("with no failures the makespan is the closed form", () => {
  const sizes = [1, 7, 8, 9, 16, 50];

  it.each(sizes)("serial: N·(T+ε), N = %i", (steps) => {
    const { makespan, turnaround, runs } = simulate(history({ ready: atOnce(steps) }), serial(0));
    expect([makespan, turnaround, runs]).toEqual([
      expect.closeTo(steps * turn),
      expect.closeTo(((steps + 1) / 2) * turn),
      expect.closeTo(1),
    ]);
  });

  it.each(sizes)("bors-ng: ⌈N/b⌉·(T+ε), N = %i", (steps) => {
    const { makespan, runs } = simulate(history({ ready: atOnce(steps) }), bors(0, 8));
    expect([makespan, runs]).toEqual([expect.closeTo(Math.ceil(steps / 8) * turn), expect.closeTo(Math.ceil(steps / 8) / steps)]);
  });

  it.each(sizes)("Zuul: ⌈N/w⌉·(T+ε), N = %i", (steps) => {
    const { makespan, runs } = simulate(history({ ready: atOnce(steps), slots: 6 }), zuul(1));
    expect([makespan, runs]).toEqual([expect.closeTo(Math.ceil(steps / 6) * turn), expect.closeTo(1)]);
  });

  it.each([1, 2, 8])("a chain of %i takes D·(W+T+ε) if steps start on landed work, and D·W+T+ε if they start on ready work", (steps) => {
    for (const policy of [serial(0), bors(0), zuul(0), oracle("good")]) {
      const strict = trace({ ...flat, shape: "chain", start: "landed", steps, work: 2 }, 1);
      const work = strict.work.reduce((sum, each) => sum + each, 0);
      expect(simulate(strict, policy).makespan).toBeCloseTo(work + steps * turn);
    }
    const early = trace({ ...flat, shape: "chain", steps, work: 2 }, 1);
    const work = early.work.reduce((sum, each) => sum + each, 0);
    expect(simulate(early, zuul(0)).makespan).toBeCloseTo(work + turn);
  });
});

describe("with failures the mean over many traces matches the formula", () => {
  const DRAWS = 1_000;
  const average = (scene: Scene, policy: () => Policy, of: (lines: readonly string[]) => number): number =>
    mean(Array.from({ length: DRAWS }, (_, seed) => of(tell(trace(scene, seed), policy()).lines)));

  /** Runs per step until a batch of eight is decided: 1 for the batch, and 2 for every red batch of more than one step. */
  const bisection = (bad: number): number =>
    (1 + 2 * [0, 1, 2].reduce((sum, depth) => sum + 2 ** depth * (1 - (1 - bad) ** (8 / 2 ** depth)), 0)) / 8;

  it.each([0.02, 0.05, 0.1, 0.2, 0.3])("bors-ng takes E(b)/b runs per step, p = %f", (bad) => {
    const runs = average(
      { ...flat, steps: 8, bad },
      () => bors(0, 8),
      (lines) => runsOfFirst(lines) / 8,
    );
    expect(Math.abs(runs - bisection(bad)) / bisection(bad)).toBeLessThan(0.05);
  });

  it("and the formula matches the published table", () => {
    expect([0.02, 0.05, 0.1, 0.2, 0.3].map((bad) => bisection(bad).toFixed(3))).toEqual(["0.241", "0.399", "0.629", "0.988", "1.251"]);
  });

  it.each([0.05, 0.1, 0.2, 0.3])("Zuul with a window of all takes 1+(N−1)p rounds, p = %f; with a retry (1+(N−1)p)+Np", (bad) => {
    const rounds = (retries: number): number => average({ ...flat, bad }, () => zuul(retries), roundsOfFirst);
    expect(Math.abs(rounds(0) / (1 + 15 * bad) - 1)).toBeLessThan(0.05);
    expect(Math.abs(rounds(1) / (1 + 15 * bad + 16 * bad) - 1)).toBeLessThan(0.05);
  });

  it.each([0.05, 0.1])("a flake blames a step with probability f each time it is queued, with a retry f²; f = %f", (flakes) => {
    const odds = flakes / (1 - flakes);
    const blamed = (policy: () => Policy): number =>
      mean(Array.from({ length: 200 }, (_, seed) => simulate(trace({ ...flat, steps: 100, flakes }, seed), policy()).falseEjections / 100));
    expect(Math.abs(blamed(() => serial(0)) / odds - 1)).toBeLessThan(0.1);
    expect(Math.abs(blamed(() => zuul(0)) / odds - 1)).toBeLessThan(0.1);
    expect(Math.abs(blamed(() => serial(1)) / flakes ** 2 - 1)).toBeLessThan(0.4);
  });
});

// The numbers come from another author's simulator, in section 6 of the study. Only the policies' freedom differs, not their idea.
describe("serial and Zuul agree with the published scenarios", () => {
  const rows: readonly (readonly [string, Partial<Scene>, () => Policy, number, number])[] = [
    ["A", {}, () => serial(0), 16.57, 8.07],
    ["A", {}, () => zuul(0), 2.98, 1.27],
    ["B", { bad: 0.05 }, () => serial(1), 18.25, 9.02],
    ["B", { bad: 0.05 }, () => zuul(0), 3.94, 1.64],
    ["C", { bad: 0.15 }, () => serial(0), 18.96, 9.54],
    ["C", { bad: 0.15 }, () => zuul(0), 5.44, 2.45],
    ["C", { bad: 0.15 }, () => zuul(1), 7.83, 3.92],
    ["D", { bad: 0.1, semantic: 0.003, textual: 0.02, flakes: 0.02 }, () => zuul(0), 5.99, 2.36],
    ["D, three slots", { bad: 0.1, semantic: 0.003, textual: 0.02, flakes: 0.02, slots: 3 }, () => zuul(1), 10.21, 4.81],
  ];
  it.each(rows)("%s", (_, scene, policy, makespan, turnaround) => {
    const outcomes = Array.from({ length: 200 }, (_, seed) => simulate(trace({ ...flat, work: 1, slots: 8, ...scene }, seed), policy()));
    expect(Math.abs(mean(outcomes.map((each) => each.makespan)) / makespan - 1)).toBeLessThan(0.06);
    expect(Math.abs(mean(outcomes.map((each) => each.turnaround)) / turnaround - 1)).toBeLessThan(0.06);
  });
});
