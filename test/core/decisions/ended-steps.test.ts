import { expect, test } from "vitest";
import { decide } from "../../../src/core/decisions/decide.ts";
import type { Snapshot } from "../../../src/core/domain/decision.ts";
import type { Execution } from "../../../src/core/domain/execution.ts";
import { hashValue } from "../../../src/core/domain/ids.ts";
import { emptyLedger } from "../../../src/core/domain/ledger.ts";
import { type Query, type QueryFact, toQueryKey } from "../../../src/core/domain/query.ts";
import { emptyQueue, type Queue } from "../../../src/core/domain/queue.ts";
import type { Step } from "../../../src/core/domain/step.ts";
import { plan, step, stepIn } from "../../support/build.ts";
import { config } from "../../support/config.ts";

const [BASE, HEAD, COMMIT, TREE] = ["a", "b", "c", "d"].map((digit) => digit.repeat(40)) as [string, string, string, string];
const ID = "abcdef";
const TASK = "abcdef-one" as const;
const PLAN = plan(step("one"), step("two"));

/** Answers by kind of query. Other queries receive an empty list. */
const ANSWERS: Readonly<Partial<Record<Query["kind"], unknown>>> = {
  pulls: [
    { number: 7, headRef: `task/${TASK}`, head: HEAD, baseBranch: "main", state: "open", draft: false, labels: [], hasActivity: false },
  ],
  "queue-entry": { kind: "out", reason: "MANUAL" },
  contains: false,
  "merge-chain": [{ kind: "merged", commit: COMMIT, tree: TREE }],
  rules: { isReadable: true, types: [], checks: [], requiredReviews: 0, allowedMethods: null },
  "merge-methods": null,
};

/** Decides until the decision acts, and returns the state of the step whose landing GitHub refused. */
const stateAfterRefusedLanding = (state: Step["state"], mode: "each" | "queue"): Step["state"] | undefined => {
  const one = stepIn("one", state, { attempt: 1, head: { sha: HEAD, since: 0, by: "worker" }, pull: 7 });
  const two = stepIn("two", "paused", { attempt: 1 });
  const execution: Execution = {
    id: ID,
    issue: 1,
    onPullRequest: false,
    requestedBy: "maintainer",
    request: "do it",
    baseBranch: "main",
    createdAt: 0,
    state: "running",
    refusal: null,
    amendment: null,
    planOnly: false,
    planning: { attempt: 1, faults: 0, notBefore: 0, deadline: null },
    plan: hashValue(PLAN),
    approved: { plan: hashValue(PLAN), by: "maintainer", at: 0 },
    steps: { one, two },
    spent: 0,
  };
  const candidate = {
    commit: COMMIT,
    tree: TREE,
    onto: BASE,
    items: [{ task: TASK, head: HEAD, merge: COMMIT }],
    runs: [{ attempt: 1, notBefore: 0, deadline: null, verdict: "green" as const }],
    faults: 0,
    log: "",
  };
  const method = mode === "each" ? { method: "rebase" as const } : {};
  const queue: Queue = {
    ...emptyQueue,
    landedTip: BASE,
    seenTip: BASE,
    greenCommits: [BASE],
    items: [
      {
        task: TASK,
        head: HEAD,
        state: "queued",
        refusal: null,
        strikes: 0,
        passedBefore: true,
        mergedAgainst: BASE,
        failedCommit: null,
        log: "",
      },
    ],
    landingTerms: { mode, ...method, reason: "", checks: [], requiredReviews: 0, requiresExactCommit: false },
    landing: { mode, ...method, candidate, since: 0, attempts: 0, ...(mode === "queue" && { removedSince: 1 }) },
  };
  const record = { at: 0, attempts: 1, notBefore: 0, refused: null, number: null, digest: null };
  const effectRecords =
    mode === "each"
      ? { [`merge-pull:7@${HEAD.slice(0, 12)}`]: { ...record, refused: { code: "not-mergeable", reason: "This branch can't be rebased" } } }
      : { [`enqueue-pull:7@${HEAD.slice(0, 12)}`]: { ...record, digest: "done" } };
  const facts = new Map<string, QueryFact>();
  const snapshot: Snapshot = {
    now: 1_000_000,
    graceMs: 0,
    botLogin: "enki[bot]",
    defaultBranch: "main",
    config: config(),
    ledger: { ...emptyLedger, executions: { [ID]: execution }, plans: { [hashValue(PLAN)]: PLAN }, queues: { main: queue }, effectRecords },
    refs: { "refs/heads/main": BASE, [`refs/heads/task/${TASK}`]: HEAD },
    facts,
  };
  for (let round = 0; round < 20; round += 1) {
    const decision = decide([], snapshot);
    if (decision.kind === "act") return decision.ledger.executions[ID]?.steps["one"]?.state;
    for (const query of decision.queries)
      facts.set(toQueryKey(query), { kind: query.kind, query, answer: query.kind in ANSWERS ? ANSWERS[query.kind] : [] } as QueryFact);
  }
  throw new Error("the decision never acts");
};

test.each(["each", "queue"] as const)("a step that ended before GitHub rejected its landing keeps its state (%s)", (mode) => {
  expect(stateAfterRefusedLanding("cancelled", mode)).toBe("cancelled");
});

test("a step that waits to land fails if GitHub can never rebase it", () => {
  expect(stateAfterRefusedLanding("published", "each")).toBe("failed");
});
