import { expect, test } from "vitest";
import type { JobResult } from "../../../src/core/domain/job.ts";
import { renderJobSummary, type SummarizedJob } from "../../../src/core/messages/job-summary.ts";
import { plan, step } from "../../support/build.ts";

const SHA = "c".repeat(40);

const result = (over: Partial<JobResult> = {}): JobResult => ({
  format: 2,
  job: "work/fedcba-fix/2",
  run: 7,
  baseCommit: SHA,
  end: "success",
  reason: "",
  outcome: null,
  answer: "",
  replies: [],
  output: "",
  artifact: null,
  files: [],
  tools: [],
  spent: 0,
  ...over,
});

const summarize = (over: Partial<SummarizedJob> = {}): string =>
  renderJobSummary({
    job: { kind: "work", target: "fedcba-fix", attempt: 2 },
    result: result(),
    execution: { id: "fedcba", issue: 7 },
    step: { id: "fix", title: "Fix the limit", role: "developer" },
    tasks: [],
    verify: ["npm test"],
    took: 245_000,
    repositoryUrl: "https://github.test/octo/demo",
    ...over,
  });

test("work that changed files says what it cost and which commands verify it", () => {
  const files = [{ path: "a.txt", mode: "100644" as const }];
  const usage = { inputTokens: 1_234, outputTokens: 56, cachedTokens: null, costUsd: 0.02 };
  expect(summarize({ result: result({ files, usage }) })).toMatchInlineSnapshot(`
    "### \`fix\`: Fix the limit

    Finished: it changed 1 file.

    Attempt 2 · role \`developer\` · 4 min 5 s · 1,234 tokens in, 56 out, $0.02

    Verification comes next, with \`npm test\`

    Requested in [issue 7](https://github.test/octo/demo/issues/7).

    "
  `);
});

test("texts of agents stay inert: no mention, link, element, heading or second line", () => {
  const reason = "<script>alert(1)</script> @octocat #1 [x](https://evil.test)\n# Heading\n| a |";
  const title = "Fix | <b>it</b> @octocat";
  expect(summarize({ result: result({ end: "failed", reason }), step: { id: "fix", title, role: null } })).toMatchInlineSnapshot(`
    "### \`fix\`: Fix \\| \\<b\\>it\\</b\\> @​octocat

    Failed: \\<script\\>alert(1)\\</script\\> @​octocat \\#​1 \\[x\\](https:​//evil.test) \\# Heading \\| a \\|.

    Attempt 2 · 4 min 5 s · usage not reported

    Requested in [issue 7](https://github.test/octo/demo/issues/7).

    "
  `);
});

const CANDIDATE = { job: { kind: "verify", target: SHA, attempt: 1 }, step: null, tasks: ["fedcba-fix", "fedcba-docs"] } as const;

test("a verification names its steps, and the commands that passed or failed", () => {
  const failures = [
    { command: "npm test", passedAgain: false },
    { command: "npm run lint", passedAgain: true },
  ];
  expect(summarize(CANDIDATE)).toMatchInlineSnapshot(`
    "### Verification of \`fix\`, \`docs\`

    Passed.

    Attempt 1 · 4 min 5 s

    Verified with \`npm test\`

    Requested in [issue 7](https://github.test/octo/demo/issues/7).

    "
  `);
  const failed = result({ end: "failed", reason: "The candidate did not pass.", failures });
  expect(summarize({ ...CANDIDATE, result: failed })).toMatchInlineSnapshot(`
    "### Verification of \`fix\`, \`docs\`

    Failed: The candidate did not pass.

    Attempt 1 · 4 min 5 s

    Failed in \`npm test\`

    Passed only when repeated: \`npm run lint\`

    Requested in [issue 7](https://github.test/octo/demo/issues/7).

    "
  `);
});

test.each<[string, Partial<SummarizedJob>, string]>([
  [
    "a planner",
    {
      job: { kind: "plan", target: "fedcba", attempt: 1 },
      step: null,
      result: result({ tools: [{ kind: "propose", plan: plan(step("a"), step("b")) }] }),
    },
    "Finished: it planned 2 steps.",
  ],
  ["a report", { result: result({ end: "artifact", artifact: "# Report" }) }, "Finished: it delivered a report."],
  [
    "no change",
    { result: result({ end: "unchanged", outcome: { kind: "nothing-to-do", reason: "It is fixed already" } }) },
    "Finished: it changed no file: It is fixed already.",
  ],
  ["a question", { result: result({ end: "asked", reason: "Which limit?" }) }, "Stopped with a question: Which limit?"],
  [
    "a lost job",
    { result: result({ end: "crashed", reason: "The job has no bundle." }) },
    "Ended without a result: The job has no bundle.",
  ],
  ["a conflict", { job: { kind: "resolve", target: "fedcba-fix", attempt: 1 } }, "### A conflict of `fix`: Fix the limit"],
  ["the base", { ...CANDIDATE, tasks: [] }, "### Verification of the base"],
])("%s", (_, over, expected) => {
  expect(summarize(over)).toContain(expected);
});

test("work that its own job checked says how, and that verification comes next", () => {
  const check = { failed: ["npm test"], end: "passed" } as const;
  expect(summarize({ result: result({ files: [{ path: "a.txt", mode: "100644" }], check }) })).toMatchInlineSnapshot(`
    "### \`fix\`: Fix the limit

    Finished: it changed 1 file.

    Attempt 2 · role \`developer\` · 4 min 5 s · usage not reported

    Checked its work: \`npm test\` failed once, then passed.

    Verification comes next, with \`npm test\`

    Requested in [issue 7](https://github.test/octo/demo/issues/7).

    "
  `);
});
