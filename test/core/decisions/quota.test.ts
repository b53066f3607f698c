import { describe, expect, test } from "vitest";
import type { AgentFailure } from "../../../src/core/domain/agent-failure.ts";
import { MAX_QUOTA_WAITS } from "../../../src/core/domain/quota-wait.ts";
import { coordinateOnce } from "../../../src/coordinator/coordinate-once.ts";
import { openRepositoryLoop } from "../../../src/coordinator/repository-loop.ts";
import { openStory } from "../../conformance/story.ts";
import { plan, step } from "../../support/build.ts";
import { config } from "../../support/config.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** The end of a job whose agent found the quota of its model used up. */
const spent = (resetsAt?: number) => {
  const failure: AgentFailure = { code: "quota", ...(resetsAt !== undefined && { resetsAt }) };
  return { end: "failed", why: "The quota is used up.", failure } as const;
};
const open = async (names: readonly string[] = ["fix"]) => {
  const it = openStory();
  await it.run(plan(...names.map((id) => step(id))));
  return it;
};
const works = (it: ReturnType<typeof openStory>): string[] => it.running().filter((job) => job.startsWith("work/"));
const wakeAt = async (it: ReturnType<typeof openStory>, at: number): Promise<void> => {
  it.state.now = at - MINUTE;
  await it.later();
};

/** Allows a difference, because each write advances the clock of the test by a millisecond. */
const expectNear = (at: number | undefined, wanted: number): void => {
  expect(at).toBeGreaterThan(wanted - 1_000);
  expect(at).toBeLessThanOrEqual(wanted);
};

describe("a used-up quota", () => {
  test("waits until the provider renews it, says until when, counts no fault, and starts again by itself", async () => {
    const it = await open();
    const until = it.state.now + 5 * HOUR;
    await it.end("work/", spent(until));
    expect(it.step("fix")).toMatchObject({ state: "ready", faults: 0, lastFailure: null, refusal: null, quota: { until: until + MINUTE } });
    const words = new Date(until + MINUTE).toISOString().slice(0, 16).replace("T", " ");
    expect(it.comment()).toContain(`**Waits for the quota of its model until ${words} UTC.** Then Enki continues by itself`);
    expect(it.comment()).toContain(`🟡 waits for its model's quota until ${words} UTC`);
    await it.say({ kind: "status", target: null });
    expect(it.replies().at(-1)).toContain(`Waits for the quota of its model until ${words} UTC.`);
    await wakeAt(it, until);
    expect(works(it)).toEqual([]);
    await wakeAt(it, until + MINUTE);
    expect(works(it)).toEqual([expect.stringMatching(/-fix\/2$/)]);
    expect(it.comment()).not.toContain("quota");
    await it.end("work/");
    await it.end("verify/");
    expect(it.step("fix")).toMatchObject({ state: "done", faults: 0 });
    expect(it.step("fix")?.quota).toBeUndefined();
  });

  test("wakes a coordinator that ends between events, and a later process starts the work", async () => {
    const it = await open();
    const until = it.state.now + 2 * HOUR;
    await it.end("work/", spent(until));
    const handle = openRepositoryLoop(it.world);
    // The loop wakes earlier until the comment is written.
    for (let at = 0; at < until; at = it.state.now) it.state.now = (await handle([{ kind: "woken" }])).wakeAt ?? Infinity;
    expect(it.state.now).toBe(until + MINUTE);
    expect(works(it)).toEqual([]);
    // The schedule of Actions starts a new process without any event.
    await coordinateOnce(it.world, { events: [], sleep: () => Promise.resolve(), patienceMs: 0 });
    expect(works(it)).toEqual([expect.stringMatching(/-fix\/2$/)]);
  });

  test("waits longer each time if the provider names no time", async () => {
    const it = await open();
    for (const pause of [15 * MINUTE, 30 * MINUTE, HOUR]) {
      await it.end("work/", spent());
      const { now } = it.state;
      expectNear(it.step("fix")?.notBefore, now + pause);
      await wakeAt(it, now + pause);
      expect(works(it)).toHaveLength(1);
    }
    expect(it.step("fix")?.faults).toBe(0);
  });

  test.each([
    ["in the past", -HOUR, MINUTE],
    ["in a year", 365 * 24 * HOUR, 8 * 24 * HOUR],
  ])("waits a bounded time if the provider's time is %s", async (_, offset, wait) => {
    const it = await open();
    it.finish(it.job("work/"), spent(it.state.now + offset));
    await it.later();
    expectNear(it.step("fix")?.notBefore, it.state.now + wait);
  });

  test("waits longer each time although the provider's time has always just passed", async () => {
    const it = await open();
    for (const minutes of [1, 2, 4, 8, 15, 15]) {
      await it.end("work/", spent(it.state.now));
      const { now } = it.state;
      expectNear(it.step("fix")?.notBefore, now + minutes * MINUTE);
      await wakeAt(it, now + minutes * MINUTE);
    }
  });

  test("offers the next attempt the work of an earlier one, if the last wrote nothing", async () => {
    const it = await open();
    const kept = [{ path: "half.txt", mode: "100644" }] as const;
    await it.end("work/", { end: "timed-out", kept });
    const offered = it.step("fix")?.result;
    await it.later();
    await it.end("work/", spent());
    expect(it.step("fix")?.result).toBe(offered);
    await wakeAt(it, it.step("fix")?.notBefore ?? 0);
    await it.end("work/", { ...spent(), kept });
    expect(it.step("fix")?.result).not.toBe(offered);
  });

  test("ends in front of a person if it is never renewed", async () => {
    const it = await open();
    for (let count = 0; count <= MAX_QUOTA_WAITS; count += 1) {
      await it.end("work/", spent(it.state.now));
      await wakeAt(it, it.step("fix")?.notBefore ?? 0);
    }
    expect(it.step("fix")).toMatchObject({ state: "failed", refusal: { message: "The quota is used up." } });
  });

  test("keeps other work with the same model from starting, in every execution, but no other agent's", async () => {
    const { tiers } = config();
    const one = { total: 1, tiers: { light: 1, standard: 1, heavy: 1 } };
    const it = openStory({ config: config({ workers: one, tiers: { ...tiers, light: { ...tiers.light, model: "small" } } }) });
    await it.run(plan(step("a"), step("b"), step("light", { tier: "light" })));
    const until = it.state.now + HOUR;
    await it.end("work/", spent(until));
    expect(works(it)).toEqual([expect.stringMatching(/-light\/1$/)]);
    await it.end("work/");
    expect(works(it)).toEqual([]);
    await wakeAt(it, until + MINUTE);
    expect(works(it)).toHaveLength(1);
  });

  test("ends when a person says so, for all work with the model", async () => {
    const it = await open(["a", "b"]);
    await it.end("work/", spent(it.state.now + HOUR));
    await it.end("work/", spent(it.state.now + 2 * HOUR));
    expect(works(it)).toEqual([]);
    await it.say({ kind: "retry", target: it.execution().id });
    expect(works(it)).toHaveLength(2);
    expect(it.step("a")?.quota).toBeUndefined();
  });

  test("of a planner waits in the same way", async () => {
    const it = openStory();
    await it.say({ kind: "do", text: "do it" });
    const until = it.state.now + 3 * HOUR;
    await it.end("plan/", spent(until));
    expect(it.execution()).toMatchObject({ state: "planning", planning: { attempt: 2, faults: 0, notBefore: until + MINUTE } });
    expect(it.comment()).toContain("Waits for the quota of its model until");
    expect(it.running()).toEqual([]);
    await wakeAt(it, until + MINUTE);
    expect(it.running()).toEqual([expect.stringMatching(/^plan\/.*\/2$/)]);
  });

  test("of a planner ends when a person says so", async () => {
    const it = openStory();
    await it.say({ kind: "do", text: "do it" });
    await it.end("plan/", spent(it.state.now + HOUR));
    await it.say({ kind: "retry", target: it.execution().id });
    expect(it.running()).toEqual([expect.stringMatching(/^plan\/.*\/2$/)]);
  });
});
