import { expect, test } from "vitest";
import { enterQueue } from "../../../src/core/domain/queue-item-lifecycle.ts";
import { emptyQueue, type Queue } from "../../../src/core/domain/queue.ts";
import { expectDurations, learnDuration } from "../../../src/core/refinery/verify-durations.ts";
import { toVerifyKind } from "../../../src/core/refinery/verify-kind.ts";

const MINUTE_MS = 60_000;
const names = ["slow", "fast", "new"];
const queue: Queue = {
  ...emptyQueue,
  items: [...names, ""].map((kind) =>
    enterQueue({ task: `abcdef-${kind}`, head: kind, ...(kind !== "" && { verifyKind: kind, enteredAt: 0 }) }),
  ),
};

const learn = (before: Queue, kinds: readonly string[], minutes: number): Queue =>
  learnDuration(before, { items: kinds.map((kind) => ({ task: `abcdef-${kind}`, head: kind, merge: "" })) }, minutes * MINUTE_MS);

const minutesOf = (learned: Queue): Record<string, number> =>
  Object.fromEntries(names.map((kind) => [kind, expectDurations(learned)(kind) / MINUTE_MS]));

test("the times of runs of one kind are averaged, the newest weighs most", () => {
  const once = learn(queue, ["slow"], 20);
  expect(minutesOf(once)).toEqual({ slow: 20, fast: 20, new: 20 });
  expect(minutesOf(learn(once, ["slow", "slow"], 30))).toMatchObject({ slow: 23 });
});

test("an unknown kind is expected to take as long as the known ones do on average", () => {
  expect(minutesOf(learn(learn(queue, ["slow"], 30), ["fast"], 10))).toEqual({ slow: 30, fast: 10, new: 20 });
  expect(minutesOf(queue)).toEqual({ slow: 0, fast: 0, new: 0 });
});

test("no kind takes longer than a run with others, and the first run of its own counts in full", () => {
  const bound = learn(queue, ["slow", "fast"], 20);
  expect(minutesOf(bound)).toMatchObject({ slow: 20, fast: 20 });
  expect(minutesOf(learn(bound, ["fast", "new"], 4))).toEqual({ slow: 20, fast: 4, new: 4 });
  expect(minutesOf(learn(bound, ["fast"], 5))).toMatchObject({ slow: 20, fast: 5 });
});

test("a longer run of several kinds is explained by the slowest of them", () => {
  const known = learn(learn(queue, ["slow"], 20), ["fast"], 2);
  expect(minutesOf(learn(known, ["slow", "fast"], 30))).toMatchObject({ slow: 23, fast: 2 });
});

test("an item of an earlier version teaches nothing", () => {
  expect(learn(queue, [""], 20)).toBe(queue);
});

test("only the newest hundred kinds are kept", () => {
  let learned = queue;
  for (let at = 0; at < 120; at += 1) {
    const item = enterQueue({ task: "abcdef-slow", head: "slow", verifyKind: `kind ${at}`, enteredAt: 0 });
    learned = learn({ ...learned, items: [item] }, ["slow"], 1);
  }
  expect(learned.durations).toHaveLength(100);
  expect(learned.durations?.at(-1)?.kind).toBe("kind 119");
});

test("the kind of a step: its own commands and the folders that it may change, two levels deep", () => {
  const of = (paths: string[], verify: string[] = []): string => toVerifyKind({ paths, verify });
  expect(of([], ["npm run e2e"])).toBe("npm run e2e");
  expect(of(["packages/web/src/**", "packages/web/test/*.ts"])).toBe("packages/web/");
  expect(of(["src/**/*.ts", "docs/index.md", "README.md"])).toBe("/\ndocs/\nsrc/");
  expect(of(["src/**"])).toBe(of(["src/*.ts"]));
  expect(of(["a/b/c/d.ts"], ["x".repeat(400)]).length).toBe(300);
});
