import { expect, test } from "vitest";
import { openClock } from "./clock.ts";

test("a pause of no length ends before time passes", async () => {
  const clock = openClock();
  const seen: string[] = [];
  clock.plan(1_000, () => seen.push("an event"));
  clock.after(0, () => seen.push("a pause"));
  expect(await clock.advance()).toBe(true);
  expect(seen).toEqual(["a pause"]);
  expect(clock.now()).toBe(clock.start);
  expect(await clock.advance()).toBe(true);
  expect(seen).toEqual(["a pause", "an event"]);
});

test("the clock is not over while a program pauses for no time", async () => {
  const clock = openClock();
  const seen: string[] = [];
  clock.after(0, () => seen.push("a pause"));
  expect(await clock.advance()).toBe(true);
  expect(seen).toEqual(["a pause"]);
  expect(await clock.advance()).toBe(false);
});

test("a cancelled pause is nothing to wait for", async () => {
  const clock = openClock();
  clock.after(0, () => expect.unreachable("it was cancelled"))();
  expect(await clock.advance()).toBe(false);
});
