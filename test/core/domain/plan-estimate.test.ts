import { describe, expect, test } from "vitest";
import { NO_USAGE } from "../../../src/core/domain/agent-usage.ts";
import { estimatePlan } from "../../../src/core/domain/plan-estimate.ts";
import { collectHistory, joinHistories, type StepHistory } from "../../../src/core/domain/step-history.ts";
import { renderEstimate } from "../../../src/core/messages/estimate-text.ts";
import { plan, step, stepIn } from "../../support/build.ts";

const MINUTE = 60_000;
const minutes = (...all: number[]): number[] => all.map((each) => each * MINUTE);

const HISTORY: StepHistory = {
  "bug_fixer/heavy": { ms: minutes(1, 2, 3, 4, 5, 6, 7, 8, 9, 30), usd: [0.5, 1, 1.5] },
  "/standard": { ms: minutes(10), usd: [] },
  command: { ms: minutes(2), usd: [] },
  landing: { ms: minutes(3), usd: [] },
};
const heavy = { tier: "heavy", role: "bug_fixer" } as const;

describe("an estimate", () => {
  test("takes the median and the ninth of ten of earlier steps with the same role and tier", () => {
    const found = estimatePlan(plan(step("fix", heavy)), HISTORY);
    expect(found?.steps).toEqual([{ id: "fix", ms: { usual: 5 * MINUTE, high: 9 * MINUTE }, usd: { usual: 1, high: 1.5 }, samples: 10 }]);
    // The landing takes three minutes.
    expect(found?.ms).toEqual({ usual: 8 * MINUTE, high: 12 * MINUTE });
    expect(found?.usd).toEqual({ usual: 1, high: 1.5 });
  });

  test("adds the time along the longest way, and the money of every step", () => {
    const found = estimatePlan(
      plan(
        step("a", heavy),
        step("b", { needs: ["a"] }),
        step("c", { ...heavy, needs: ["a"] }),
        step("d", { run: "npm run build", needs: ["b", "c"] }),
      ),
      HISTORY,
    );
    expect(found?.criticalPath).toEqual(["a", "b", "d"]);
    expect(found?.ms.usual).toBe((5 + 3 + 10 + 3 + 2 + 3) * MINUTE);
    expect(found?.usd).toEqual({ usual: 2, high: 3 });
    expect(found?.unknown).toEqual([]);
  });

  test("names the steps without history, and is none if no step has any", () => {
    const found = estimatePlan(plan(step("a", heavy), step("b", { tier: "light" })), HISTORY);
    expect(found?.unknown).toEqual(["b"]);
    expect(estimatePlan(plan(step("b", { tier: "light" })), HISTORY)).toBeNull();
    expect(estimatePlan(plan(), HISTORY)).toBeNull();
  });

  test("of a cost that nobody reported is none", () => {
    expect(estimatePlan(plan(step("a")), HISTORY)?.usd).toBeNull();
  });
});

describe("the text", () => {
  test("shows time along the critical path, money, and each step", () => {
    const found = estimatePlan(plan(step("a", heavy), step("b", { needs: ["a"] }), step("x", { tier: "light" })), HISTORY);
    expect(renderEstimate(found)).toMatchInlineSnapshot(`
      "Estimate: 21 min (rarely over 25 min) along \`a\` → \`b\`; $1.00 (rarely over $1.50) for all steps. 1 of 3 steps has no history and does not count.

      <details>
      <summary>Estimate by step</summary>

      | step | time | cost | earlier steps |
      |---|---|---|---|
      | \`a\` | 5 min (rarely over 9 min) | $1.00 (rarely over $1.50) | 10 |
      | \`b\` | 10 min | not reported | 1 |
      | \`x\` | no history |  | 0 |

      The median of earlier steps with the same role and tier; nine of ten did not exceed the amount in brackets. Waiting for people is not included.

      </details>"
    `);
  });

  test("says that there is no history yet", () => {
    expect(renderEstimate(null)).toBe(
      "No estimate of time and money yet: no step of these roles and tiers has finished in this repository.",
    );
  });
});

/** Builds an execution whose steps have the given minutes and costs in dollars. */
const ended = (
  id: string,
  took: Record<string, { min: number[]; usd?: number; state?: "done" | "failed" }>,
): Parameters<typeof collectHistory>[0][number]["execution"] => {
  const jobs = Object.entries(took).flatMap(([name, { min }]) => min.map((each, at) => [`work/${id}-${name}/${at + 1}`, each * MINUTE]));
  const costs = Object.entries(took).flatMap(([name, { usd }]) =>
    usd === undefined ? [] : [[`work/${id}-${name}/1`, { ...NO_USAGE, costUsd: usd }]],
  );
  const steps = Object.entries(took).map(([name, { state = "done" }]) => [name, stepIn(name, state)]);
  return { id, times: Object.fromEntries(jobs), usage: Object.fromEntries(costs), steps: Object.fromEntries(steps) };
};

describe("a history", () => {
  test("has the sum of all attempts of each finished step", () => {
    const done = ended("abc123", { a: { min: [1, 2], usd: 0.25 }, b: { min: [9], state: "failed" }, c: { min: [] } });
    expect(collectHistory([{ execution: done, plan: plan(step("a"), step("b"), step("c")) }])).toEqual({
      "/standard": { ms: [3 * MINUTE], usd: [0.25] },
    });
  });

  test("keeps the twenty newest samples", () => {
    const all = Array.from({ length: 30 }, (_, at) => ({ execution: ended("abc123", { a: { min: [at] } }), plan: plan(step("a")) }));
    expect(collectHistory(all)["/standard"]?.ms).toEqual(minutes(...Array.from({ length: 20 }, (_, at) => at)));
    const joined = joinHistories(
      { x: { ms: [1], usd: [] } },
      { x: { ms: Array.from({ length: 20 }, () => 2), usd: [] }, y: { ms: [3], usd: [] } },
    );
    expect(joined["x"]?.ms).toEqual([1, ...Array.from({ length: 19 }, () => 2)]);
    expect(joined["y"]?.ms).toEqual([3]);
  });
});
