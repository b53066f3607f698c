import { expect, test } from "vitest";
import { MAX_REASON_CHARS } from "../../../src/core/domain/outcome.ts";
import { readStatedOutcome } from "../../../src/core/workflow/read-stated-outcome.ts";

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
  ["a reason behind the status", block("status: failed - two tests are still red"), { kind: "failed", reason: "two tests are still red" }],
  ["a reason in parentheses", block("status: nothing to do (it is 10 already)"), { kind: "nothing-to-do", reason: "it is 10 already" }],
  ["a status in JSON", block('{"status": "failed", "reason": "no network"}'), { kind: "failed", reason: "no network" }],
  [
    "another status in a code fence",
    block("status: done", "The health check answers:", "```yaml", "status: failed", "```"),
    { kind: "done", reason: "The health check answers:\n```yaml\nstatus: failed\n```" },
  ],
  ["another status in a list", block("status: done", "- status: failed"), { kind: "done", reason: "- status: failed" }],
])("an outcome with %s", (_, answer, outcome) => {
  expect(readStatedOutcome(answer)).toEqual(outcome);
});

test.each([
  ["a word that is none", block("status: pass")],
  ["a longer word", block("status: done-ish")],
  ["a status in a code fence only", block("It prints:", "```", "status: failed", "```")],
  ["a status outside of the block", "status: failed\n[OUTPUT]\nAll done.\n[/OUTPUT]"],
  ["a status in a sentence", block("The status: failed line is gone.")],
  ["no block", "status: failed\nreason: x"],
  ["nothing", ""],
])("no outcome: %s", (_, answer) => {
  expect(readStatedOutcome(answer)).toBeNull();
});

test("cuts a long reason", () => {
  expect(readStatedOutcome(block("status: failed", `reason: ${"x".repeat(2 * MAX_REASON_CHARS)}`))?.reason).toHaveLength(MAX_REASON_CHARS);
});
