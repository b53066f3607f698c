import { expect, test } from "vitest";
import { openRepositoryLoop } from "../../../src/coordinator/repository-loop.ts";
import { hashValue } from "../../../src/core/domain/ids.ts";
import type { JobKey } from "../../../src/core/domain/job.ts";
import { comment, plan, step } from "../../support/build.ts";
import { config } from "../../support/config.ts";
import { memoryWorld } from "../../support/memory-world.ts";

const MINUTE = 60_000;
/** Queries that git answers without a request. */
const BY_GIT = new Set(["work", "merge-chain", "conflicts", "resolution", "archived", "merge-of", "revert", "contains"]);

type Scene = {
  /** The needs of each step, by number. */
  readonly needs: readonly (readonly number[])[];
  readonly workers: number;
  readonly slots: number;
  /** Returns the duration of a job in milliseconds. */
  readonly lasts: (job: JobKey) => number;
};

/** Plays a plan in virtual time from its approval to its end, and counts the requests. */
const play = async ({ needs, workers, slots, lasts }: Scene) => {
  const defaults = config();
  const total = { total: workers, tiers: { light: workers, standard: workers, heavy: workers } };
  const memory = memoryWorld({
    config: config({ workers: total, plan: { ...defaults.plan, maxSteps: 1_000 }, refinery: { ...defaults.refinery, parallel: slots } }),
  });
  const { state } = memory;
  const writes: number[] = [];
  let reads = 0;
  const handle = openRepositoryLoop({
    ...memory.world,
    performEffects: (effects, again, decidedAt) => {
      writes.push(...effects.map(() => state.now));
      return memory.world.performEffects(effects, again, decidedAt);
    },
    answerQueries: (queries) => {
      reads += queries.filter(({ kind }) => !BY_GIT.has(kind)).length;
      return memory.world.answerQueries(queries);
    },
  });
  const only = () => Object.values(state.ledger.executions)[0];
  await handle([comment(1, { kind: "do", text: "x" })]);
  const steps = needs.map((needed, at) => step(`s${at}`, { needs: needed.map((each) => `s${each}`) }));
  for (const job of memory.running()) memory.finish(job, { end: "success", tools: [{ kind: "propose", plan: plan(...steps) }] });
  await handle([{ kind: "woken" }]);
  const before = { writes: writes.length, reads, pushes: state.pushes };
  let { wakeAt } = await handle([comment(2, { kind: "approve-plan", plan: only()?.plan ?? "" })]);
  const ends = new Map<JobKey, number>();
  while (only()?.state === "running") {
    for (const job of memory.running()) if (!ends.has(job)) ends.set(job, state.now + lasts(job));
    const due = memory.running().map((job) => ends.get(job) ?? Infinity);
    state.now = Math.max(state.now, Math.min(wakeAt ?? Infinity, ...due));
    for (const job of memory.running()) if ((ends.get(job) ?? Infinity) <= state.now) memory.finish(job, { end: "success" });
    ({ wakeAt } = await handle([{ kind: "woken" }]));
  }
  return {
    state: only()?.state,
    landed: Object.values(only()?.steps ?? {}).filter(({ landed }) => landed).length,
    writes: writes.slice(before.writes),
    reads: reads - before.reads,
    pushes: state.pushes - before.pushes,
  };
};

/** Returns one to three minutes: different for each job, the same in each run of the test. */
const varied = (job: JobKey): number => MINUTE + 2 * (Number.parseInt(hashValue(job).slice(0, 4), 16) % MINUTE);
const alike = (): number => MINUTE;

/** Returns the highest number of requests within one minute. */
const busiest = (times: readonly number[]): number =>
  Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + MINUTE).length));

test.each([
  ["in rows that need the one before, with jobs of a minute", (at: number) => (at < 16 ? [] : [at - 16]), alike],
  ["in a tree, with jobs of a minute", (at: number) => (at === 0 ? [] : [Math.floor((at - 1) / 3)]), alike],
  ["that need nothing, with jobs of one to three minutes", () => [], varied],
] as const)("71 a graph of 300 steps %s on 16 slots lands with fewer than 80 writes in any minute", async (_, needs, lasts) => {
  const graph = Array.from({ length: 300 }, (__, at) => needs(at));
  const played = await play({ needs: graph, workers: 16, slots: 16, lasts });
  expect(played).toMatchObject({ state: "done", landed: 300 });
  expect(busiest(played.writes)).toBeLessThan(80);
});

test("a hundred steps that finish together cost at most 2 pushes and 8 requests per landed step", async () => {
  const played = await play({
    needs: Array.from({ length: 100 }, () => []),
    workers: 100,
    slots: 16,
    lasts: alike,
  });
  expect(played).toMatchObject({ state: "done", landed: 100 });
  expect(played.pushes).toBeLessThanOrEqual(2 * 100);
  expect(played.writes.length + played.reads).toBeLessThanOrEqual(8 * 100);
});
