import { expect, test } from "vitest";
import { listJobRefs } from "../../../src/core/domain/job-refs.ts";
import { createExecution } from "../../../src/core/domain/execution-lifecycle.ts";
import { emptyLedger, type Ledger } from "../../../src/core/domain/ledger.ts";
import { emptyQueue } from "../../../src/core/domain/queue.ts";
import { ATTEMPTS_REF } from "../../../src/core/domain/refs.ts";
import { brief, stepIn } from "../../support/build.ts";

const pull = { baseBranch: "release", headRef: "feature", head: "1".repeat(40), files: [], omittedFiles: 0 };
const EXECUTION = createExecution({
  id: "abcdef",
  issue: 1,
  onPullRequest: true,
  requestedBy: "maintainer",
  request: "fix it",
  baseBranch: "next",
  createdAt: 1,
  state: "planning",
  planOnly: false,
  planning: { attempt: 1, faults: 0, notBefore: 0, deadline: null },
});
const commit = "2".repeat(40);
const candidate = { commit, tree: commit, onto: commit, items: [], runs: [], faults: 0, log: "" };
const ledger: Ledger = {
  ...emptyLedger,
  executions: { abcdef: EXECUTION },
  briefs: { abcdef: brief({ pull }) },
  queues: { main: emptyQueue, next: { ...emptyQueue, candidates: [candidate] } },
};

test("a planner needs the branches of its request", () => {
  expect(listJobRefs(ledger, { kind: "plan", target: "abcdef", attempt: 1 })).toEqual([
    "refs/heads/next",
    "refs/heads/release",
    "refs/heads/feature",
    "refs/enki/results/plan/abcdef/1*",
  ]);
});

test("a branch of a fork is not in the repository", () => {
  const forked = { ...ledger, briefs: { abcdef: brief({ pull: { ...pull, headRef: "someone:feature" } }) } };
  expect(listJobRefs(forked, { kind: "plan", target: "abcdef", attempt: 1 }).join()).not.toContain("feature");
});

test("a worker needs the work of its execution, and what earlier attempts left", () => {
  const first = listJobRefs(ledger, { kind: "work", target: "abcdef-fix", attempt: 1 });
  expect(first).toEqual([
    "refs/heads/next",
    "refs/heads/release",
    "refs/heads/feature",
    "refs/enki/candidates/next/*",
    "refs/heads/task/abcdef-*",
    "refs/enki/pulls/abcdef-*",
    "refs/enki/results/work/abcdef-fix/1*",
  ]);
  expect(listJobRefs(ledger, { kind: "work", target: "abcdef-fix", attempt: 2 })).toContain(ATTEMPTS_REF);
});

test("a verification needs the candidates of its queue and their base", () => {
  expect(listJobRefs(ledger, { kind: "verify", target: commit, attempt: 1 })).toEqual(["refs/heads/next", "refs/enki/candidates/next/*"]);
});

test("a trial needs its commit and the base, and no candidate", () => {
  const trial = { head: commit, faults: 0, state: "running", commit, onto: commit, attempt: 1, deadline: 9 } as const;
  const tried = { ...ledger, executions: { abcdef: { ...EXECUTION, steps: { fix: stepIn("fix", "waiting", { trial }) } } } };
  const job = { kind: "verify", target: `trial-${commit}`, attempt: 1 } as const;
  expect(listJobRefs(tried, job)).toEqual(["refs/heads/next", `refs/enki/trials/${commit}`]);
  expect(listJobRefs(tried, { ...job, attempt: 2 })).toEqual([]);
});

test("a job that the ledger does not know needs nothing", () => {
  expect(listJobRefs(emptyLedger, { kind: "work", target: "abcdef-fix", attempt: 1 })).toEqual([]);
  expect(listJobRefs(emptyLedger, { kind: "verify", target: commit, attempt: 1 })).toEqual([]);
});
