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
  const makespan = (policy: (retries: number) => Policy): number => mean(traces.map((each) => simulate(each, policy(0)).makespan));
  const fastest = Math.min(...[serial, bors, zuul, ours].map((policy) => makespan(policy)));
  expect(fastest).toBeGreaterThan(onlineBound(scene));
});

it("is the entropy of the steps over the slots, but for what the time of the last verdict tells, and a fix", () => {
  // 24 fair coins.
  const coins = onlineBound({ ...flat, bad: 0.5 });
  expect(coins).toBeLessThan(24 + 2);
  expect(coins).toBeGreaterThan(24 - 7 + 2);
  expect(onlineBound({ ...flat, bad: 0 })).toBe(0);
  // If nearly every good step may be ejected, ejections tell nothing.
  expect(onlineBound({ ...flat, flakes: 0.5 })).toBeLessThan(2);
});
