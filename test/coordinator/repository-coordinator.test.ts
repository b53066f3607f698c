import { expect, test } from "vitest";
import { readConfig } from "../../src/core/config/read-config.ts";
import { openCoordinator, type CoordinatorTimers } from "../../src/coordinator/repository-coordinator.ts";
import { comment } from "../support/build.ts";
import { memoryWorld } from "../support/memory-world.ts";

/** Creates timers that a test fires by hand. */
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

test("a repository with a huge configuration delays another one's event by a bounded number of its own turns", async () => {
  const quick = memoryWorld();
  const slow = memoryWorld();
  const turns: string[] = [];
  const huge = Array.from({ length: 40 }, (_, at) => ({ path: `roles/r${at}.toml`, text: "[a]\n".repeat(60_000) }));
  const load: typeof slow.world.load = async () => {
    turns.push("huge");
    const { config, faults } = readConfig(huge);
    expect(new Set(faults.map(({ code }) => code))).toEqual(new Set(["too-large", "bad-toml"]));
    return { ...(await slow.world.load()), config: { ...config, broken: null } };
  };
  const coordinator = openCoordinator({
    connect: (repository) => Promise.resolve(repository === "a/huge" ? { ...slow.world, load } : quick.world),
    timers: byHand().timers,
    sweepIntervalMs: 300_000,
    reportFault: (_, error) => expect.unreachable(String(error)),
  });
  const flood = Array.from({ length: 20 }, (_, at) => coordinator.receive("a/huge", [comment(at + 1, { kind: "help" })]));
  await coordinator.receive("b/quick", [comment(1, { kind: "do", text: "x" })]);
  expect(turns.length).toBeLessThanOrEqual(3);
  expect(Object.keys(quick.state.ledger.executions)).toHaveLength(1);
  await Promise.all(flood);
  expect(Object.keys(slow.state.ledger.handledEvents)).toHaveLength(20);
  await coordinator.close();
});
