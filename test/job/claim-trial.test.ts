import { expect, test } from "vitest";
import { createExecution } from "../../src/core/domain/execution-lifecycle.ts";
import type { Config } from "../../src/core/domain/config.ts";
import { hashValue } from "../../src/core/domain/ids.ts";
import { emptyLedger, type Ledger } from "../../src/core/domain/ledger.ts";
import { emptyQueue } from "../../src/core/domain/queue.ts";
import { claimJob } from "../../src/job/claim-job.ts";
import { plan, step, stepIn } from "../support/build.ts";
import { config } from "../support/config.ts";

const [head, commit, onto] = ["1".repeat(40), "2".repeat(40), "3".repeat(40)];
const PLAN = plan(step("fix", { verify: ["npm run e2e"] }));
const trial = { head, faults: 0, state: "running", commit, onto, attempt: 1, deadline: 9 } as const;
const execution = createExecution({
  id: "abcdef",
  issue: 1,
  onPullRequest: false,
  requestedBy: "maintainer",
  request: "fix it",
  baseBranch: "main",
  createdAt: 1,
  state: "running",
  planOnly: false,
  planning: { attempt: 1, faults: 0, notBefore: 0, deadline: null },
});
const ledger: Ledger = {
  ...emptyLedger,
  executions: { abcdef: { ...execution, plan: hashValue(PLAN), steps: { fix: stepIn("fix", "waiting", { trial }) } } },
  plans: { [hashValue(PLAN)]: PLAN },
  queues: { main: emptyQueue },
};

const claim = (target: string, over: Partial<Config> = {}) =>
  claimJob({
    ledger,
    refs: {},
    config: config({ refinery: { ...config().refinery, verify: ["npm test"] }, ...over }),
    job: { kind: "verify", target, attempt: 1 },
  });

test("a trial checks out its commit and runs the commands of the default branch, then those of the approved plan", () => {
  const claimed = claim(`trial-${commit}`);
  expect(claimed.ok && claimed.value).toMatchObject({
    kind: "verify",
    execution: "abcdef",
    baseCommit: commit,
    verify: ["npm test", "npm run e2e"],
    step: null,
  });
});

test.each([
  ["without verify commands", { refinery: { ...config().refinery, verify: [] } }],
  ["while enki.toml has a mistake", { broken: "a mistake" }],
] as const)("a trial runs nothing %s: the commands of the plan alone would not be enough", (_, over) => {
  expect(claim(`trial-${commit}`, over)).toMatchObject({ ok: false, refusal: { code: "not-running" } });
});

test("no job claims the commit of a trial as a candidate, or another trial", () => {
  for (const target of [commit, `trial-${head}`, `trial-${onto}`])
    expect(claim(target)).toMatchObject({ ok: false, refusal: { code: "not-running" } });
});
