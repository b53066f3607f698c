import { expect, test } from "vitest";
import { openCoordinator, type CoordinatorTimers } from "../../src/coordinator/repository-coordinator.ts";
import { comment } from "../support/build.ts";
import { memoryWorld } from "../support/memory-world.ts";

/** Timers that a test fires by hand. */
const byHand = () => {
  const set: { delay: number; call: () => void }[] = [];
  const timers: CoordinatorTimers = {
    now: () => 0,
    after: (delay, call) => {
      const entry = { delay, call };
      set.push(entry);
      return () => void set.splice(set.indexOf(entry), 1);
    },
  };
  return { timers, set };
};

test("events during a call join the next one; none is lost or doubled", async () => {
  const world = memoryWorld();
  const { timers } = byHand();
  const coordinator = openCoordinator({
    connect: () => Promise.resolve(world.world),
    timers,
    sweepIntervalMs: 300_000,
    reportFault: (_, error) => expect.unreachable(String(error)),
  });
  const first = coordinator.receive("a/b", [comment(1, { kind: "do", text: "x" })]);
  void coordinator.receive("a/b", [comment(1, { kind: "do", text: "x" }), comment(2, { kind: "help" })]);
  await first;
  await coordinator.waitUntilIdle();
  expect(Object.keys(world.state.ledger.handledEvents).sort()).toEqual(["comment:1", "comment:2"]);
  expect(Object.keys(world.state.ledger.executions)).toHaveLength(1);
  await coordinator.close();
});

test("reports a call that throws and retries its events by the timer", async () => {
  const world = memoryWorld();
  const { timers, set } = byHand();
  const told: unknown[] = [];
  let broken = true;
  const connect = () => (broken ? Promise.reject(new Error("no network")) : Promise.resolve(world.world));
  const coordinator = openCoordinator({ connect, timers, sweepIntervalMs: 300_000, reportFault: (_, error) => told.push(error) });
  await coordinator.receive("a/b", [comment(1, { kind: "do", text: "x" })]);
  expect(String(told[0])).toContain("no network");
  broken = false;
  set[0]?.call();
  await coordinator.waitUntilIdle();
  expect(Object.keys(world.state.ledger.handledEvents)).toEqual(["comment:1"]);
  await coordinator.close();
  expect(set).toEqual([]);
});
