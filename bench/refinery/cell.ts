import { bors } from "./bors.ts";
import { oracle } from "./oracle.ts";
import { ours } from "./ours.ts";
import type { Policy, PolicyName } from "./policy.ts";
import { serial } from "./serial.ts";
import type { Outcome } from "./outcome.ts";
import { simulate } from "./simulate.ts";
import { interval, type Interval, mean, median } from "./statistics.ts";
import { type Scene, trace } from "./trace.ts";
import { zuul } from "./zuul.ts";

/** `+1r`: one retry before a step is blamed. */
const POLICIES: { readonly [K in Exclude<PolicyName, "oracle">]: () => Policy } = {
  serial: () => serial(0),
  "serial+1r": () => serial(1),
  bors: () => bors(0),
  "bors+1r": () => bors(1),
  zuul: () => zuul(0),
  "zuul+1r": () => zuul(1),
  ours: () => ours(0),
  "ours+1r": () => ours(1),
};

export const NAMES: readonly PolicyName[] = ["serial", "serial+1r", "bors", "bors+1r", "zuul", "zuul+1r", "ours", "ours+1r", "oracle"];

type Row = Omit<Outcome, "stuck" | "ranked" | "calm"> & {
  /** Median over the seeds. */ readonly overOracle: number;
};

export type Cell = {
  readonly scene: Scene;
  readonly seeds: number;
  /** Reasons of the histories that got stuck. */ readonly stuck: readonly string[];
  readonly rows: { readonly [K in PolicyName]: Row };
  /** Mean turnaround of good urgent steps, of the others, and of the others without priorities; absent if no step is urgent. */
  readonly priorities?: { readonly urgent: number; readonly others: number; readonly unranked: number };
  /** Mean turnaround with short runs first ÷ in the order of arrival; absent if all runs take the same time. */
  readonly shortFirst?: number;
  /** Ours with one retry, with lanes ÷ without lanes; `calm`: mean turnaround of good steps in the calm lane. Absent without lanes. */
  readonly lanes?: { readonly calm: number; readonly turnaround: number; readonly makespan: number; readonly runs: number };
  /** Makespan ÷ oracle of ours with one retry, seed by seed. */ readonly ratios: readonly number[];
  /** The same against an oracle that needs two red runs as well, one after the other, and that oracle's mean makespan. */
  readonly retried: { readonly ratios: readonly number[]; readonly oracle: number };
  /** Mean turnaround of ours minus that of Zuul, on the same traces with the same number of retries. */
  readonly against: { readonly "0r": Interval; readonly "1r": Interval };
};

/** Plays every policy on the same traces. Red landings and false ejections are sums, the other figures means. */
export const runCell = (scene: Scene, seeds: number, first = 1): Cell => {
  const outcomes = new Map(NAMES.map((name): [PolicyName, Outcome[]] => [name, []]));
  const stuck: string[] = [];
  const arrival: number[] = [];
  const unlaned: Outcome[] = [];
  const retried: number[] = [];
  const ranked: { urgent: number; others: number; unranked: number }[] = [];
  for (let seed = first; seed < first + seeds; seed += 1) {
    const history = trace(scene, seed);
    retried.push(best(history, 1).makespan);
    for (const name of NAMES) {
      const outcome = name === "oracle" ? best(history) : simulate(history, POLICIES[name]());
      if (outcome.stuck) stuck.push(`${name}, seed ${seed}: ${outcome.stuck}`);
      outcomes.get(name)?.push(outcome);
      if (name === "ours+1r" && scene.tails) arrival.push(simulate(history, ours(1, false)).turnaround);
      if (name === "ours+1r" && scene.lanes) unlaned.push(simulate(history, ours(1, true, false)));
      if (name === "ours+1r" && outcome.ranked && !Number.isNaN(outcome.ranked.urgent))
        ranked.push({ ...outcome.ranked, unranked: simulate(history, ours(1, false)).ranked?.others ?? NaN });
    }
  }
  const of = (name: PolicyName): readonly Outcome[] => outcomes.get(name) ?? [];
  const ratios = (name: PolicyName): number[] => of(name).map(({ makespan }, at) => makespan / (of("oracle")[at]?.makespan ?? 0));
  const against = (a: PolicyName, b: PolicyName): Interval =>
    interval(of(a).map(({ turnaround }, at) => turnaround - (of(b)[at]?.turnaround ?? 0)));
  // Each policy has a row.
  const rows = Object.fromEntries(NAMES.map((name) => [name, row(of(name), ratios(name))])) as Cell["rows"];
  return {
    scene,
    seeds,
    stuck,
    rows,
    ...(ranked.length > 0 && {
      priorities: {
        urgent: mean(ranked.map(({ urgent }) => urgent)),
        others: mean(ranked.map(({ others }) => others)),
        unranked: mean(ranked.map(({ unranked }) => unranked)),
      },
    }),
    ...(unlaned.length > 0 && { lanes: compareLanes(of("ours+1r"), unlaned) }),
    ...(arrival.length > 0 && { shortFirst: rows["ours+1r"].turnaround / mean(arrival) }),
    ratios: ratios("ours+1r"),
    retried: { ratios: of("ours+1r").map(({ makespan }, at) => makespan / (retried[at] ?? 0)), oracle: mean(retried) },
    against: { "0r": against("ours", "zuul"), "1r": against("ours+1r", "zuul+1r") },
  };
};

const compareLanes = (laned: readonly Outcome[], unlaned: readonly Outcome[]): NonNullable<Cell["lanes"]> => {
  const ratio = (of: (outcome: Outcome) => number): number => mean(laned.map((each) => of(each))) / mean(unlaned.map((each) => of(each)));
  return {
    calm: ratio(({ calm = NaN }) => calm),
    turnaround: ratio(({ turnaround }) => turnaround),
    makespan: ratio(({ makespan }) => makespan),
    runs: ratio(({ runs }) => runs),
  };
};

const row = (outcomes: readonly Outcome[], ratios: readonly number[]): Row => ({
  makespan: mean(outcomes.map(({ makespan }) => makespan)),
  turnaround: mean(outcomes.map(({ turnaround }) => turnaround)),
  runs: mean(outcomes.map(({ runs }) => runs)),
  resolutions: mean(outcomes.map(({ resolutions }) => resolutions)),
  merges: mean(outcomes.map(({ merges }) => merges)),
  falseEjections: outcomes.reduce((sum, each) => sum + each.falseEjections, 0),
  redLandings: outcomes.reduce((sum, each) => sum + each.redLandings, 0),
  overOracle: median(ratios),
});

/** The oracle plays both orders and takes the shorter history. */
const best = (history: ReturnType<typeof trace>, retries = 0): Outcome => {
  const [good, bad] = [simulate(history, oracle("good", retries)), simulate(history, oracle("bad", retries))];
  return bad.makespan < good.makespan ? bad : good;
};
