import { expect, test } from "vitest";
import { NO_USAGE } from "../../../src/core/domain/agent-usage.ts";
import { collectStepWork } from "../../../src/core/domain/step-work.ts";
import { renderStepTable } from "../../../src/core/messages/step-table.ts";
import { step, stepIn } from "../../support/build.ts";

const STEPS = [step("a"), step("b"), step("c")];
const STATES = { a: stepIn("a", "done", { attempt: 2 }), b: stepIn("b", "failed", { attempt: 1 }), c: stepIn("c", "pending") };
const times = { "work/abcdef-a/1": 60_000, "work/abcdef-a/2": 65_000, "work/abcdef-b/1": 30_000 };
const usage = { "work/abcdef-a/2": { ...NO_USAGE, costUsd: 0.5 } };

const show = (execution: Parameters<typeof collectStepWork>[0]): string =>
  renderStepTable(STEPS, STATES, { work: collectStepWork(execution) });

test("attempt, time and cost stand beside each step, and a cost that nobody reported is no zero", () => {
  expect(show({ id: "abcdef", times, usage })).toMatchInlineSnapshot(`
    "| state | step | what it does | after | attempt | time | cost |
    |---|---|---|---|---|---|---|
    | ✅ nothing to change | \`a\` | Do a |  | 2 | 2 min 5 s | at least $0.50 |
    | ❌ **failed** | \`b\` | Do b |  | 1 | 30 s | not reported |
    | ⚪ pending | \`c\` | Do c |  |  |  |  |"
  `);
});

test("there is no column of costs if no agent reported one, and none of times before a job ended", () => {
  expect(show({ id: "abcdef", times }).split("\n")[0]).toBe("| state | step | what it does | after | attempt | time |");
  expect(show({ id: "abcdef" }).split("\n")[0]).toBe("| state | step | what it does | after |");
});

test("jobs of other executions and verifications do not count", () => {
  const others = { "work/fedcba-a/1": 1_000, [`verify/${"a".repeat(40)}/1`]: 2_000 };
  expect([...collectStepWork({ id: "abcdef", times: others })]).toEqual([]);
});
