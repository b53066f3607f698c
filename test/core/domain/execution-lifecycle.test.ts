import { expect, test } from "vitest";
import * as lifecycle from "../../../src/core/domain/execution-lifecycle.ts";
import { EXECUTION_TRANSITIONS, type ExecutionTransition, mayExecutionTake } from "../../../src/core/domain/execution-lifecycle.ts";
import { type Execution, hasEnded } from "../../../src/core/domain/execution.ts";
import { MAX_FAULTS } from "../../../src/core/domain/retry-policy.ts";
import { fc, runs } from "../../support/fast-check.ts";

const REFUSAL = { code: "because", message: "It is so.", next: "/enki status" };
const REQUEST = {
  id: "abc123",
  issue: 1,
  onPullRequest: false,
  requestedBy: "maintainer",
  request: "do it",
  baseBranch: "main",
  createdAt: 1,
};
const APPROVAL = { approved: { plan: "f".repeat(64), by: "maintainer", at: 2 }, steps: {} };

/** Takes a transition with plain arguments. */
const TAKE: Readonly<Record<ExecutionTransition, (execution: Execution) => Execution>> = {
  propose: (execution) => lifecycle.propose(execution, { plan: "f".repeat(64), deadline: 5 }),
  askPerson: (execution) => lifecycle.askPerson(execution, { refusal: REFUSAL, deadline: 5 }),
  replan: lifecycle.replan,
  approve: (execution) => lifecycle.approve(execution, APPROVAL),
  pause: (execution) => lifecycle.pauseExecution(execution, REFUSAL),
  resume: lifecycle.resumeExecution,
  reopen: lifecycle.reopen,
  finish: (execution) => lifecycle.finishExecution(execution, "done", null),
  fail: (execution) => lifecycle.failExecution(execution, REFUSAL),
  cancel: (execution) => lifecycle.cancelExecution(execution, REFUSAL),
};
const TRANSITIONS = Object.keys(EXECUTION_TRANSITIONS) as ExecutionTransition[];

test("random transitions of an execution lead only to states that the table names, and explain each stop", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...TRANSITIONS), { maxLength: 40 }), (names) => {
      let execution = lifecycle.createExecution(REQUEST);
      for (const name of names) {
        if (!mayExecutionTake(name, execution)) {
          expect(() => TAKE[name](execution)).toThrow(`cannot take the transition ${name}`);
          continue;
        }
        execution = TAKE[name](execution);
        expect(EXECUTION_TRANSITIONS[name].to as readonly string[]).toContain(execution.state);
        if (["asking", "paused", "failed", "cancelled"].includes(execution.state)) expect(execution.refusal).not.toBeNull();
        else expect(execution.refusal).toBeNull();
        if (execution.state === "asking") expect(execution.planning.deadline).not.toBeNull();
      }
    }),
    { numRuns: runs(300) },
  );
});

test("a cancelled execution keeps the deadline of a running planner's job until it is stopped", () => {
  const planning = { attempt: 1, faults: 0, notBefore: 0, deadline: 9 };
  const cancelled = lifecycle.cancelExecution(lifecycle.createExecution({ ...REQUEST, planning }), REFUSAL);
  expect(hasEnded(cancelled)).toBe(true);
  expect(cancelled.planning.deadline).toBe(9);
  const proposed = lifecycle.createExecution({ ...REQUEST, state: "proposed", planning });
  expect(lifecycle.cancelExecution(proposed, REFUSAL).planning.deadline).toBeNull();
});

test("a planner's fault is retried twice, each time after a longer pause", () => {
  let execution: Execution | null = lifecycle.createExecution(REQUEST);
  const pauses: number[] = [];
  for (let fault = 0; fault < MAX_FAULTS && execution; fault += 1) {
    execution = lifecycle.retryPlannerAfterFault(execution, { reason: "it crashed", now: 1_000 });
    pauses.push((execution?.planning.notBefore ?? 0) - 1_000);
  }
  expect(pauses).toEqual([5_000, 10_000]);
  expect(execution && lifecycle.retryPlannerAfterFault(execution, { reason: "it crashed", now: 1_000 })).toBeNull();
  expect(execution?.planning.attempt).toBe(3);
});
