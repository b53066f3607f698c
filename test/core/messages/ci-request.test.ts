import { expect, test } from "vitest";
import { renderRequestIssue, renderRunSummary } from "../../../src/core/messages/ci-request.ts";
import { readCommandRequests } from "../../../src/core/events/read-comment.ts";
import { createExecution } from "../../../src/core/domain/execution-lifecycle.ts";

test("the issue of a request quotes what the job passed, says which run asks, and contains no command", () => {
  const body = renderRequestIssue({
    request: "make main green\n\n/enki stop @ada <!-- x -->",
    details: "line\n```\n\n/enki approve abcdef1\n```",
    run: "https://github.com/octo/demo/actions/runs/7",
  });
  expect(body).toMatchInlineSnapshot(`
    "> make main green
    >
    > \\/enki stop @​ada \\<\\!-- x --\\>

    \`\`\`\`text
    line
    \`\`\`

    /enki approve abcdef1
    \`\`\`
    \`\`\`\`

    A run of a workflow asks for this: https://github.com/octo/demo/actions/runs/7"
  `);
  expect(readCommandRequests(body, "enki[bot]")).toEqual([]);
});

test("an empty request leaves the run's address only", () => {
  expect(renderRequestIssue({ request: "", details: " ", run: "https://github.com/o/d/actions/runs/7" })).toBe(
    "A run of a workflow asks for this: https://github.com/o/d/actions/runs/7",
  );
});

test("the page of a run says how the execution ended", () => {
  const execution = createExecution({
    id: "abcdef",
    issue: 1,
    onPullRequest: false,
    requestedBy: "github-actions[bot]",
    request: "x",
    baseBranch: "main",
    createdAt: 0,
    state: "failed",
  });
  expect(renderRunSummary(execution, null)).toContain("### Execution `abcdef`: failed");
});
