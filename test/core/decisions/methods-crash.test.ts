import { expect, test } from "vitest";
import { plan, step } from "../../support/build.ts";
import { Crash } from "../../support/memory-world.ts";
import { openStory } from "../../support/story.ts";

const STEPS = plan(step("a"), step("b", { needs: [{ step: "a", condition: "completed" }] }));
type Way = "squash" | "rebase" | "queue";

/** Two steps of which the second is built on the first, where GitHub makes other commits of them. The process dies at one point after that, and another takes over. */
const play = async (way: Way, at: number) => {
  let points = -1;
  let isArmed = false;
  const it = openStory({
    crash: (point) => {
      if (isArmed && (points += 1) === at) throw new Crash(point);
    },
  });
  if (way === "queue") it.state.rules = { ...it.state.rules, types: ["merge_queue"] };
  else it.state.methods = [way];
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
    it.mergeQueued();
  }
  // What is left to do is done by whoever comes next.
  for (let turn = 0; turn < 5; turn += 1) await woken();
  return { ...it, points };
};

test.each(["squash", "rebase", "queue"] as const)(
  "%s: a process that dies at any point of a landing merges nothing twice, and all of it lands",
  async (way) => {
    const { points } = await play(way, Infinity);
    expect(points).toBeGreaterThan(10);
    for (let at = 0; at <= points; at += 1) {
      const it = await play(way, at);
      expect([at, it.states()]).toEqual([at, { a: "done", b: "done" }]);
      expect([at, it.state.merges]).toEqual([at, [it.at("a")?.landed?.commit, it.at("b")?.landed?.commit]]);
      expect([at, it.state.pulls.map(({ state }) => state)]).toEqual([at, ["merged", "merged"]]);
      expect([at, it.state.ledger.queues["main"]?.landing]).toEqual([at, undefined]);
      it.replay();
    }
  },
);
