import { draw } from "./refinery/random.ts";
import type { ChainLink } from "../src/core/domain/query.ts";
import { emptyQueue } from "../src/core/domain/queue.ts";
import type { TaskId } from "../src/core/domain/ids.ts";
import { planQueue } from "../src/core/refinery/plan-queue.ts";
import type { RefineryState } from "../src/core/refinery/refinery-state.ts";

/** The longest median in milliseconds for a queue of `steps` steps, and the steepest growth from the smallest to the largest size, where N log N is 1. */
const LIMITS = { steps: 300, ms: 50, growth: 1.5 } as const;

/** Sizes of the planned queues, each with 16 slots. The benchmark measures CPU time and exits with 1 if a gate does not hold. */
const SIZES = [300, 600, 1_250, 2_500, 5_000];
const RUNS = 9;
const SHAPES = { flat: 0, layered: 10, conflicting: 0 } as const;
/** The odds that two steps of the conflicting shape conflict in a queue of `steps` steps. Steps of longer queues have the same number of conflicts. */
const CONFLICTS = { odds: 0.02, steps: 300 } as const;

/** CPU time of this process in milliseconds, which the work of other processes does not lengthen. */
const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};

/** Answers as git would if all heads merged. */
const chain: RefineryState["mergeChain"] = ({ onto, merges }) => {
  let tip = onto;
  return merges.map((each): ChainLink => {
    tip = `${tip.slice(0, 12)}${tip.length}.${each.task}`.slice(-40);
    return { kind: "merged", commit: tip, tree: tip };
  });
};

/** Answers as git would if some steps conflicted with steps below them. `spent`: the time of the answers, which does not count as planning. */
const openConflicts = (size: number) => {
  const odds = CONFLICTS.odds * Math.min(1, CONFLICTS.steps / size);
  const below = new Map<string, readonly number[]>([["base", []]]);
  const numberOf = (of: TaskId): number => Number(of.split("-s")[1]);
  let spent = 0;
  const mergeChain: RefineryState["mergeChain"] = ({ onto, merges }) => {
    const from = cpuMs();
    let tip = onto;
    const links = merges.map((each): ChainLink => {
      const [step, steps] = [numberOf(each.task), below.get(tip) ?? []];
      if (steps.some((other) => draw(1, other, step) < odds)) return { kind: "conflict", paths: ["a.txt"] };
      tip = `${tip.slice(0, 12)}${steps.length}.${each.task}`.slice(-40);
      below.set(tip, [...steps, step]);
      return { kind: "merged", commit: tip, tree: tip };
    });
    spent += cpuMs() - from;
    return links;
  };
  return { mergeChain, spent: (): number => spent };
};

const task = (at: number): TaskId => `abcdef-s${at}`;

const stateOf = (size: number, width: number): RefineryState => ({
  now: 1_000_000,
  baseBranch: "main",
  tip: "base",
  queue: emptyQueue,
  entrants: Array.from({ length: size }, (_, at) => {
    const needs = width > 0 && at >= width ? [task(at - width), task(at - width + (at % width === width - 1 ? 0 : 1))] : [];
    return { task: task(at), head: `head${at}`, message: `land ${at}`, needs: [...new Set(needs)], refusal: null };
  }),
  parallel: 16,
  retries: 1,
  maxFaults: 3,
  timeoutMs: 60_000,
  reusesVerdicts: true,
  landsTogether: true,
  stacksResolutions: true,
  checksLineHeadsOnly: true,
  publishesKnownTrees: true,
  attemptsOf: () => 0,
  mergeChain: chain,
});

/** The shortest and the median time of a plan, in milliseconds. */
const time = (state: RefineryState, spent: () => number = () => 0): { least: number; median: number } => {
  for (let warm = 0; warm < 3; warm += 1) planQueue(state);
  const times = Array.from({ length: RUNS }, () => {
    const [from, spentBefore] = [cpuMs(), spent()];
    planQueue(state);
    return cpuMs() - from - (spent() - spentBefore);
  }).sort((a, b) => a - b);
  const round = (value = 0): number => Math.round(value * 100) / 100;
  return { least: round(times[0]), median: round(times[Math.floor(RUNS / 2)]) };
};

/** The queue after all its candidates were red, so that the next plan builds new ones. */
const afterRed = (state: RefineryState): RefineryState => {
  const { queue } = planQueue(state);
  const candidates = queue.candidates.map((each) => ({
    ...each,
    runs: each.runs.map((run) => ({ ...run, deadline: null, verdict: "red" as const })),
  }));
  return { ...state, queue: { ...queue, candidates } };
};

const rows = Object.entries(SHAPES).flatMap(([shape, width]) =>
  SIZES.map((size) => {
    const git = shape === "conflicting" ? openConflicts(size) : { mergeChain: chain, spent: () => 0 };
    const first = { ...stateOf(size, width), mergeChain: git.mergeChain };
    const planned = { ...first, queue: planQueue(first).queue };
    return { shape, size, first: time(first, git.spent), nothing: time(planned, git.spent), red: time(afterRed(first), git.spent) };
  }),
);
console.log(JSON.stringify({ bench: "plan", unit: "CPU ms", slots: 16, runs: RUNS, rows }));
const cell = ({ least, median }: { least: number; median: number }): string => `${median} (${least})`;
console.log("median (least) of milliseconds; growth against N log N is of the least, from the size before: 1 is as N log N");
console.table(
  rows.map((row, at) => {
    const before = rows[at - 1];
    const isNext = before?.shape === row.shape;
    const by = isNext ? (row.size * Math.log(row.size)) / (before.size * Math.log(before.size)) : 1;
    const growth = isNext ? Math.round((row.first.least / before.first.least / by) * 100) / 100 : "";
    return {
      shape: row.shape,
      steps: row.size,
      "all new": cell(row.first),
      "nothing new": cell(row.nothing),
      "all red": cell(row.red),
      growth,
    };
  }),
);

const growthOf = (shape: string): number => {
  const [least, most] = [rows.find((row) => row.shape === shape), rows.findLast((row) => row.shape === shape)];
  if (!least || !most) return 0;
  return most.first.least / least.first.least / ((most.size * Math.log(most.size)) / (least.size * Math.log(least.size)));
};
const slow = rows.filter(({ size, first }) => size === LIMITS.steps && first.median > LIMITS.ms);
const steep = Object.keys(SHAPES).filter((shape) => growthOf(shape) > LIMITS.growth);
console.log(
  `growth from ${SIZES[0]} to ${SIZES.at(-1)} steps: ${Object.keys(SHAPES)
    .map((shape) => `${shape} ${growthOf(shape).toFixed(2)}`)
    .join(", ")}`,
);
for (const { shape, size } of slow) console.log(`FAILS: ${shape} takes more than ${LIMITS.ms} ms for ${size} steps`);
for (const shape of steep) console.log(`FAILS: ${shape} grows faster than ${LIMITS.growth} times N log N`);
process.exitCode = slow.length + steep.length > 0 ? 1 : 0;
