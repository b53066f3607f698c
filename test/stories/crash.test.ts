import { availableParallelism } from "node:os";
import { afterAll, beforeAll, expect, test } from "vitest";
import { plantSeed, type Seed } from "./crash-seed.ts";
import { tell, type Telling, type Told } from "./crash-story.ts";
import { type Point, pointText } from "./crash-world.ts";

/** With `npm run sweep` each point has a telling of its own; otherwise a telling contains several distant deaths. */
const ALONE = process.env["ENKI_SWEEP"] === "alone";
const PATIENCE = ALONE ? 7_200_000 : 600_000;

let seed: Seed;
beforeAll(async () => void (seed = await plantSeed()));
afterAll(() => seed.close());

/** Runs as many tasks at a time as the machine has processors. Returns their results in order. */
const inParallel = async <T, R>(tasks: readonly T[], run: (task: T) => Promise<R>): Promise<R[]> => {
  const results: R[] = [];
  const left = [...tasks.entries()];
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next; next = left.shift()) results[next[0]] = await run(next[1]);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return results;
};

const same = (a: Point, b: Point): boolean => a.kind === b.kind && a.number === b.number && a.side === b.side;

/** Splits the points into groups, each with distant points. */
const groupsOf = (points: readonly Point[], deaths: number): Point[][] => {
  const groups = Array.from({ length: Math.ceil(points.length / (ALONE ? 1 : deaths)) }, (): Point[] => []);
  points.forEach((point, at) => groups[at % groups.length]?.push(point));
  return groups;
};

type Cast = Omit<Telling, "seed" | "dies">;

/** Tells the story with a coordinator dying at each of these points; `tell` checks the end. */
const dieAt = async (cast: Cast, points: readonly Point[]): Promise<Told> => {
  const ahead = [...points];
  const dies = (passed: Point): boolean => {
    const at = ahead.findIndex((point) => same(point, passed));
    if (at >= 0) ahead.splice(at, 1);
    return at >= 0;
  };
  return tell({ ...cast, seed, dies });
};

/** Tells the calm story, then the same story with deaths at each of its points; prints the deaths. */
const sweep = async (cast: Cast, deaths: number): Promise<{ calm: Told; ends: Told[] }> => {
  const calm = await tell({ ...cast, seed, dies: () => false });
  const ends = await inParallel(groupsOf(calm.points, deaths), (points) => dieAt(cast, points));
  const died = new Set(ends.flatMap(({ deaths }) => deaths.map((point) => pointText(point))));
  console.log([`${calm.points.length} points, ${ends.length} tellings, deaths:`, ...died].join("\n  "));
  return { calm, ends };
};

const ONE: Cast = { coordinators: 1, grace: 0, inTurn: true };

test("a coordinator that dies before and after every save and effect ends the story the same way", { timeout: PATIENCE }, async () => {
  const { calm, ends } = await sweep(ONE, 8);
  expect(calm.landed).toEqual(["docs", "fix", "test"]);
  for (const { landed } of ends) expect(landed).toEqual(calm.landed);
  const died = ends.flatMap(({ deaths }) => deaths);
  expect(calm.points.filter((point) => !died.some((death) => same(death, point)))).toEqual([]);
});

test(
  "36 a coordinator dies right after the push that moved the base: nothing lands twice, and the ledger is correct",
  async () => {
    let armed = true;
    const dies = ({ kind, side, name }: Point): boolean => {
      const isIt = armed && kind === "save" && side === "after" && /landed on main/.test(name);
      if (isIt) armed = false;
      return isIt;
    };
    const told = await tell({ ...ONE, seed, dies });
    expect(told.deaths).toHaveLength(1);
    expect(told.landed).toEqual(["docs", "fix", "test"]);
  },
  PATIENCE,
);

const TWO: Cast = { coordinators: 2, grace: 400, inTurn: true };

test("two coordinators die one after the other, and the story ends the same way", { timeout: PATIENCE }, async () => {
  const { calm, ends } = await sweep(TWO, 16);
  expect(calm.landed).toEqual(["docs", "fix", "test"]);
  for (const { landed } of ends) expect(landed).toEqual(calm.landed);
  // The two coordinators share the work by chance: most points occur again, but no point is certain.
  expect(ends.flatMap(({ deaths }) => deaths).length).toBeGreaterThan(calm.points.length / 2);
});
