import { expect, test } from "vitest";
import { MAX_REASON_CHARS } from "../../src/model/outcome.ts";
import { statedOutcome } from "../../src/workflow/stated-outcome.ts";

const block = (...lines: string[]): string => ["Words before.", "[OUTPUT]", ...lines, "[/OUTPUT]"].join("\n");

test.each([
  [
    "a status and a reason",
    block("status: nothing-to-do", "reason: It is 10 already."),
    { kind: "nothing-to-do", reason: "It is 10 already." },
  ],
  [
    "a reason of several lines",
    block("status: failed", "reason: No network.", "No cache either."),
    { kind: "failed", reason: "No network.\nNo cache either." },
  ],
  ["a reason above the status", block("reason: No network.", "status: failed"), { kind: "failed", reason: "No network." }],
  [
    "other letters and signs",
    block("- **Status**: `Nothing to do`.", "- **Reason**: It is 10."),
    { kind: "nothing-to-do", reason: "It is 10." },
  ],
  [
    "no reason but other words",
    block("The limit is 10 already.", "status: nothing_to_do"),
    { kind: "nothing-to-do", reason: "The limit is 10 already." },
  ],
  ["no other words in the block", block("status: blocked"), { kind: "blocked", reason: "Words before." }],
  ["the seed's one line", "[OUTPUT]status: done[/OUTPUT]", { kind: "done", reason: "" }],
  [
    "the last of two",
    block("status: failed", "status: done", "reason: It worked after all."),
    { kind: "done", reason: "It worked after all." },
  ],
])("an outcome with %s", (_, answer, outcome) => {
  expect(statedOutcome(answer)).toEqual(outcome);
});

test.each([
  ["a word that is none", block("status: pass")],
  ["a status outside of the block", "status: failed\n[OUTPUT]\nAll done.\n[/OUTPUT]"],
  ["a status in a sentence", block("The status: failed line is gone.")],
  ["no block", "status: failed\nreason: x"],
  ["nothing", ""],
])("no outcome: %s", (_, answer) => {
  expect(statedOutcome(answer)).toBeNull();
});

test("a reason has an end", () => {
  expect(statedOutcome(block("status: failed", `reason: ${"x".repeat(2 * MAX_REASON_CHARS)}`))?.reason).toHaveLength(MAX_REASON_CHARS);
});
