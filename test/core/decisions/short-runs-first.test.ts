import { expect, test } from "vitest";
import { decide } from "../../../src/core/decisions/decide.ts";
import type { QueryFacts } from "../../../src/core/domain/query.ts";
import { plan, step } from "../../support/build.ts";
import { config } from "../../support/config.ts";
import { openStory } from "../../support/story.ts";

const base = config();
const oneRun = config({ refinery: { ...base.refinery, parallel: 1 } });
const MINUTE_MS = 60_000;

/** Opens a base on which a step with slow tests and a step with fast tests landed. */
const openExperienced = async () => {
  const it = openStory({ config: oneRun });
  const slow = { verify: ["npm run e2e"] };
  const needs = ["slow"];
  const rest = [step("first", { needs }), step("later", { ...slow, needs }), step("last", { needs })];
  await it.propose(plan(step("quick"), step("slow", { ...slow, needs: ["quick"] }), ...rest));
  await it.approve();
  await it.worked("quick");
  it.state.now += 2 * MINUTE_MS;
  await it.verified();
  await it.worked("slow");
  it.state.now += 25 * MINUTE_MS;
  await it.verified();
  return it;
};

const order = (it: Awaited<ReturnType<typeof openExperienced>>) => it.state.ledger.queues["main"]?.items.map(({ task }) => task);

test("given runs of two lengths, then the queue knows how long each takes, and a step with short runs goes ahead", async () => {
  const it = await openExperienced();
  const durations = it.state.ledger.queues["main"]?.durations ?? [];
  expect(durations.map(({ kind, ms }) => [kind, Math.floor(ms / MINUTE_MS)])).toEqual([
    ["", 2],
    ["npm run e2e", 25],
  ]);
  await it.worked("first");
  await it.worked("later");
  await it.worked("last");
  expect(order(it)).toEqual([it.task("first"), it.task("last"), it.task("later")]);
  it.replay();
});

test("given a red run, then nothing is learned, because it ended at its first failure", async () => {
  const it = await openExperienced();
  const before = it.state.ledger.queues["main"]?.durations;
  await it.worked("first");
  await it.end("verify/", { end: "failed" });
  expect(it.state.ledger.queues["main"]?.durations).toEqual(before);
});

test("given a decision of an earlier version, then its replay keeps the order of arrival", async () => {
  const it = await openExperienced();
  await it.worked("first");
  const write = it.state.writes.at(-1);
  if (!write) throw new Error("nothing was written");
  const { facts, ...frame } = write.inputs.snapshot;
  const again = decide(write.inputs.events, { ...frame, rules: 2, ledger: write.parent, facts: new Map(facts) as QueryFacts });
  const item = again.kind === "act" ? again.ledger.queues["main"]?.items[0] : null;
  expect(item?.task).toBe(it.task("first"));
  expect(item).not.toHaveProperty("verifyKind");
});
