import { expect, test } from "vitest";
import type { WorkflowRunInfo } from "../../../src/core/domain/github-facts.ts";
import { findJobRun, isOwnRun } from "../../../src/core/policy/run-origin.ts";
import { ownRun } from "../../support/build.ts";

const STARTER = { botLogin: "enki[bot]", defaultBranch: "main" };
const JOB = "verify/abc/1";

const FOREIGN: Readonly<Record<string, Partial<WorkflowRunInfo>>> = {
  "a person's own dispatch": { startedBy: "mallory" },
  "another App's dispatch": { startedBy: "other[bot]" },
  "a changed enki-step.yml on a branch": { branch: "evil" },
  "a workflow of another name": { file: ".github/workflows/ci.yml" },
  "a workflow in a folder that ends alike": { file: "x/.github/workflows/enki-step.yml" },
  "a push": { event: "push" },
  "a workflow_run": { event: "workflow_run" },
  "a fork": { fork: true },
  "no branch": { branch: null },
};

test.each(Object.entries(FOREIGN))("a run that is %s is not Enki's", (_, over) => {
  const foreign = ownRun(9, JOB, over);
  expect(isOwnRun(foreign, STARTER)).toBe(false);
  expect(findJobRun([foreign], JOB, STARTER)).toBeNull();
  expect(findJobRun([foreign, ownRun(3, JOB, { state: "done" })], JOB, STARTER)).toMatchObject({ id: 3 });
});

test("of two runs of one job the unfinished one counts, else the newest", () => {
  const [first, second] = [ownRun(3, JOB), ownRun(4, JOB, { state: "done" })];
  expect(findJobRun([second, first], JOB, STARTER)).toBe(first);
  const done = { ...first, state: "done" as const };
  expect(findJobRun([done, second], JOB, STARTER)).toBe(second);
  expect(findJobRun([first], "verify/abc/2", STARTER)).toBeNull();
});
