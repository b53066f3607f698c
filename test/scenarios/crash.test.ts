import { availableParallelism } from "node:os";
import { expect, test } from "vitest";
import { plantSeed, type Seed } from "./crash-seed.ts";
import { tell, type Telling, type Told } from "./crash-story.ts";
import { type Point, pointText } from "./crash-world.ts";

const all = process.env["ENKI_SWEEP"] === "all";
/** Of all points every so many-th is swept, unless all are asked for. */
const STRIDE = 5;

/** Runs tasks with a bound, and gives what each came to. */
const inParallel = async <T, R>(tasks: readonly T[], run: (task: T) => Promise<R>): Promise<R[]> => {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < tasks.length; at = next++) {
      const task = tasks[at];
      if (task !== undefined) results[at] = await run(task);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() + 1 }, worker));
  return results;
};

const same = (a: Point, b: Point): boolean => a.kind === b.kind && a.number === b.number && a.side === b.side;

const dieAt = async (point: Point, telling: Omit<Telling, "dies">): Promise<{ point: Point; told: Told | null; error: string }> => {
  let died = false;
  const dies = (passed: Point): boolean => !died && (died = same(passed, point));
  try {
    return { point, told: await tell({ ...telling, dies }), error: "" };
  } catch (error) {
    return { point, told: null, error: error instanceof Error ? error.message : String(error) };
  }
};

const CALM: Omit<Telling, "seed"> = { coordinators: 1, grace: 0, inTurn: true, dies: () => false };

test(
  "a coordinator dies at every save and every effect, before and after it, and the story ends the same",
  { timeout: 600_000 },
  async () => {
    const seed: Seed = await plantSeed();
    const t = Date.now();
    const calm = await tell({ seed, ...CALM });
    console.log("calm", Date.now() - t);
    console.log(calm.points.map(pointText).join("\n"));
    const points = calm.points.filter((_, at) => all || at % STRIDE === 0);
    const ends = await inParallel(points, async (point) => {
      const end = await dieAt(point, { seed, ...CALM });
      console.log(pointText(point), end.told ? "same" : "OTHER", end.told && end.told.deaths.map(pointText).join());
      return end;
    });
    console.log(Date.now() - t);
    expect(ends.filter(({ told }) => told === null).map(({ error }) => error)).toEqual([]);
    await seed.close();
  },
);
