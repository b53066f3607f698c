import { describe, expect, it } from "vitest";
import { bors } from "../../../bench/refinery/bors.ts";
import { commitGraph, type Commit, type Head } from "../../../bench/refinery/commits.ts";
import type { Check } from "../../../bench/refinery/policy.ts";
import { serial } from "../../../bench/refinery/serial.ts";
import { noSteps } from "../../../bench/refinery/steps.ts";
import { zuul } from "../../../bench/refinery/zuul.ts";
import { atOnce, history, only, tell } from "./history.ts";

describe("serial, like the seed", () => {
  it("verifies and lands one step after the other, in the order in which they became ready", () => {
    const { lines } = tell(history({ ready: [0.2, 0.1, 0.3] }), serial(0));
    expect(only(lines, "run", "landed")).toEqual([
      "0.10 run B",
      "1.11 landed B",
      "1.11 run BA",
      "2.12 landed A",
      "2.12 run BAC",
      "3.13 landed C",
    ]);
  });

  it("continues without a red step and lands its fix later", () => {
    const { lines } = tell(history({ ready: atOnce(2), bad: [0] }), serial(0));
    expect(lines).toEqual([
      "0.00 run A",
      "1.00 red A",
      "1.00 ejected A (red)",
      "1.00 run B",
      "2.00 green B",
      "2.01 landed B",
      "2.01 run BA'",
      "3.01 green BA'",
      "3.02 landed A'",
    ]);
  });

  it("runs a red step once more with a retry", () => {
    const { lines } = tell(history({ ready: atOnce(1), bad: [0] }), serial(1));
    expect(only(lines, "red", "ejected")).toEqual(["1.00 red A", "2.00 red A", "2.00 ejected A (red)"]);
  });

  it("gives a conflict to the merger in its turn while the next step runs", () => {
    const { lines } = tell(history({ ready: atOnce(3), textual: [[0, 1]] }), serial(0));
    expect(only(lines, "ejected", "landed")).toEqual(["1.01 landed A", "1.01 ejected B (conflict)", "2.02 landed C", "3.03 landed B'"]);
  });
});

describe("bors-ng", () => {
  // README, "How it works": pull requests 5 and 7 are red together, and 8 is fine.
  it("splits #5 #7 #8 as in its README: 8 lands, then 5, and 7 is ejected", () => {
    const { lines } = tell(history({ ready: atOnce(3), semantic: [[0, 1]] }), bors(0));
    expect(only(lines, "run", "landed", "ejected").slice(0, 9)).toEqual([
      "0.00 run ABC",
      "1.00 run AB",
      "2.00 run C",
      "3.01 landed C",
      "3.01 run CA",
      "4.02 landed A",
      "4.02 run CAB",
      "5.02 ejected B (red)",
      "6.02 run CAB'",
    ]);
  });

  it("batches steps that arrive while a batch runs", () => {
    const { lines } = tell(history({ ready: [0, 0.3, 0.6, 1.2] }), bors(0));
    expect(only(lines, "run")).toEqual(["0.00 run A", "1.01 run ABC", "2.02 run ABCD"]);
  });

  it("ejects a step that conflicts with the batch, without a run", () => {
    const { lines } = tell(history({ ready: atOnce(3), textual: [[0, 1]] }), bors(0));
    expect(only(lines, "run", "ejected", "landed")).toEqual([
      "0.00 run AC",
      "1.01 landed AC",
      "1.01 ejected B (conflict)",
      "1.71 run ACB'",
      "2.72 landed B'",
    ]);
  });

  it("does not run a step before its needs", () => {
    const { lines } = tell(history({ ready: atOnce(4), needs: { 3: [0] }, bad: [0] }), bors(0));
    expect(only(lines, "run", "landed").slice(0, 5)).toEqual([
      "0.00 run ABCD",
      "1.00 run AB",
      "2.00 run C",
      "3.01 landed C",
      "3.01 run CA",
    ]);
  });
});

describe("Zuul", () => {
  // "Project Gating", "Testing in parallel": five changes approved in rapid succession.
  it("merges A and B, drops C, and tests D on the tip and E on D, as in its documentation", () => {
    const { lines } = tell(history({ ready: atOnce(5), bad: [2] }), zuul(0));
    expect(lines.slice(0, 15)).toEqual([
      "0.00 run A",
      "0.00 run AB",
      "0.00 run ABC",
      "0.00 run ABCD",
      "0.00 run ABCDE",
      "1.00 green A",
      "1.00 green AB",
      "1.00 red ABC",
      "1.00 red ABCD",
      "1.00 red ABCDE",
      "1.01 landed AB",
      "1.01 ejected C (red)",
      "1.01 run ABD",
      "1.01 run ABDE",
      "2.01 green ABD",
    ]);
    expect(only(lines, "landed")).toEqual(["1.01 landed AB", "2.02 landed DE", "3.03 landed C'"]);
  });

  // "Cross-Project Dependencies": A depends on B.
  it("removes dependents of a failing change without testing them", () => {
    const { lines } = tell(history({ ready: atOnce(3), needs: { 1: [0] }, bad: [0] }), zuul(0));
    expect(only(lines, "run", "landed", "ejected")).toEqual([
      "0.00 run A",
      "0.00 run AC",
      "0.00 run ACB",
      "1.00 ejected A (red)",
      "1.00 run C",
      "2.01 landed C",
      "2.01 run CA'",
      "2.01 run CA'B",
      "3.02 landed A'B",
    ]);
  });

  it("tests no more changes than its window", () => {
    const { lines } = tell(history({ ready: atOnce(5) }), zuul(0, 2));
    expect(only(lines, "run")).toEqual(["0.00 run A", "0.00 run AB", "1.01 run ABC", "1.01 run ABCD", "2.02 run ABCDE"]);
  });

  it("reruns the job with a retry, and changes behind keep building on it", () => {
    const { lines } = tell(history({ ready: atOnce(2), bad: [0] }), zuul(1));
    expect(only(lines, "run", "ejected", "landed")).toEqual([
      "0.00 run A",
      "0.00 run AB",
      "1.00 run A",
      "1.00 run AB",
      "2.00 ejected A (red)",
      "2.00 run B",
      "3.01 landed B",
      "3.01 run BA'",
      "4.02 landed A'",
    ]);
  });

  it("reports a conflict once nothing is ahead", () => {
    const { lines } = tell(history({ ready: atOnce(3), textual: [[0, 1]] }), zuul(0));
    expect(only(lines, "run", "ejected", "landed")).toEqual([
      "0.00 run A",
      "0.00 run AC",
      "1.01 landed A",
      "1.01 ejected B (conflict)",
      "1.02 landed C",
      "1.71 run ACB'",
      "2.72 landed B'",
    ]);
  });

  it("rebases changes behind a failing one onto the nearest passing one before it drops the failing one", () => {
    const none = noSteps(4);
    const heads = [0, 1, 2, 3].map((step): Head => ({ id: step, step, version: 0, bad: false, textual: none, semantic: none }));
    const { root, merge, conflicts } = commitGraph({ steps: 4, textual: [[], [], [], []], semantic: [[], [], [], []], hot: [] });
    const on = (...steps: readonly number[]): Commit =>
      steps.reduce<Commit>((commit, step) => {
        const head = heads[step];
        return (head && merge(commit, head)) ?? commit;
      }, root);
    const running: Check = { verdicts: [], running: 1, started: 1 };
    const checks = new Map<Commit, Check>([
      [on(0), running],
      [on(0, 1), { verdicts: ["red"], running: 0, started: 0 }],
      [on(0, 1, 2), running],
    ]);
    const decision = zuul(0).decide({
      now: 0,
      slots: 8,
      tip: root,
      queue: heads,
      needs: () => [],
      check: (commit) => checks.get(commit),
      merge,
      conflicts,
    });
    expect(decision).toEqual({ land: null, eject: [], want: [on(0), on(0, 2), on(0, 2, 3)] });
  });
});
