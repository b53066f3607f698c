import { describe, expect, test } from "vitest";
import * as lifecycle from "../../../src/core/domain/step-lifecycle.ts";
import { MAX_FAULTS, PERSON_WAIT_MS } from "../../../src/core/domain/retry-policy.ts";
import { mayTake, STEP_TRANSITIONS, type StepTransition } from "../../../src/core/domain/step-transitions.ts";
import { createStep, isTerminalState, type Step, type StepState } from "../../../src/core/domain/step.ts";
import { fc, runs } from "../../support/fast-check.ts";

const REFUSAL = { code: "because", message: "It is so.", next: "/enki status" };
const HEAD = { sha: "a".repeat(40), since: 1, by: "worker" } as const;
const NOW = 1_000;

/** Takes a transition with plain arguments. Returns null for a fault without a retry. */
const TAKE: Readonly<Record<StepTransition, (step: Step) => Step | null>> = {
  requireNeeds: (step) => lifecycle.requireNeeds(step, true),
  block: (step) => lifecycle.block(step, REFUSAL),
  startAttempt: (step) =>
    lifecycle.startAttempt(step, {
      attempt: step.attempt + 1,
      deadline: NOW + 60,
      baseCommit: "b".repeat(40),
      baseTip: undefined,
      builtOn: [],
      headResults: undefined,
      unreadRemarks: [],
    }),
  retryAfterFault: (step) => lifecycle.retryAfterFault(step, { reason: "crashed", now: NOW }),
  awaitQuota: (step) => lifecycle.awaitQuota(step, { until: NOW + 60, count: 1 }),
  publishRevert: (step) => lifecycle.publishRevert(step, { head: HEAD, builtOn: [] }),
  publish: (step) => lifecycle.publish(step, { head: HEAD, answers: true }),
  finish: (step) => lifecycle.finish(step, null),
  awaitApproval: (step) => lifecycle.awaitApproval(step, REFUSAL, NOW),
  awaitAnswer: (step) => lifecycle.awaitAnswer(step, { refusal: REFUSAL, deadline: NOW + 5 }),
  receiveAnswer: (step) => lifecycle.receiveAnswer(step),
  approveReport: (step) => lifecycle.approveReport(step, null),
  queueBehind: (step) => lifecycle.queueBehind(step, null),
  replaceHead: (step) => lifecycle.replaceHead(step, { head: HEAD }),
  hold: (step) => lifecycle.hold(step, REFUSAL, NOW),
  release: (step) => lifecycle.release(step),
  requestChanges: (step) => lifecycle.requestChanges(step),
  repeatInterrupted: (step) => lifecycle.repeatInterrupted(step),
  requestRepair: (step) => lifecycle.requestRepair(step, "a field is missing"),
  land: (step) => lifecycle.land(step, { commit: "c".repeat(40), at: NOW }),
  fail: (step) => lifecycle.fail(step, REFUSAL),
  retry: (step) => lifecycle.retry(step, { keepsWork: step.head !== null, lastFailure: null }),
  restart: (step) => lifecycle.restart(step),
  abandon: (step) => lifecycle.abandon(step, REFUSAL),
  pause: (step) => lifecycle.pause(step, REFUSAL),
  resume: (step) => lifecycle.resume(step),
  skip: (step) => lifecycle.skip(step, REFUSAL),
  cancel: (step) => lifecycle.cancel(step, REFUSAL),
};

const TRANSITIONS = Object.keys(STEP_TRANSITIONS) as StepTransition[];

test("random transitions lead only to states that the table names, and leave each state consistent", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...TRANSITIONS), { maxLength: 60 }), (names) => {
      let step: Step = createStep("fix");
      for (const name of names) {
        if (!mayTake(name, step)) {
          expect(() => TAKE[name](step)).toThrow(`cannot take the transition ${name}`);
          continue;
        }
        const next = TAKE[name](step);
        if (next === null) expect(step.faults).toBe(MAX_FAULTS);
        else expect(STEP_TRANSITIONS[name].to as readonly StepState[]).toContain(next.state);
        step = next ?? step;
        // A failed or blocked state has a refusal. A state that waits for a person has a deadline.
        if (step.state === "failed" || step.state === "blocked") expect(step.refusal).not.toBeNull();
        if (step.state === "waiting") expect(step.deadline).not.toBeNull();
        if (step.state === "ready" || step.state === "pending") expect(step.refusal).toBeNull();
        if (step.resumeAs !== null) expect(["paused", "blocked"]).toContain(step.state);
        if (step.state === "done" && step.landed) expect(step.deadline).toBeNull();
      }
    }),
    { numRuns: runs(300) },
  );
});

test("only a landing or a person's command leads out of a terminal state", () => {
  const leaving = TRANSITIONS.filter((name) => STEP_TRANSITIONS[name].from.some((state) => isTerminalState(state)));
  expect(leaving).toEqual([
    "requireNeeds",
    "block",
    "queueBehind",
    "replaceHead",
    "requestRepair",
    "land",
    "fail",
    "retry",
    "restart",
    "abandon",
    "skip",
    "cancel",
  ]);
});

describe("deadlines", () => {
  const running = TAKE.startAttempt(lifecycle.requireNeeds(createStep("fix"), true));
  /** A step whose job has ended and is no longer awaited. */
  const RUNNING = { ...createStep("fix"), state: "running", attempt: 1 } as const;
  const at = (step: Step | null): Step => step ?? createStep("none");

  test("a run that is paused, skipped or cancelled keeps its deadline until it is stopped", () => {
    for (const name of ["pause", "skip", "cancel"] as const) expect(at(TAKE[name](at(running))).deadline).toBe(NOW + 60);
  });

  test("a wait for a person ends with its state", () => {
    const held = at(TAKE.hold(at(TAKE.publish(RUNNING))));
    expect(held.deadline).toBe(NOW + PERSON_WAIT_MS);
    for (const name of ["pause", "skip", "cancel", "release", "requestChanges"] as const) expect(at(TAKE[name](held)).deadline).toBeNull();
  });

  test("a hold whose reason changes keeps its deadline", () => {
    const held = at(TAKE.hold(at(TAKE.publish(RUNNING))));
    expect(lifecycle.hold(held, { ...REFUSAL, code: "draft" }, NOW + 10).deadline).toBe(NOW + PERSON_WAIT_MS);
  });
});

test("a fault is retried twice, each time after a longer pause", () => {
  let step: Step | null = createStep("fix");
  const pauses: number[] = [];
  const run = (last: Step | null): Step => ({ ...createStep("fix"), state: "running", faults: last?.faults ?? 0 });
  for (let fault = 0; fault < MAX_FAULTS; fault += 1) {
    step = lifecycle.retryAfterFault(run(step), { reason: "timed-out", now: NOW });
    pauses.push((step?.notBefore ?? 0) - NOW);
  }
  expect(pauses).toEqual([5_000, 10_000]);
  expect(lifecycle.retryAfterFault(run(step), { reason: "timed-out", now: NOW })).toBeNull();
});
