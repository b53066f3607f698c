import { beforeEach, describe, expect, test, vi } from "vitest";
import { orderPasses, type ReconcilePass } from "../../../src/core/decisions/reconcile/passes.ts";

/** The order of the current test. Each test receives another order within the declared dependencies. */
const state = vi.hoisted(() => ({ seed: 1, order: null as unknown }));

vi.mock("../../../src/core/decisions/reconcile/passes.ts", async (importOriginal) => {
  const original = await importOriginal<typeof import("../../../src/core/decisions/reconcile/passes.ts")>();
  return Object.defineProperty({ ...original }, "RECONCILE_PASSES", { get: () => state.order ?? original.RECONCILE_PASSES });
});

/** Ranks each name by the seed. */
const rankBy = (seed: number) => (name: string) =>
  name
    .split("")
    .reduce((hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 16_777_619) >>> 0, 2_166_136_261 ^ Math.imul(seed, 40_503));

beforeEach(() => {
  state.seed += 1;
  state.order = orderPasses(undefined, rankBy(state.seed));
});

const pass = (...after: string[]): ReconcilePass => ({ run: () => undefined, after });

describe("the order of passes", () => {
  test("each pass runs after the passes that it names, the first written first", () => {
    const passes = { c: pass("a", "b"), b: pass(), a: pass("b") };
    expect(orderPasses(passes)).toEqual([passes.b, passes.a, passes.c]);
  });

  test("passes that wait for each other, or for an unknown pass, are a bug", () => {
    expect(() => orderPasses({ a: pass("b"), b: pass("a"), c: pass() })).toThrow("these passes wait for each other: a, b");
    expect(() => orderPasses({ a: pass("no-pass") })).toThrow("these passes wait for each other: a");
  });

  test("different seeds give different orders", () => {
    expect(orderPasses(undefined, rankBy(1))).not.toEqual(orderPasses(undefined, rankBy(2)));
  });
});

// The same promises hold in every order within the dependencies.
for (const file of [
  "scenarios",
  "people",
  "needs",
  "moves",
  "modes",
  "methods",
  "conflict-lines",
  "resolving",
  "rewinds",
  "workflows",
  "together",
  "histories",
])
  await import(`./${file}.test.ts`);
