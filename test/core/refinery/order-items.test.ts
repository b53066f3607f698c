import { expect, test } from "vitest";
import { openYard } from "./yard.ts";

test("an urgent step takes the next free run, and a run in progress continues", () => {
  const yard = openYard({ parallel: 1, landsTogether: false });
  for (const name of ["a", "b", "c"]) yard.want(name);
  yard.rest();
  expect(yard.open()).toEqual(["base+a/1"]);
  yard.want("z", { rank: 1 });
  yard.rest();
  expect(yard.open()).toEqual(["base+a/1"]);
  yard.ends("base+a", "success");
  expect(yard.open()).toEqual(["base+a+z/1"]);
});

test("everything that an urgent step needs goes ahead with it, in its order", () => {
  const yard = openYard({ parallel: 1 });
  yard.want("a");
  yard.want("b");
  yard.want("c", { needs: ["b"] });
  yard.want("d", { needs: ["c"], rank: 1 });
  yard.want("e", { rank: -1 });
  yard.want("f");
  yard.rest();
  expect(yard.state().queue.items.map(({ task }) => task.at(-1))).toEqual(["b", "c", "d", "a", "f", "e"]);
});

test("the order is that of arrival again once nothing is urgent", () => {
  const yard = openYard({ parallel: 1, landsTogether: false });
  for (const name of ["a", "b", "c"]) yard.want(name);
  yard.want("c", { rank: 1 });
  yard.rest();
  expect(yard.open()).toEqual(["base+c/1"]);
  expect(yard.state().queue.items.map(({ task }) => task.at(-1))).toEqual(["c", "a", "b"]);
});

/** Opens a queue that knows the durations of two kinds of runs. */
const openTimedYard = () => {
  const yard = openYard({ parallel: 1, landsTogether: false });
  const durations = [
    { kind: "slow", ms: 3_600_000 },
    { kind: "fast", ms: 60_000 },
  ];
  yard.set({ queue: { ...yard.state().queue, durations } });
  const order = (): string => {
    yard.rest();
    return yard
      .state()
      .queue.items.map(({ task }) => task.at(-1))
      .join("");
  };
  return { ...yard, order };
};

test("a step with shorter runs goes ahead of one with longer runs, which does not wait for ever", () => {
  const yard = openTimedYard();
  yard.want("a", { kind: "slow" });
  yard.want("b", { kind: "fast" });
  yard.want("c", { kind: "fast" });
  expect(yard.order()).toBe("bca");
  yard.set({ now: 1_000 + 3 * 3_600_000 });
  yard.want("d", { kind: "fast" });
  expect(yard.order()).toBe("bcda");
  yard.set({ now: 1_000 + 5 * 3_600_000 });
  yard.want("e", { kind: "fast" });
  expect(yard.order()).toBe("bcdae");
});

test("a rank counts more than the time of a run", () => {
  const yard = openTimedYard();
  yard.want("a", { kind: "fast" });
  yard.want("b", { kind: "slow", rank: 1 });
  expect(yard.order()).toBe("ba");
});

test("a step with shorter runs stays behind everything that it needs", () => {
  const yard = openTimedYard();
  yard.want("a", { kind: "slow" });
  yard.want("b", { kind: "fast", needs: ["a"] });
  yard.want("c", { kind: "fast" });
  expect(yard.order()).toBe("cab");
});

test("steps without a known time, and times that differ little, keep the order of arrival", () => {
  const yard = openTimedYard();
  yard.want("a", { kind: "new" });
  yard.want("b", { kind: "other" });
  expect(yard.order()).toBe("ab");
  const close = [
    { kind: "new", ms: 60_000 },
    { kind: "other", ms: 50_000 },
  ];
  yard.set({ queue: { ...yard.state().queue, durations: close } });
  expect(yard.order()).toBe("ab");
});

test("a slower step gets a run of its own, so that the run of the faster ones is not as slow", () => {
  const yard = openTimedYard();
  yard.set({ landsTogether: true, parallel: 2 });
  for (const name of ["a", "b", "c"]) yard.want(name, { kind: "fast" });
  yard.want("d", { kind: "slow" });
  yard.rest();
  expect(yard.open()).toEqual(["base+a+b/1", "base+a+b+c/1"]);
  yard.set({ parallel: 3 });
  yard.rest();
  expect(yard.open()).toEqual(["base+a+b/1", "base+a+b+c/1", "base+a+b+c+d/1"]);
});
