import { expect, test } from "vitest";
import { chooseRedeliveries, type HookDelivery, MAX_REDELIVERIES } from "../../../src/core/events/choose-redeliveries.ts";

const NOW = 1_000_000_000;
const attempt = (id: number, guid: string, isDelivered = false): HookDelivery => ({ id, guid, at: id * 1_000, isDelivered });
const choose = (deliveries: readonly HookDelivery[], requested = new Map<string, { count: number; at: number }>()): number[] =>
  chooseRedeliveries(deliveries, requested, NOW).map(({ id }) => id);

test("each event that never arrived is repeated once, by its last attempt, the oldest event first", () => {
  expect(choose([attempt(4, "a"), attempt(3, "b"), attempt(2, "a"), attempt(1, "c", true)])).toEqual([4, 3]);
});

test("an event that arrived later, or before, is not repeated", () => {
  expect(choose([attempt(2, "a", true), attempt(1, "a")])).toEqual([]);
  expect(choose([attempt(2, "a"), attempt(1, "a", true)])).toEqual([]);
});

test("an event that keeps failing is given up, also if another process asked before", () => {
  const failures = Array.from({ length: MAX_REDELIVERIES + 1 }, (_, at) => attempt(at, "a"));
  expect(choose(failures)).toEqual([]);
  expect(choose(failures.slice(1))).toEqual([MAX_REDELIVERIES]);
  expect(choose([attempt(1, "a")], new Map([["a", { count: MAX_REDELIVERIES, at: 0 }]]))).toEqual([]);
});

test("a repetition that may still be on its way is not requested again", () => {
  expect(choose([attempt(1, "a")], new Map([["a", { count: 1, at: NOW - 60_000 }]]))).toEqual([]);
  expect(choose([attempt(1, "a")], new Map([["a", { count: 1, at: NOW - 3_600_000 }]]))).toEqual([1]);
});
