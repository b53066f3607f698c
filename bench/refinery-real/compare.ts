import { ours } from "../refinery/ours.ts";
import type { Outcome } from "../refinery/outcome.ts";
import { simulate } from "../refinery/simulate.ts";
import { mean } from "../refinery/statistics.ts";
import { type Scene, trace } from "../refinery/trace.ts";
import { runReal } from "./history.ts";

type Pair = { readonly seed: number; readonly simulated: Outcome; readonly real: Outcome };
type Figures = Pick<Outcome, "makespan" | "turnaround" | "runs" | "resolutions">;

export type Compared = {
  readonly scene: Scene;
  readonly pairs: readonly Pair[];
  /** Means over the seeds. */ readonly simulated: Figures;
  readonly real: Figures;
  /** Real ÷ simulated − 1. */ readonly difference: Omit<Figures, "resolutions">;
  /** Reasons why the two do not agree; empty if they do. */ readonly faults: readonly string[];
};

/** The largest relative difference of makespan and turnaround. */
const LIMIT = 0.05;

/** Plays the same traces through the simulation and through the real coordinator, `atOnce` histories in parallel. */
export const compare = async (
  scene: Scene,
  seeds: readonly number[],
  { root, atOnce }: { root: string; atOnce: number },
): Promise<Compared> => {
  const left = [...seeds];
  const pairs: Pair[] = [];
  const work = async (): Promise<void> => {
    for (let seed = left.shift(); seed !== undefined; seed = left.shift()) {
      const history = trace(scene, seed);
      pairs.push({ seed, simulated: simulate(history, ours(1)), real: await runReal(history, root) });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return judge(
    scene,
    pairs.sort((a, b) => a.seed - b.seed),
  );
};

export const judge = (scene: Scene, pairs: readonly Pair[]): Compared => {
  const of = (side: "simulated" | "real"): Figures => {
    const figure = (name: keyof Figures): number => mean(pairs.map((pair) => pair[side][name]));
    return { makespan: figure("makespan"), turnaround: figure("turnaround"), runs: figure("runs"), resolutions: figure("resolutions") };
  };
  const [simulated, real] = [of("simulated"), of("real")];
  const apart = (name: keyof Compared["difference"]): number => real[name] / simulated[name] - 1;
  const difference = { makespan: apart("makespan"), turnaround: apart("turnaround"), runs: apart("runs") };
  const far = (["makespan", "turnaround"] as const).filter((name) => !(Math.abs(difference[name]) <= LIMIT));
  return {
    scene,
    pairs,
    simulated,
    real,
    difference,
    faults: [
      ...far.map((name) => `${name} differs by ${percent(difference[name])}`),
      ...pairs.flatMap(({ seed, simulated, real }) =>
        [simulated, real].flatMap(({ stuck }) => (stuck === null ? [] : [`seed ${seed}: ${stuck}`])),
      ),
      ...pairs.flatMap(({ seed, real }) => (real.redLandings === 0 ? [] : [`seed ${seed}: ${real.redLandings} red landings`])),
    ],
  };
};

export const percent = (share: number): string => `${share < 0 ? "" : "+"}${(share * 100).toFixed(1)} %`;
