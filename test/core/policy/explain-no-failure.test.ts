import { expect, test } from "vitest";
import { explainNoFailure } from "../../../src/core/policy/explain-no-failure.ts";

const RED = { fork: false, branch: "main", event: "push", state: "done", conclusion: "failure" } as const;

test.each([
  ["a push to the default branch", RED],
  ["a schedule", { ...RED, event: "schedule" }],
  ["a run that is not over, whose earlier job failed", { ...RED, state: "running", conclusion: null }],
  ["a run that took too long", { ...RED, conclusion: "timed_out" }],
] as const)("%s that fails is a failure of the default branch", (_, run) => {
  expect(explainNoFailure(run, "main")).toBeNull();
});

test.each([
  ["a fork's branch of the same name", { ...RED, fork: true }, "of a pull request or a fork"],
  ["a pull request", { ...RED, event: "pull_request" }, "of a pull request or a fork"],
  ["a pull request with rights", { ...RED, event: "pull_request_target" }, "of a pull request or a fork"],
  ...["issue_comment", "issues", "discussion", "workflow_run", "merge_group", "pull_request_review", ""].map(
    (event) => [`the event '${event}'`, { ...RED, event }, "somebody else started it"] as const,
  ),
  ["another branch", { ...RED, branch: "task/a" }, "not of main"],
  ["no branch", { ...RED, branch: null }, "not of main"],
  ["a success", { ...RED, conclusion: "success" }, "ended as success"],
  ["a run that a person cancelled", { ...RED, conclusion: "cancelled" }, "ended as cancelled"],
] as const)("%s is none", (_, run, why) => {
  expect(explainNoFailure(run, "main")).toContain(why);
});
