import { expect, test } from "vitest";
import * as lifecycle from "../../../src/core/domain/queue-item-lifecycle.ts";
import { mayItemTake, QUEUE_ITEM_TRANSITIONS, type QueueItemTransition } from "../../../src/core/domain/queue-item-lifecycle.ts";
import type { Candidate, QueueItem } from "../../../src/core/domain/queue.ts";
import { fc, runs } from "../../support/fast-check.ts";

const REFUSAL = { code: "because", message: "It is so.", next: "/enki status" };
const RED: Candidate = {
  commit: "c".repeat(40),
  tree: "d".repeat(40),
  onto: "e".repeat(40),
  items: [],
  runs: [{ attempt: 1, notBefore: 0, deadline: null, verdict: "red" }],
  faults: 0,
  log: "1 failed",
};

const TAKE: Readonly<Record<QueueItemTransition, (item: QueueItem) => QueueItem>> = {
  awaitResolution: (item) => lifecycle.awaitResolution(item, { tip: "a".repeat(40), paths: ["a.txt"], refusal: REFUSAL }),
  mergeCleanly: (item) => lifecycle.mergeCleanly(item, "a".repeat(40)),
  holdItem: (item) => lifecycle.holdItem(item, REFUSAL),
  freeItem: lifecycle.freeItem,
};
const MARKS: Readonly<Record<string, (item: QueueItem) => QueueItem>> = {
  strike: (item) => lifecycle.strikeItem(item, RED, ["abc123-b"]),
  clear: lifecycle.clearItem,
  doubt: lifecycle.doubtItem,
  forgive: lifecycle.forgiveItem,
};
const TRANSITIONS = Object.keys(QUEUE_ITEM_TRANSITIONS) as QueueItemTransition[];

test("random transitions of a queue item lead only to states that the table names, with a reason exactly while it waits", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...TRANSITIONS, ...Object.keys(MARKS)), { maxLength: 40 }), (names) => {
      let item = lifecycle.enterQueue({ task: "abc123-a", head: "b".repeat(40) });
      for (const name of names) {
        const transition = TRANSITIONS.find((each) => each === name);
        if (transition === undefined) {
          const marked = MARKS[name]?.(item) ?? item;
          expect(marked).toMatchObject({ state: item.state, refusal: item.refusal });
          item = marked;
          continue;
        }
        if (!mayItemTake(transition, item)) {
          expect(() => TAKE[transition](item)).toThrow(`cannot take the transition ${transition}`);
          continue;
        }
        item = TAKE[transition](item);
        expect(QUEUE_ITEM_TRANSITIONS[transition].to as readonly string[]).toContain(item.state);
        if (transition === "freeItem") expect(item).toMatchObject({ state: item.strikes > 0 ? "accused" : "queued", refusal: null });
        expect(item.conflictPaths !== undefined).toBe(item.state === "resolving");
      }
    }),
    { numRuns: runs(300) },
  );
});

test("a strike names the other tasks of the red run, and a run of its own names none", () => {
  const item = lifecycle.enterQueue({ task: "abc123-a", head: "b".repeat(40) });
  const struck = lifecycle.strikeItem({ ...item, passedBefore: true }, RED, ["abc123-b"]);
  expect(struck).toMatchObject({ strikes: 1, passedBefore: false, failedCommit: RED.commit, log: "1 failed", failedWith: ["abc123-b"] });
  expect(lifecycle.strikeItem(struck, RED, [])).toEqual({ ...struck, strikes: 2, failedWith: undefined });
});
