import { expect, test } from "vitest";
import { toTaskId } from "../../../src/core/domain/ids.ts";
import { toJobKey } from "../../../src/core/domain/job.ts";
import { plan, step } from "../../support/build.ts";
import { config } from "../../support/config.ts";
import { openStory } from "../../support/story.ts";

const NAMES = ["a", "b", "c", "d", "e", "f", "g", "h"];
const workers = { total: 8, tiers: { light: 8, standard: 8, heavy: 8 } };
const refinery = (parallel: number | null) => ({ config: config({ workers, refinery: { ...config().refinery, parallel } }) });

/** Publishes eight steps at the same time. */
const publishEight = async (over: Parameters<typeof openStory>[0]) => {
  const it = openStory(over);
  const id = await it.propose(plan(...NAMES.map((each) => step(each))));
  await it.approve();
  for (const each of NAMES) it.finish(toJobKey({ kind: "work", target: toTaskId(id, each), attempt: 1 }), { end: "success" });
  await it.tell({ kind: "woken" });
  return { ...it, verifying: () => it.running().filter((job) => job.startsWith("verify/")).length };
};

test("without a configured number, four candidates are verified at first", async () => {
  expect((await publishEight(refinery(null))).verifying()).toBe(4);
});

test("on one machine, as many candidates are verified as it can run jobs", async () => {
  expect((await publishEight({ ...refinery(null), runners: 2 })).verifying()).toBe(2);
});

test("runs that wait for a runner a minute later are stopped, the plan's comment says how many are left, and everything lands", async () => {
  const it = await publishEight(refinery(null));
  const [first, second] = it.state.runs.filter(({ name }) => name.startsWith("verify/"));
  it.state.runs.forEach((run, at) => {
    if (run.state === "running" && run !== first && run !== second) it.state.runs[at] = { ...run, state: "waiting" };
  });
  await it.tell({ kind: "woken" });
  await it.tell({ kind: "woken" });
  expect(it.verifying()).toBe(2);
  await it.tell({ kind: "woken" });
  expect(it.comment()).toContain("Up to 2 candidates are verified at the same time, because further runs waited for a runner.");
  for (let count = 0; count < 40 && it.verifying() > 0; count += 1) await it.verified();
  expect(it.states()).toEqual(Object.fromEntries(NAMES.map((each) => [each, "done"])));
  it.replay();
});

const MINUTE = 60_000;

test("Enki looks at starts a minute later; if its process ends when idle, no job waits for that, and the next result looks", async () => {
  const waits = async (over: object): Promise<number> => {
    const it = await publishEight({ ...refinery(null), ...over });
    await it.tell({ kind: "woken" });
    return (it.wakeAt() ?? Infinity) - it.state.now;
  };
  expect(await waits({})).toBeLessThanOrEqual(MINUTE);
  expect(await waits({ endsWhenIdle: true })).toBeGreaterThan(15 * MINUTE);
  const it = await publishEight({ ...refinery(null), endsWhenIdle: true });
  const [first] = it.state.runs.filter(({ name }) => name.startsWith("verify/"));
  it.state.runs.forEach((run, at) => {
    if (run.state === "running" && run !== first) it.state.runs[at] = { ...run, state: "waiting" };
  });
  it.state.now += 5 * MINUTE;
  await it.verified();
  expect(it.state.ledger.queues["main"]?.capacity).toMatchObject({ isLimited: true });
});

test("starts are looked at once if every run has started", async () => {
  const it = await publishEight(refinery(4));
  const looks: string[] = [];
  for (let minute = 0; minute < 5; minute += 1) {
    await it.tell({ kind: "woken" });
    looks.push(JSON.stringify(it.state.ledger.queues["main"]?.candidates.map(({ runs }) => runs.map(({ started }) => started))));
  }
  expect(new Set(looks.slice(2)).size).toBe(1);
  expect(it.state.ledger.queues["main"]?.capacity).toMatchObject({ slots: 4, isLimited: false });
});
