import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { nameOf } from "./refinery/grid.ts";
import type { Scene } from "./refinery/trace.ts";
import { type Compared, compare, percent } from "./refinery-real/compare.ts";

const scene = (over: Partial<Scene>): Scene => ({
  shape: "flat",
  start: "ready",
  steps: 8,
  work: 0,
  bad: 0.15,
  flakes: 0.02,
  textual: 0,
  semantic: 0,
  slots: 4,
  suspectsResolutions: true,
  ...over,
});

/** Steps with needs take time to work on, because the real coordinator does not wait until work of no time is done. */
const SCENES: readonly Scene[] = [
  scene({}),
  scene({ steps: 24, bad: 0, flakes: 0 }),
  scene({ steps: 24, slots: 16 }),
  scene({ work: 2 }),
  scene({ shape: "layered", work: 2, flakes: 0 }),
  scene({ shape: "layered", work: 2, steps: 24 }),
  scene({ shape: "layered", start: "landed", work: 2, steps: 24, slots: 16 }),
  scene({ shape: "chain", work: 1 }),
  scene({ shape: "chain", start: "landed", work: 1, bad: 0, slots: 16 }),
  scene({ shape: "random", work: 1, steps: 24, slots: 16 }),
  scene({ shape: "random", start: "landed", work: 1, steps: 24, flakes: 0 }),
  scene({ steps: 12, work: 1, textual: 0.04, semantic: 0.02 }),
  scene({ shape: "layered", steps: 24, work: 2, textual: 0.02, semantic: 0.003, slots: 16 }),
  scene({ steps: 12, work: 2, slots: 8, hot: 0.5 }),
  scene({ steps: 12, work: 2, slots: 8, pushEvery: 2 }),
  scene({ steps: 12, work: 2, slots: 8, hot: 0.5, pushEvery: 4 }),
  scene({ steps: 12, work: 2, slots: 8, redBase: 3 }),
];

/**
 * Plays the same traces through the simulation of `refinery` and through the real coordinator, with a ledger in git, a local GitHub, and jobs in virtual time.
 * `--seeds <n>` · `--only <text>` in the names of scenes · `--out <directory>` for the JSON · `--at-once <n>` parallel histories
 * Exits with 1 if the mean makespan or turnaround of a scene differs by more than 5 %.
 */
const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string", default: "5" },
      only: { type: "string", default: "" },
      out: { type: "string", default: join("bench", "out") },
      "at-once": { type: "string", default: String(availableParallelism()) },
    },
  });
  const seeds = Array.from({ length: Number(values.seeds) }, (_, at) => at + 1);
  const from = process.hrtime.bigint();
  const compared: Compared[] = [];
  console.log(`means over ${seeds.length} seeds, in checks: simulated, real, difference`);
  for (const each of SCENES.filter((one) => nameOf(one).includes(values.only))) {
    const one = await compare(each, seeds, { root: process.cwd(), atOnce: Number(values["at-once"]) });
    compared.push(one);
    console.log(lines(one));
  }
  const seconds = Number(process.hrtime.bigint() - from) / 1e9;
  mkdirSync(values.out, { recursive: true });
  writeFileSync(
    join(values.out, "refinery-real.json"),
    `${JSON.stringify({ bench: "refinery-real", seeds: seeds.length, seconds, scenes: compared })}\n`,
  );
  console.log(`${compared.length} scenes in ${seconds.toFixed(0)} s; refinery-real.json is in ${values.out}`);
  process.exitCode = compared.every(({ faults }) => faults.length === 0) ? 0 : 1;
};

const lines = ({ scene, simulated, real, difference, faults }: Compared): string => {
  const cell = (name: "makespan" | "turnaround" | "runs", label: string): string =>
    `${label} ${simulated[name].toFixed(2)} ${real[name].toFixed(2)} ${percent(difference[name])}`;
  const resolved = `resolutions ${simulated.resolutions.toFixed(1)} ${real.resolutions.toFixed(1)}`;
  const figures = [cell("makespan", "makespan"), cell("turnaround", "turnaround"), cell("runs", "runs/step"), resolved].join(" · ");
  return [`${nameOf(scene).padEnd(52)} ${figures}`, ...faults.map((fault) => `  fails: ${fault}`)].join("\n");
};

await main();
