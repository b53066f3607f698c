import type { ChainLink } from "../src/core/domain/query.ts";
import { emptyQueue } from "../src/core/domain/queue.ts";
import type { TaskId } from "../src/core/domain/ids.ts";
import { planQueue } from "../src/core/refinery/plan-queue.ts";
import type { RefineryState } from "../src/core/refinery/refinery-state.ts";

/** Planning for queues of these sizes with 16 slots: milliseconds, the median of several. */
const SIZES = [300, 600, 1_250, 2_500, 5_000];
const RUNS = 9;
const SHAPES = { flat: 0, layered: 10 } as const;

/** Facts as they are once git was asked: everything merges. */
const chain: RefineryState["mergeChain"] = ({ onto, merges }) => {
  let tip = onto;
  return merges.map((each): ChainLink => {
    tip = `${tip.slice(0, 12)}${tip.length}.${each.task}`.slice(-40);
    return { kind: "merged", commit: tip, tree: tip };
  });
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
  attemptsOf: () => 0,
  mergeChain: chain,
});

/** The shortest and the median time of a plan, in milliseconds. */
const time = (state: RefineryState): { least: number; median: number } => {
  for (let warm = 0; warm < 3; warm += 1) planQueue(state);
  const times = Array.from({ length: RUNS }, () => {
    const from = performance.now();
    planQueue(state);
    return performance.now() - from;
  }).sort((a, b) => a - b);
  const round = (value = 0): number => Math.round(value * 100) / 100;
  return { least: round(times[0]), median: round(times[Math.floor(RUNS / 2)]) };
};

/** The queue where the first of its candidates is red, so that the rest is laid out anew. */
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
    const first = stateOf(size, width);
    const going = { ...first, queue: planQueue(first).queue };
    return { shape, size, first: time(first), nothing: time(going), red: time(afterRed(first)) };
  }),
);
console.log(JSON.stringify({ bench: "plan", unit: "ms", slots: 16, runs: RUNS, rows }));
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
