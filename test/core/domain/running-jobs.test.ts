import { expect, test } from "vitest";
import type { Execution } from "../../../src/core/domain/execution.ts";
import type { Ledger } from "../../../src/core/domain/ledger.ts";
import { emptyQueue, type VerifyRun } from "../../../src/core/domain/queue.ts";
import { expectsFewResults, listRunningJobs } from "../../../src/core/domain/running-jobs.ts";
import type { Step } from "../../../src/core/domain/step.ts";
import { stepIn } from "../../support/build.ts";

const ledgerOf = (executions: Partial<Execution>[], runs: VerifyRun[] = []): Pick<Ledger, "executions" | "queues"> =>
  ({
    executions: Object.fromEntries(executions.map((each) => [each.id, { steps: {}, planning: { attempt: 1 }, ...each }])),
    queues: { main: { ...emptyQueue, candidates: [{ commit: "a".repeat(40), runs }] } },
  }) as unknown as Pick<Ledger, "executions" | "queues">;
const stepsOf = (...steps: Step[]): Execution["steps"] => Object.fromEntries(steps.map((each) => [each.id, each]));
const run = (over: Partial<VerifyRun>): VerifyRun => ({ attempt: 1, notBefore: 0, deadline: 9, verdict: null, ...over });

test("lists planners, workers and verifications whose result the ledger waits for", () => {
  const steps = stepsOf(stepIn("fix", "running", { attempt: 2 }), stepIn("later", "pending"), stepIn("old", "done", { attempt: 1 }));
  const executions = [
    { id: "aaaaaa", state: "planning" as const },
    { id: "bbbbbb", state: "running" as const, steps },
  ];
  expect(listRunningJobs(ledgerOf(executions, [run({ attempt: 3 })]))).toEqual([
    "plan/aaaaaa/1",
    "work/bbbbbb-fix/2",
    `verify/${"a".repeat(40)}/3`,
  ]);
});

test("lists the trial of a step while it runs", () => {
  const trial = {
    head: "b".repeat(40),
    faults: 0,
    state: "running",
    commit: "c".repeat(40),
    onto: "d".repeat(40),
    attempt: 2,
    deadline: 9,
  } as const;
  const steps = stepsOf(
    stepIn("fix", "waiting", { trial }),
    stepIn("more", "waiting", { trial: { head: "b".repeat(40), faults: 0, state: "waiting", notBefore: 0 } }),
  );
  expect(listRunningJobs(ledgerOf([{ id: "bbbbbb", state: "running", steps }]))).toEqual([`verify/trial-${"c".repeat(40)}/2`]);
});

test.each([
  ["has a verdict", { verdict: "green" }],
  ["waits for its back-off", { deadline: null }],
  ["passed and waits for required checks", { verified: true }],
] as const)("does not list a verification that %s", (_, over) => {
  expect(listRunningJobs(ledgerOf([], [run(over)]))).toEqual([]);
});

test.each([
  [0, true],
  [3, true],
  [4, false],
])("with %i other results to come, a job that publishes coordinates itself: %s", (others, coordinates) => {
  const running = Array.from({ length: others + 1 }, (_, at) => run({ attempt: at + 1 }));
  expect(expectsFewResults(ledgerOf([], running), `verify/${"a".repeat(40)}/1`)).toBe(coordinates);
});
