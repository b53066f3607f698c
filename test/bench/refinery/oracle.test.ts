import { fc } from "../../support/fast-check.ts";
import { describe, expect, it } from "vitest";
import { bors } from "../../../bench/refinery/bors.ts";
import { oracle } from "../../../bench/refinery/oracle.ts";
import type { Policy } from "../../../bench/refinery/policy.ts";
import { serial } from "../../../bench/refinery/serial.ts";
import { simulate } from "../../../bench/refinery/simulate.ts";
import { type Scene, TIMES, type Trace, trace } from "../../../bench/refinery/trace.ts";
import { zuul } from "../../../bench/refinery/zuul.ts";
import { atOnce, history, only, tell } from "./history.ts";

const best = (of: Trace): number => Math.min(simulate(of, oracle("good")).makespan, simulate(of, oracle("bad")).makespan);
const turn = TIMES.check + TIMES.landing;

const scenes: fc.Arbitrary<Scene> = fc.record({
  shape: fc.constantFrom("flat", "layered", "chain", "random"),
  start: fc.constantFrom("ready", "landed"),
  steps: fc.integer({ min: 1, max: 20 }),
  work: fc.constantFrom(0, 1, 2),
  bad: fc.constantFrom(0, 0.1, 0.3),
  flakes: fc.constantFrom(0, 0.05),
  textual: fc.constantFrom(0, 0.05),
  semantic: fc.constantFrom(0, 0.02),
  slots: fc.constantFrom(1, 3, 16),
});

describe("the oracle", () => {
  it("verifies all good steps in one run, whatever their number", () => {
    const { lines } = tell(history({ ready: [0, 0, 0, 0.5, 0.5], bad: [2], slots: 4 }), oracle("good"));
    expect(only(lines, "run", "landed")).toEqual([
      "0.00 run AB",
      "0.00 run ABC",
      "0.50 run ABDE",
      "1.01 landed AB",
      "1.51 landed DE",
      "2.00 run ABDEC'",
      "3.01 landed C'",
    ]);
  });

  it("never puts a bad step ahead of a good one, and ejects it with one red run", () => {
    const { lines } = tell(history({ ready: atOnce(4), bad: [1] }), oracle("good"));
    expect(only(lines, "run", "landed", "ejected")).toEqual([
      "0.00 run ACD",
      "0.00 run AB",
      "1.00 ejected B (red)",
      "1.01 landed ACD",
      "2.00 run ACDB'",
      "3.01 landed B'",
    ]);
  });

  it("needs two red runs with a retry, one after the other", () => {
    const { lines } = tell(history({ ready: atOnce(4), bad: [1] }), oracle("good", 1));
    expect(only(lines, "run", "landed", "ejected")).toEqual([
      "0.00 run ACD",
      "0.00 run AB",
      "1.01 landed ACD",
      "1.01 run AB",
      "2.01 ejected B (red)",
      "3.01 run ACDB'",
      "4.02 landed B'",
    ]);
  });

  it("shares its slots between good and bad steps", () => {
    const { lines } = tell(history({ ready: atOnce(3), bad: [0, 1], slots: 1 }), oracle("bad"));
    expect(only(lines, "run")).toEqual(["0.00 run A", "1.00 run B", "2.00 run CA'", "3.01 run CA'B'"]);
  });

  it("recognises a flake and blames no step", () => {
    const flaky = Array.from({ length: 50 }, (_, seed) => history({ ready: atOnce(4), flakes: 0.5, seed }));
    for (const each of flaky) expect(only(tell(each, oracle("good")).lines, "ejected")).toEqual([]);
    expect(flaky.some((each) => simulate(each, oracle("good")).makespan > turn + 0.5)).toBe(true);
  });

  it("needs T+ε for good steps that are ready together, and T+F+T+ε with a bad one, given enough slots", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.nat(), (steps, seed) => {
        const bad = atOnce(steps).flatMap((_, step) => ((seed >> (step % 16)) & 1 ? [step] : []));
        const makespan = best(history({ ready: atOnce(steps), bad, slots: steps + 1 }));
        expect(makespan).toBeCloseTo(bad.length > 0 ? TIMES.check + TIMES.fix + turn : turn, 1);
      }),
    );
  });

  it("is never faster than the limit: ready + T, for a bad step ready + T + F + T, each after what it needs", () => {
    fc.assert(
      fc.property(scenes, fc.nat(10_000), (scene, seed) => {
        const each = trace(scene, seed);
        expect(best(each)).toBeGreaterThanOrEqual(limit(each) - 1e-9);
      }),
      { numRuns: 300 },
    );
  });

  it("is never slower than a policy without foresight if all steps are ready and nothing conflicts or flakes", () => {
    const policies: readonly (() => Policy)[] = [() => serial(0), () => bors(0), () => zuul(0)];
    fc.assert(
      fc.property(scenes, fc.nat(10_000), (scene, seed) => {
        const each = trace({ ...scene, shape: "flat", work: 0, flakes: 0, textual: 0, semantic: 0 }, seed);
        for (const policy of policies) expect(best(each)).toBeLessThanOrEqual(simulate(each, policy()).makespan + 1e-9);
      }),
      { numRuns: 300 },
    );
  });
});

/** Returns the shortest possible time until the last step lands, with unlimited slots. */
const limit = ({ scene, needs, work, bad }: Trace): number => {
  const [ready, landed]: [number[], number[]] = [[], []];
  for (const [step, needed] of needs.entries()) {
    const from = Math.max(0, ...needed.map((need) => (scene.start === "landed" ? landed : ready)[need] ?? 0));
    const at = from + (work[step] ?? 0);
    const fixed = at + (bad[step] ? TIMES.check + TIMES.fix : 0);
    ready.push(at);
    landed.push(Math.max(fixed + turn, ...needed.map((need) => landed[need] ?? 0)));
  }
  return Math.max(...landed);
};
