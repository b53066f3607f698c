import { UNKNOWN } from "../../../src/core/domain/known.ts";
import { expect, test } from "vitest";
import { openYard } from "./yard.ts";

const MINUTE = 60_000;

/** Opens a yard with a number of runners. Runs start in the order of their requests, when a runner is free. */
const openRunners = (runners: number, over: Parameters<typeof openYard>[0] = {}) => {
  let free = runners;
  const yard = openYard({ isStarted: (commit, attempt) => yard.open().indexOf(`${commit}/${attempt}`) < free, ...over });
  for (const name of ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"]) yard.want(name);
  yard.rest();
  return {
    ...yard,
    useRunners: (count: number): void => void (free = count),
    pass: (minutes: number): void => {
      yard.set({ now: yard.state().now + minutes * MINUTE });
      yard.rest();
    },
    slots: (): number | undefined => yard.state().queue.capacity?.slots,
  };
};

test("runs that wait for a runner a minute after their request are given up, and as many slots are used as runs have started", () => {
  const yard = openRunners(2, { parallel: 4 });
  expect(yard.open()).toHaveLength(4);
  yard.pass(0.9);
  expect(yard.open()).toHaveLength(4);
  yard.pass(0.1);
  expect(yard.open()).toHaveLength(2);
  expect(yard.stops()).toEqual([]);
  expect(yard.slots()).toBe(2);
});

test("the runs that are given up are stopped in the plan that gives them up", () => {
  const yard = openYard({ parallel: 3, isStarted: (commit) => commit === "base+a" });
  for (const name of ["a", "b", "c"]) yard.want(name);
  yard.rest();
  yard.set({ now: yard.state().now + MINUTE });
  const before = yard.open();
  const { effects } = yard.once();
  expect(before).toHaveLength(3);
  expect(effects.filter(({ kind }) => kind === "stop")).toHaveLength(2);
});

test("without a configured number, slots double while every run starts on time, and are added one at a time after a wait", () => {
  const yard = openRunners(99, { parallel: 16, firstParallel: 2 });
  expect(yard.open()).toHaveLength(2);
  yard.pass(1);
  expect([yard.slots(), yard.open().length]).toEqual([4, 4]);
  yard.useRunners(3);
  yard.pass(1);
  expect([yard.slots(), yard.open().length]).toEqual([3, 3]);
  expect(yard.state().queue.capacity).toMatchObject({ isLimited: true });
});

test("one run is left to wait if no run has a runner, and slots are added again once it has started", () => {
  const yard = openRunners(0, { parallel: 4 });
  yard.pass(1);
  expect([yard.slots(), yard.open().length]).toEqual([1, 1]);
  yard.useRunners(9);
  yard.pass(4);
  expect(yard.slots()).toBe(1);
  yard.pass(1);
  const [run] = yard.state().queue.candidates.flatMap(({ runs }) => runs);
  expect(run).toMatchObject({ started: true });
});

test("a single run says nothing about further runners, so nothing is read for it", () => {
  let reads = 0;
  const yard = openYard({ parallel: 1, isStarted: () => (reads += 1) > 0 });
  yard.want("a");
  yard.rest();
  yard.set({ now: yard.state().now + 10 * MINUTE });
  yard.rest();
  expect(reads).toBe(0);
});

test("runs that end within a minute show that there are runners again", () => {
  let isFree = false;
  const yard = openYard({ parallel: 16, firstParallel: 4, isStarted: () => isFree });
  for (const name of ["a", "b", "c", "d"]) yard.want(name);
  yard.rest();
  yard.set({ now: yard.state().now + MINUTE });
  yard.rest();
  expect(yard.state().queue.capacity?.slots).toBe(1);
  isFree = true;
  for (let round = 0; round < 20; round += 1) {
    for (const each of ["x", "y", "z"]) yard.want(`${each}${round}`);
    yard.rest();
    yard.set({ now: yard.state().now + 0.9 * MINUTE });
    yard.rest();
    for (const run of yard.open()) yard.ends(run.split("/")[0] ?? "", "success");
  }
  expect(yard.state().queue.capacity?.slots).toBeGreaterThan(3);
});

test("a run that GitHub does not list is neither given up nor counted, and is looked for again a minute later", () => {
  const yard = openYard({ parallel: 4, isStarted: () => UNKNOWN });
  for (const name of ["a", "b", "c", "d"]) yard.want(name);
  yard.rest();
  for (let minute = 1; minute <= 3; minute += 1) {
    yard.set({ now: yard.state().now + MINUTE });
    yard.rest();
    expect(yard.open()).toHaveLength(4);
    expect(yard.state().queue.capacity).toMatchObject({ slots: 4, isLimited: false, nextLook: yard.state().now + MINUTE });
  }
});
