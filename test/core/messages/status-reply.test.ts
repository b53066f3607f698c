import { expect, test } from "vitest";
import type { Execution } from "../../../src/core/domain/execution.ts";
import { renderStatusReply } from "../../../src/core/messages/command-replies.ts";
import { plan, step, stepIn } from "../../support/build.ts";

const executionOf = (steps: Execution["steps"]): Execution =>
  ({ id: "abc123", state: "running", refusal: null, baseBranch: "main", planning: {}, steps }) as unknown as Execution;

test("counts steps in the words of the comment's progress bar", () => {
  const steps = { a: stepIn("a", "done"), b: stepIn("b", "published"), c: stepIn("c", "pending") };
  const [summary] = renderStatusReply(executionOf(steps), plan(step("a"), step("b"), step("c")), []).split("\n");
  expect(summary).toBe("Execution `abc123` is **running**: 1 of 3 steps done, 1 in the queue, 1 not started.");
});
