import { expect, test } from "vitest";
import { plan, step } from "../../support/build.ts";
import { playLanding } from "./landing-crash.ts";

const STEPS = plan(step("a"), step("b", { needs: [{ step: "a", condition: "completed" }] }));
type Way = "squash" | "rebase" | "queue";

/** Plays two steps, the second on top of the first. GitHub replaces their commits. */
const play = (way: Way, crashAt: number) =>
  playLanding({
    steps: STEPS,
    crashAt,
    prepare: ({ state }) => {
      if (way === "queue") state.rules = { ...state.rules, types: ["merge_queue"] };
      else state.methods = [way];
    },
  });

test.each(["squash", "rebase", "queue"] as const)(
  "%s: a process that dies at any point of a landing merges nothing twice, and everything lands",
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
