import { describe, expect, test } from "vitest";
import { atDepth } from "../support/fast-check.ts";
import type { FaultCount } from "./chance.ts";
import { addCounts, describeCounts, findMissingKinds } from "./faults.ts";
import { playHistory } from "./history.ts";
import type { Invariant } from "./oracle.ts";
import { type Sabotage, SABOTAGES } from "./sabotage.ts";
import { describeScenario, shrinkHistory } from "./shrink.ts";

const root = new URL("../..", import.meta.url).pathname;
const PATIENCE = 900_000;
/** `npm run simulate` plays any number of histories. The nightly run plays 500. */
const HISTORIES = Number(process.env["ENKI_HISTORIES"] ?? atDepth(18, 6));

test("random histories hold every invariant after every event", { timeout: PATIENCE }, async () => {
  const counts = new Map<string, FaultCount>();
  for (let seed = 1; seed <= HISTORIES; seed += 1) {
    const end = await playHistory({ seed, root });
    addCounts(counts, end.counts);
    if (end.violations.length > 0) throw new Error(describeScenario(await shrinkHistory({ seed, root }, end)));
  }
  console.log(describeCounts(counts));
  // A run of this length has most kinds. A run of several hundred histories has all kinds.
  if (HISTORIES >= 300) expect(findMissingKinds(counts)).toEqual([]);
});

test("one seed gives one history, line by line", { timeout: PATIENCE }, async () => {
  const [first, second] = [await playHistory({ seed: 8, root }), await playHistory({ seed: 8, root })];
  expect(second.log).toEqual(first.log);
  expect(second.digest).toBe(first.digest);
});

/** Finds the first of a few histories in which a seeded bug is detected. */
const findWith = async (invariant: Invariant, seedBug: () => Sabotage) => {
  for (const seed of [11, 15, 3, 19, 29, 22, 23]) {
    const options = { seed, root, sabotage: { invariant, make: seedBug() } };
    const end = await playHistory(options);
    if (end.violations.some((each) => each.invariant === invariant)) return { end, options };
  }
  return null;
};

describe("a seeded bug", () => {
  test.each(Object.entries(SABOTAGES))("against '%s' is found", { timeout: PATIENCE }, async (invariant, seedBug) => {
    expect(await findWith(invariant as Invariant, seedBug)).not.toBeNull();
  });
});
