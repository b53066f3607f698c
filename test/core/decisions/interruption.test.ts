import { describe, expect, test } from "vitest";
import { openStory } from "../../conformance/story.ts";
import type { JobKey } from "../../../src/core/domain/job.ts";
import { plan, step } from "../../support/build.ts";

/** The end of a job whose agent was interrupted, for example by Ctrl+C. */
const INTERRUPTED = {
  end: "crashed",
  why: "the agent was interrupted",
  failure: { code: "interrupted" },
  kept: [{ path: "half.txt", mode: "100644" }],
} as const;
const MAX_ATTEMPTS = 10;

const works = (it: ReturnType<typeof openStory>): string[] => it.running().filter((job) => job.startsWith("work/"));

describe("an interrupted attempt", () => {
  test("is repeated immediately with its work, and counts as no fault", async () => {
    const it = openStory();
    await it.run(plan(step("fix")));
    await it.end("work/", INTERRUPTED);
    expect(works(it)).toEqual([expect.stringMatching(/-fix\/2$/)]);
    expect(it.step("fix")).toMatchObject({ state: "running", attempt: 2, faults: 0, lastFailure: null });
    expect(it.step("fix")?.result).toMatch(/^[0-9a-f]{40}$/);
    await it.end("work/");
    await it.end("verify/");
    expect(it.step("fix")).toMatchObject({ state: "done", faults: 0 });
  });

  test("counts as a fault after many, because an agent could claim it again and again", async () => {
    const it = openStory();
    await it.run(plan(step("fix")));
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) await it.end("work/", INTERRUPTED);
    expect(it.step("fix")).toMatchObject({ state: "ready", attempt: MAX_ATTEMPTS, faults: 1 });
  });

  test("of a planner is repeated immediately, and counts as no fault", async () => {
    const it = openStory();
    await it.say({ kind: "do", text: "fix it" });
    await it.end("plan/", { ...INTERRUPTED, kept: [] });
    expect(it.running()).toEqual([expect.stringMatching(/^plan\/.*\/2$/)]);
    expect(it.execution().planning).toMatchObject({ attempt: 2, faults: 0 });
  });

  test("of a step that a person pauses keeps its work for the attempt after the pause, without landing", async () => {
    const it = openStory();
    await it.run(plan(step("fix")));
    const job = it.job("work/");
    await it.say({ kind: "pause", target: "fix" });
    expect(works(it)).toEqual([]);
    it.finish(job, {
      end: "cancelled",
      kept: INTERRUPTED.kept,
      usage: { inputTokens: 5, cachedTokens: null, outputTokens: 7, costUsd: null },
    });
    await it.later();
    expect(it.step("fix")).toMatchObject({ state: "paused", attempt: 1, head: null, faults: 0 });
    const kept = it.step("fix")?.result;
    expect(kept).toMatch(/^[0-9a-f]{40}$/);
    expect(it.execution().usage).toMatchObject({ [job]: { inputTokens: 5, outputTokens: 7 } });
    expect(it.state.refs[`refs/enki/results/${job}`]).toBeUndefined();
    await it.say({ kind: "resume", target: "fix" });
    expect(it.spec("work/")).toMatchObject({ attempt: 2, interrupted: { commit: kept } });
  });

  test("of a step that a person pauses and resumes at once keeps its work, too", async () => {
    const it = openStory();
    await it.run(plan(step("fix")));
    const job = it.job("work/");
    await it.say({ kind: "pause", target: "fix" });
    it.finish(job, { end: "cancelled", kept: INTERRUPTED.kept });
    await it.say({ kind: "resume", target: "fix" });
    expect(it.spec("work/")).toMatchObject({ attempt: 2, interrupted: { commit: it.step("fix")?.result } });
  });

  test("of a step that a person cancels, or paused without any work, is forgotten", async () => {
    const it = openStory();
    await it.run(plan(step("fix"), step("docs")));
    const [fix, docs] = [it.job("work/"), it.job("work/")].map((_, at) => works(it)[at]) as [JobKey, JobKey];
    await it.say({ kind: "cancel", target: "fix" });
    await it.say({ kind: "pause", target: "docs" });
    it.finish(fix, { end: "cancelled", kept: INTERRUPTED.kept });
    it.finish(docs, { end: "cancelled" });
    await it.later();
    expect([it.step("fix")?.result, it.step("docs")?.result]).toEqual([null, null]);
    expect(Object.keys(it.state.refs).filter((ref) => ref.includes("results"))).toEqual([]);
  });
});
