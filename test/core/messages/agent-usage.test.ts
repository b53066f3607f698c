import { expect, test } from "vitest";
import { type AgentUsage, NO_USAGE } from "../../../src/core/domain/agent-usage.ts";
import type { Execution } from "../../../src/core/domain/execution.ts";
import { createExecution } from "../../../src/core/domain/execution-lifecycle.ts";
import { recordUsage } from "../../../src/core/domain/execution-usage.ts";
import { describeUsage, formatUsage } from "../../../src/core/messages/agent-usage.ts";
import { renderAttempts } from "../../../src/core/messages/attempt-table.ts";
import { renderStatusReply } from "../../../src/core/messages/command-replies.ts";
import { stepIn } from "../../support/build.ts";

const EXECUTION: Execution = {
  ...createExecution({
    id: "abcdef",
    issue: 1,
    onPullRequest: false,
    requestedBy: "ada",
    request: "do it",
    baseBranch: "main",
    createdAt: 0,
  }),
  state: "running",
  steps: { fix: stepIn("fix", "done", { attempt: 2 }), "write-docs": stepIn("write-docs", "running", { attempt: 1 }) },
};
const FIRST: AgentUsage = { inputTokens: 12_345, outputTokens: 678, cachedTokens: 9_000, costUsd: 0.0123 };
const SECOND: AgentUsage = { ...NO_USAGE, inputTokens: 1_000_000, costUsd: 1.5 };

const withUsage = (): Execution =>
  [
    ["plan/abcdef/1", FIRST] as const,
    ["work/abcdef-fix/2", SECOND] as const,
    ["resolve/abcdef-fix/1", { ...NO_USAGE, outputTokens: 3 }] as const,
  ].reduce((execution, [job, usage]) => recordUsage(execution, job, { usage }), EXECUTION);

test.each<[AgentUsage, string]>([
  [NO_USAGE, "usage not reported"],
  [FIRST, "12,345 tokens in, 9,000 cached, 678 out, $0.0123"],
  [SECOND, "1,000,000 tokens in, $1.50"],
  [{ ...NO_USAGE, inputTokens: 0, outputTokens: 1 }, "0 tokens in, 1 out, cost not reported"],
])("%j reads as what was reported, and never as zero", (usage, text) => {
  expect(formatUsage(usage)).toBe(text);
});

test("the comment lists each attempt, and says how many reported nothing", () => {
  expect(renderAttempts(withUsage())).toMatchInlineSnapshot(`
    "<details>
    <summary>Usage: 1,012,345 tokens in, 9,000 cached, 681 out, $1.51, reported by 3 of 5 attempts</summary>

    | step | attempt | time | tokens in | tokens out | cost | run |
    |---|---|---|---|---|---|---|
    | planner | 1 |  | 12,345 | 678 | $0.0123 |  |
    | \`fix\` | 2 |  | 1,000,000 | not reported | $1.50 |  |
    | \`fix\` (conflict) | 1 |  | not reported | 3 | not reported |  |

    </details>"
  `);
});

test("the status names the sum, and nothing if no agent reported anything", () => {
  const line = "Usage: 1,012,345 tokens in, 9,000 cached, 681 out, $1.51, reported by 3 of 5 attempts.";
  expect(describeUsage(withUsage())).toBe(line);
  expect(renderStatusReply(withUsage(), null, [])).toContain(`\n\n${line}`);
  expect(renderAttempts(EXECUTION) + describeUsage(EXECUTION)).toBe("");
  expect(renderStatusReply(EXECUTION, null, [])).not.toContain("Usage");
});

test("a job that is recorded again counts once, and a job without a report changes nothing", () => {
  const once = recordUsage(EXECUTION, "plan/abcdef/1", { usage: FIRST });
  expect(recordUsage(once, "plan/abcdef/1", { usage: FIRST })).toEqual(once);
  expect(recordUsage(EXECUTION, "plan/abcdef/1", { usage: undefined })).toBe(EXECUTION);
  expect(recordUsage(EXECUTION, "plan/abcdef/1", { usage: NO_USAGE })).toBe(EXECUTION);
});
