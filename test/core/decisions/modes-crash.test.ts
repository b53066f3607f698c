import { expect, test } from "vitest";
import { toBranchRef, readCandidateBranch } from "../../../src/core/domain/refs.ts";
import { plan, step } from "../../support/build.ts";
import { config } from "../../support/config.ts";
import { playLanding } from "./landing-crash.ts";

const STEPS = plan(step("a"), step("b"));

const play = (landing: "each" | "batch", crashAt: number) =>
  playLanding({ steps: STEPS, crashAt, options: { config: config({ refinery: { ...config().refinery, landing, checks: [] } }) } });

test.each(["each", "batch"] as const)(
  "%s: a process that dies at any point of a landing merges nothing twice, and everything lands",
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
