import { expect, test } from "vitest";
import { openStepLists } from "../../../src/core/decisions/step-lists.ts";
import { createStep, type Step } from "../../../src/core/domain/step.ts";

const record = (...ids: string[]): Record<string, Step> => Object.fromEntries(ids.map((id) => [id, createStep(id)]));
const running = (id: string): Step => ({ ...createStep(id), state: "running" });

test("a list follows writes to its record and to copies, and stays stable during iteration", () => {
  const lists = openStepLists();
  const first = record("a", "b", "c");
  const seen = lists.list(first);
  const copy: Record<string, Step> = { ...first, b: running("b") };
  lists.recordWrite(first, copy, running("b"));
  copy["c"] = running("c");
  lists.recordWrite(copy, copy, running("c"));
  expect(lists.list(copy)).toEqual(Object.values(copy));
  expect(lists.list(copy)).toBe(lists.list(copy));
  copy["a"] = running("a");
  lists.recordWrite(copy, copy, running("a"));
  expect(lists.list(copy)).toEqual(Object.values(copy));
  expect(seen.map(({ state }) => state)).toEqual(["pending", "pending", "pending"]);
  expect(lists.list(first)).toBe(seen);
});

test("new steps appear in record order, and records are not confused", () => {
  const lists = openStepLists();
  const [one, other] = [record("a", "b", "z"), record("a", "c", "z")];
  for (const each of [one, other]) lists.list(each);
  for (const [each, id] of [
    [one, "b"],
    [other, "c"],
    [one, "7"],
    [one, "y"],
  ] as const) {
    each[id] = running(id);
    lists.recordWrite(each, each, running(id));
    expect(lists.list(each)).toEqual(Object.values(each));
  }
  expect(lists.list(one).map(({ id }) => id)).toEqual(["7", "a", "b", "z", "y"]);
});
