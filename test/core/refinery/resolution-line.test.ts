import { UNKNOWN } from "../../../src/core/domain/known.ts";
import { expect, test } from "vitest";
import type { TaskId } from "../../../src/core/domain/ids.ts";
import { emptyQueue, type QueueItem } from "../../../src/core/domain/queue.ts";
import { planResolutions } from "../../../src/core/refinery/resolution-line.ts";
import type { QueueEntrant, RefineryState } from "../../../src/core/refinery/refinery-state.ts";
import { openYard } from "./yard.ts";

const task = (name: string): TaskId => `abcdef-${name}`;

type Line = {
  readonly items: readonly (Partial<QueueItem> & { readonly name: string })[];
  readonly entrants?: Readonly<Record<string, Partial<QueueEntrant>>>;
  readonly state?: Partial<RefineryState>;
  /** Pairs of steps that cannot be merged with each other. */
  readonly clashes?: readonly string[];
};

/** Plans a queue. Items with `conflictPaths` conflict with the base; items with `resolvedPaths` were resolved and wait to land. */
const planLine = ({ items, entrants = {}, state = {}, clashes = [] }: Line) => {
  const queued = items.map(({ name, ...rest }): QueueItem => {
    const conflict = { code: "conflict", message: "", next: "" };
    const fresh = { refusal: null, strikes: 0, passedBefore: false, mergedAgainst: "base", failedCommit: null, log: "" };
    const resolving = rest.conflictPaths ? { state: "resolving" as const, refusal: conflict } : { state: "queued" as const };
    return { ...fresh, task: task(name), head: name, ...resolving, ...rest };
  });
  const entering = items.map(({ name }): QueueEntrant => ({
    task: task(name),
    head: name,
    message: "",
    needs: [],
    refusal: null,
    ...entrants[name],
  }));
  const yard = openYard({}, clashes);
  const planned = planResolutions({ ...yard.state(), entrants: entering, ...state }, { ...emptyQueue, items: queued });
  return planned.map((effect) => (effect.kind === "resolve" ? `${effect.task.slice(7)} on ${effect.onto}` : effect.kind));
};

const hot = { conflictPaths: ["a.txt"] };

test("resolves conflicts in one file one at a time, and in other files beside them", () => {
  expect(
    planLine({
      items: [
        { name: "a", ...hot },
        { name: "b", ...hot },
        { name: "c", conflictPaths: ["c.txt"] },
      ],
    }),
  ).toEqual(["a on base", "c on base"]);
});

test("keeps a line that two files connect in one piece", () => {
  const items = [
    { name: "a", ...hot },
    { name: "b", conflictPaths: ["a.txt", "b.txt"] },
    { name: "c", conflictPaths: ["b.txt"] },
  ];
  expect(planLine({ items })).toEqual(["a on base"]);
});

test("resolves the next step on top of the resolved ones that have not landed, and of what they need", () => {
  const items = [{ name: "n" }, { name: "a" }, { name: "x" }, { name: "b", ...hot }];
  const entrants = { a: { resolvedPaths: ["a.txt"], needs: [task("n")] }, x: { resolvedPaths: ["x.txt"] } };
  expect(planLine({ items, entrants })).toEqual(["b on base+n+a"]);
});

test("goes on with the step that a job resolves already, although others are ahead of it", () => {
  const items = [
    { name: "a", ...hot },
    { name: "b", ...hot },
  ];
  expect(planLine({ items, entrants: { b: { isBeingResolved: true } } })).toEqual(["b on base"]);
});

test("lets the next step go ahead of one whose execution may spend no more, until nobody else waits", () => {
  const items = [
    { name: "a", ...hot },
    { name: "b", ...hot },
  ];
  const entrants = { a: { isOutOfBudget: true } };
  expect(planLine({ items, entrants })).toEqual(["b on base"]);
  expect(planLine({ items: items.slice(0, 1), entrants })).toEqual(["a on base"]);
});

test("builds on no step that is accused, held or resolved again", () => {
  const items = [
    { name: "a", state: "accused" as const },
    { name: "b", state: "held" as const },
    { name: "c", ...hot },
    { name: "d", ...hot },
  ];
  const resolved = { resolvedPaths: ["a.txt"] };
  expect(planLine({ items, entrants: { a: resolved, b: resolved, d: resolved } })).toEqual(["c on base"]);
});

test("leaves out a resolved step that cannot be merged with the one ahead of it", () => {
  const resolved = { resolvedPaths: ["a.txt"] };
  const items = [{ name: "a" }, { name: "b" }, { name: "c", ...hot }];
  expect(planLine({ items, entrants: { a: resolved, b: resolved }, clashes: ["ab"] })).toEqual(["c on base+a"]);
});

test("waits when the line ahead is as long as the runs that verify it", () => {
  const names = ["a", "b", "c", "d", "e"];
  const items = [...names.map((name) => ({ name })), { name: "z", ...hot }];
  const entrants = Object.fromEntries(names.map((name) => [name, { resolvedPaths: ["a.txt"] }]));
  expect(planLine({ items, entrants, state: { parallel: 1 } })).toEqual([]);
  expect(planLine({ items, entrants, state: { parallel: 5 } })).toEqual(["z on base+a+b+c+d+e"]);
});

test("resolves on the base alone if GitHub rewrites commits when it merges", () => {
  const items = [{ name: "a" }, { name: "b", ...hot }];
  expect(planLine({ items, entrants: { a: { resolvedPaths: ["a.txt"] } }, state: { stacksResolutions: false } })).toEqual(["b on base"]);
});

test("waits for the conflict to be checked on the present base, and for facts", () => {
  expect(
    planLine({
      items: [
        { name: "a", ...hot, mergedAgainst: "earlier" },
        { name: "b", ...hot },
      ],
    }),
  ).toEqual([]);
  const items = [{ name: "a" }, { name: "b", ...hot }];
  expect(planLine({ items, entrants: { a: { resolvedPaths: ["a.txt"] } }, state: { mergeChain: () => UNKNOWN } })).toEqual([]);
});
