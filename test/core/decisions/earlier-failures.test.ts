import { expect, test } from "vitest";
import { replayDecision } from "../../../src/coordinator/replay-decision.ts";
import { plan, step } from "../../support/build.ts";
import { openStory } from "../../support/story.ts";

const failed = async () => {
  const it = openStory();
  const id = await it.propose(plan(step("a"), step("b")));
  await it.approve();
  await it.fails("a", id, "nginx.conf does not exist");
  return { ...it, id };
};

test("a cancelled execution keeps why its step had failed, until a person retries the step", async () => {
  const it = await failed();
  await it.say(1, { kind: "cancel", target: it.id });
  await it.tell({ kind: "woken" });
  expect(it.at("a")).toMatchObject({ state: "cancelled", refusal: { code: "cancelled" }, failure: { code: "work-failed" } });
  expect(it.at("b")?.failure).toBeUndefined();
  expect(it.comment()).toContain("**`a` had failed** before it was cancelled. nginx.conf does not exist");
  it.replay();
});

test("a skipped step keeps it too, and a retried step does not", async () => {
  const it = await failed();
  await it.say(1, { kind: "skip", target: it.task("a") });
  expect(it.at("a")).toMatchObject({ state: "skipped", failure: { message: "nginx.conf does not exist" } });
  const again = await failed();
  await again.say(1, { kind: "retry", target: again.task("a") });
  await again.say(1, { kind: "cancel", target: again.id });
  expect(again.at("a")).toMatchObject({ state: "cancelled" });
  expect(again.at("a")?.failure).toBeUndefined();
});

test("a decision that an earlier version stored is decided as it was", async () => {
  const it = await failed();
  await it.say(1, { kind: "cancel", target: it.id });
  const write = it.state.writes.find(({ ledger }) => ledger.executions[it.id]?.steps["a"]?.failure);
  if (!write) throw new Error("the failure was kept");
  const { rules: _, ...snapshot } = write.inputs.snapshot;
  const again = replayDecision(write.parent, { ...write.inputs, snapshot });
  expect(again?.executions[it.id]?.steps["a"]).toMatchObject({ state: "cancelled" });
  expect(again?.executions[it.id]?.steps["a"]?.failure).toBeUndefined();
});

test("a stored decision of an earlier version about a planner's fault keeps no reason for the terminal", async () => {
  const it = openStory();
  await it.say(1, { kind: "do", text: "fix it" });
  await it.end("plan/", { end: "crashed", why: "the agent exited with 3" });
  const isFault = ({ ledger }: (typeof it.state.writes)[number]): boolean =>
    Object.values(ledger.executions).some(({ planning }) => planning.lastFailure === "the agent exited with 3");
  const write = it.state.writes.find(isFault);
  if (!write) throw new Error("the reason was kept");
  const { rules: _, ...snapshot } = write.inputs.snapshot;
  const again = replayDecision(write.parent, { ...write.inputs, snapshot });
  expect(Object.values(again?.executions ?? {})[0]?.planning).toMatchObject({ faults: 1 });
  expect(Object.values(again?.executions ?? {})[0]?.planning).not.toHaveProperty("lastFailure");
});
