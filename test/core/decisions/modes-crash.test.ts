import { expect, test } from "vitest";
import { toBranchRef, readCandidateBranch } from "../../../src/core/domain/refs.ts";
import { plan, step } from "../../support/build.ts";
import { config } from "../../support/config.ts";
import { Crash } from "../../support/memory-world.ts";
import { openStory } from "../../support/story.ts";

const STEPS = plan(step("a"), step("b"));

/** Two steps that are done, on a base where GitHub merges. The process dies at one point after that, and another takes over. */
const play = async (landing: "each" | "batch", at: number) => {
  let points = -1;
  let isArmed = false;
  const it = openStory({
    config: config({ refinery: { ...config().refinery, landing, checks: [] } }),
    crash: (point) => {
      if (isArmed && (points += 1) === at) throw new Crash(point);
    },
  });
  await it.propose(STEPS);
  await it.approve();
  await it.worked("a");
  await it.worked("b");
  isArmed = true;
  const woken = async (): Promise<void> => {
    try {
      await it.tell({ kind: "woken" });
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      it.restart();
    }
  };
  for (let turn = 0; turn < 40 && it.execution()?.state === "running"; turn += 1) {
    for (const job of it.running()) if (job.startsWith("verify/")) it.finish(job, { end: "success" });
    await woken();
  }
  // What is left to do is done by whoever comes next.
  for (let turn = 0; turn < 5; turn += 1) await woken();
  return { ...it, points };
};

test.each(["each", "batch"] as const)(
  "%s: a process that dies at any point of a landing merges nothing twice, and all of it lands",
  async (mode) => {
    const { points, state } = await play(mode, Infinity);
    const merges = state.merges.length;
    expect(points).toBeGreaterThan(10);
    for (let at = 0; at <= points; at += 1) {
      const it = await play(mode, at);
      expect([at, it.states()]).toEqual([at, { a: "done", b: "done" }]);
      expect([at, it.state.merges.length <= merges + 1]).toEqual([at, true]);
      for (const id of ["a", "b"]) {
        const head = it.pull(id)?.head ?? "";
        const brought = it.state.merges.filter(
          (merge) => it.contains(head, merge) && !it.contains(head, it.state.parents.get(merge)?.[0] ?? ""),
        );
        expect([at, id, brought.length]).toEqual([at, id, 1]);
      }
      expect([at, it.state.pulls.filter(({ state: how }) => how === "open")]).toEqual([at, []]);
      expect([at, Object.keys(it.state.refs).filter((ref) => readCandidateBranch(ref) !== null)]).toEqual([at, []]);
      expect(it.state.refs[toBranchRef("main")]).toBe(it.state.merges.at(-1));
      it.replay();
    }
  },
);
