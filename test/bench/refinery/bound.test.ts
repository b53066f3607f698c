import { expect, it } from "vitest";
import { onlineBound } from "../../../bench/refinery/bound.ts";
import { bors } from "../../../bench/refinery/bors.ts";
import { ours } from "../../../bench/refinery/ours.ts";
import type { Policy } from "../../../bench/refinery/policy.ts";
import { serial } from "../../../bench/refinery/serial.ts";
import { simulate } from "../../../bench/refinery/simulate.ts";
import { mean } from "../../../bench/refinery/statistics.ts";
import { type Scene, trace } from "../../../bench/refinery/trace.ts";
import { zuul } from "../../../bench/refinery/zuul.ts";

const flat: Scene = {
  shape: "flat",
  start: "ready",
  steps: 24,
  work: 0,
  bad: 0.15,
  flakes: 0,
  textual: 0,
  semantic: 0,
  slots: 1,
};

it.each([
  flat,
  { ...flat, bad: 0.3 },
  { ...flat, steps: 8, bad: 0.5 },
  { ...flat, slots: 4 },
  { ...flat, slots: 4, bad: 0.05 },
  { ...flat, shape: "layered", slots: 4, work: 2 },
] satisfies Scene[])("no policy without foresight is faster than the bound: $shape, $slots slots, $bad bad", (scene) => {
  const traces = Array.from({ length: 40 }, (_, at) => trace(scene, at + 1));
  const fastest = (retries: number, policies: readonly ((retries: number) => Policy)[]): number =>
    Math.min(...policies.map((policy) => mean(traces.map((each) => simulate(each, policy(retries)).makespan))));
  expect(fastest(0, [serial, bors, zuul, ours])).toBeGreaterThan(onlineBound(scene));
  expect(fastest(1, [zuul, ours])).toBeGreaterThan(onlineBound(scene, 1));
});

it("is the entropy of the steps over the slots, but for what the time of the last verdict tells, and a fix", () => {
  // 24 fair coins.
  const coins = onlineBound({ ...flat, bad: 0.5 });
  expect(coins).toBeLessThan(24 + 2);
  expect(coins).toBeGreaterThan(24 - 7 + 2);
  expect(onlineBound({ ...flat, bad: 0 })).toBe(1);
  // If every step is red together with another one, red runs tell nothing.
  expect(onlineBound({ ...flat, semantic: 1 })).toBeLessThan(3);
});

it("adds a run to each bad step for its retry, and one after the first red run of the last", () => {
  const coins = { ...flat, bad: 0.5 };
  expect(onlineBound(coins, 1) - onlineBound(coins)).toBeGreaterThan(11);
  expect(onlineBound(coins, 1) - onlineBound(coins)).toBeLessThan(12);
  const wide = { ...flat, slots: 1000 };
  expect(onlineBound(wide, 1) - onlineBound(wide)).toBeCloseTo(1 - 0.85 ** 24, 5);
});

it("waits for the last bad step, and not for good ones", () => {
  const one = { ...flat, steps: 1, bad: 1, work: 2 };
  expect(onlineBound(one)).toBeCloseTo(2 + 3, 5);
  expect(onlineBound(one, 1)).toBeCloseTo(2 + 4, 5);
  expect(onlineBound({ ...one, bad: 0 })).toBe(1 + 1);
});
