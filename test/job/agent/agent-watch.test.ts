import { expect, test } from "vitest";
import { openAgentWatch, type StopCause } from "../../../src/job/agent/agent-watch.ts";
import type { TimerStarter } from "../../../src/storage/git/run-git.ts";

const [DEADLINE, IDLE, PATIENCE] = [3_600_000, 600_000, 30_000];
const SERVER_ERROR = "API Error: 500 server_error";
const BAD_KEY = "API Error: 401 authentication_failed";

const openWatch = () => {
  const timers = new Set<{ readonly delay: number; readonly call: () => void }>();
  const after: TimerStarter = (delay, call) => {
    const timer = { delay, call };
    timers.add(timer);
    return () => void timers.delete(timer);
  };
  const stops: StopCause[] = [];
  const late: string[] = [];
  const onLate = (): void => void late.push("late");
  const watch = openAgentWatch({ timeoutMs: DEADLINE, idleMs: IDLE, after, onStop: (cause) => stops.push(cause), onLate });
  return {
    ...watch,
    stops,
    late,
    delays: () => [...timers].map(({ delay }) => delay).toSorted((a, b) => a - b),
    fire: (delay: number): void => [...timers].find((timer) => timer.delay === delay)?.call(),
  };
};

test.each([
  ["at the time limit", DEADLINE, "timed-out"],
  ["without an event for too long", IDLE, "idle"],
] as const)("stops %s", (_, delay, code) => {
  const it = openWatch();
  it.touch();
  expect(it.delays()).toEqual([IDLE, DEADLINE]);
  it.fire(delay);
  expect(it.stops).toEqual([{ failure: { code }, detail: "" }]);
});

test("stops when the model remains out of reach, with the first reason", () => {
  const it = openWatch();
  it.retry(SERVER_ERROR);
  it.retry("API Error: 529 overloaded");
  expect(it.delays()).toEqual([PATIENCE, IDLE, DEADLINE]);
  it.fire(PATIENCE);
  expect(it.stops).toEqual([{ failure: { code: "overloaded" }, detail: SERVER_ERROR }]);
});

test("stops with the reason that says when the quota is renewed", () => {
  const it = openWatch();
  it.retry("status 429 rate_limit");
  it.retry("status 429, retry-after: 3600");
  it.retry("status 429 rate_limit");
  it.fire(PATIENCE);
  expect(it.stops).toEqual([{ failure: { code: "quota", resets: "in 3600 s" }, detail: "status 429, retry-after: 3600" }]);
});

test("takes a retry without a known reason for an overloaded model", () => {
  const it = openWatch();
  it.retry("hm");
  it.fire(PATIENCE);
  expect(it.stops).toEqual([{ failure: { code: "overloaded" }, detail: "hm" }]);
});

test("is patient again after progress", () => {
  const it = openWatch();
  it.retry(SERVER_ERROR);
  it.touch();
  expect(it.delays()).toEqual([IDLE, DEADLINE]);
});

test("stops at the second refusal of a key, unless the agent made progress between them", () => {
  const it = openWatch();
  it.retry(BAD_KEY);
  it.touch();
  it.retry(BAD_KEY);
  expect(it.stops).toEqual([]);
  it.retry(BAD_KEY);
  expect(it.stops).toEqual([{ failure: { code: "auth" }, detail: BAD_KEY }]);
});

test("stops once, and not after its end", () => {
  const it = openWatch();
  it.fire(IDLE);
  it.fire(DEADLINE);
  it.retry(BAD_KEY);
  expect(it.stops).toHaveLength(1);
  const ended = openWatch();
  ended.retry(SERVER_ERROR);
  ended.close();
  ended.touch();
  expect(ended.delays()).toEqual([]);
});

test("does not count idleness or retries while the agent waits for Enki", () => {
  const it = openWatch();
  it.retry(BAD_KEY);
  it.rest();
  expect(it.delays()).toEqual([DEADLINE]);
  it.touch();
  it.retry(BAD_KEY);
  expect({ delays: it.delays(), stops: it.stops }).toEqual({ delays: [DEADLINE], stops: [] });
  expect(it.wake()).toBe(true);
  expect(it.delays()).toEqual([IDLE, DEADLINE]);
});

test("a time limit that passes while the agent waits for Enki leaves it no time, and stops nothing", () => {
  const it = openWatch();
  it.rest();
  it.fire(DEADLINE);
  expect(it.wake()).toBe(false);
  expect({ late: it.late, stops: it.stops }).toEqual({ late: ["late"], stops: [] });
});
