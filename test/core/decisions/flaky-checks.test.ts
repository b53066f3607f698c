import { expect, test } from "vitest";
import type { CheckFailure } from "../../../src/core/domain/flaky-check.ts";
import { plan, step } from "../../support/build.ts";
import { openStory } from "../../support/story.ts";

const COMMAND = "true";
const failed = (...tests: string[]): CheckFailure => ({ command: COMMAND, tests, passedAgain: false });
const status = { kind: "status", target: null } as const;

/** Opens a plan whose first step is being verified. */
const openVerified = async () => {
  const it = openStory();
  await it.propose(plan(step("fix"), step("docs", { needs: [{ step: "fix", condition: "merged" }] })));
  await it.approve();
  await it.worked("fix");
  return it;
};

test("given a red run, when the same candidate is green, then the status names the command and the test that flaked", async () => {
  const it = await openVerified();
  await it.say(1, status);
  expect(it.lastReply()).not.toContain("Flaky");

  await it.end("verify/", { end: "failed", failures: [failed("mail > *sent*")] });
  // The base runs alone first, then the step again.
  await it.verified();
  await it.verified();
  expect(it.states()).toMatchObject({ fix: "done" });
  await it.say(1, status);
  expect(it.lastReply()).toContain(
    "Flaky on `main` in the last 30 days:\n\n- `true` failed and then passed on the same files once in 2 runs: mail \\> \\*sent\\* (once)",
  );
  it.replay();
});

test("given a green run that repeated a command, then the step lands without a red run, and the flake counts", async () => {
  const it = await openVerified();
  await it.end("verify/", { end: "success", failures: [{ ...failed("mail"), passedAgain: true }] });
  expect(it.states()).toMatchObject({ fix: "done" });
  expect(it.state.ledger.queues["main"]?.flakiness?.checks).toMatchObject([{ command: COMMAND, flakes: 1, runs: 1 }]);
  it.replay();
});

test("given a step that is really bad, then its red runs are no flakes", async () => {
  const it = await openVerified();
  while (it.states()["fix"] !== "failed")
    await it.end("verify/", it.isRunning(`verify/${it.base()}/1`) ? { end: "success" } : { end: "failed", failures: [failed("mail")] });
  await it.say(1, status);
  expect(it.lastReply()).not.toContain("Flaky");
});

test("given a job without a verdict, then nothing counts", async () => {
  const it = await openVerified();
  await it.end("verify/", { end: "crashed", failures: [failed("mail")] });
  expect(it.state.ledger.queues["main"]?.flakiness).toBeUndefined();
});
