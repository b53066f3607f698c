import { fork } from "node:child_process";
import process from "node:process";
import { parseArgs } from "node:util";
import type { FaultCount } from "./chance.ts";
import { addCounts, describeCounts, findMissingKinds } from "./faults.ts";
import { type HistoryEnd, playHistory } from "./history.ts";
import { describeShape } from "./shape.ts";
import { describeScenario, shrinkHistory } from "./shrink.ts";

/** Number of histories from which each kind of fault must have happened. */
const ENOUGH_FOR_ALL_KINDS = 300;

const lineOf = ({ seed, violations, shape, events, saves, landings, digest }: HistoryEnd, cpuSeconds: number): string =>
  [
    `${seed} ${violations[0]?.message ?? "holds"}`,
    describeShape(shape),
    `${events} events, ${saves} saves, ${landings} landings`,
    `${cpuSeconds.toFixed(2)} CPU s`,
    digest.slice(0, 12),
  ].join(" · ");

type Played = {
  readonly lines: readonly string[];
  readonly counts: readonly (readonly [string, FaultCount])[];
  readonly isFailed: boolean;
};
type Showing = { readonly log: boolean; readonly shrinks: boolean };

const play = async (seed: number, { log, shrinks }: Showing): Promise<Played> => {
  const from = process.cpuUsage();
  const end = await playHistory({ seed, root: process.cwd() });
  const { user, system } = process.cpuUsage(from);
  const isFailed = end.violations.length > 0;
  const scenario = isFailed && shrinks ? [describeScenario(await shrinkHistory({ seed, root: process.cwd() }, end))] : [];
  return { lines: [...(log ? end.log : []), lineOf(end, (user + system) / 1e6), ...scenario], counts: [...end.counts], isFailed };
};

/** Distributes histories over processes. Each process has its own clock and network. */
const spread = async (seeds: number[], workers: number, take: (played: Played) => void): Promise<void> => {
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = fork(process.argv[1] ?? "", process.argv.slice(2));
      const next = (): void => {
        const seed = seeds.shift();
        if (seed === undefined) child.disconnect();
        else child.send(seed);
      };
      child.on("message", (played: Played) => {
        take(played);
        next();
      });
      child.on("error", reject);
      child.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`A worker ended with ${code}.`))));
      next();
    });
  await Promise.all(Array.from({ length: workers }, work));
};

/**
 * Plays random histories of the whole of Enki.
 * `--seed <n>` the first seed · `--histories <n>` · `--log` prints each history · `--no-shrink` · `--workers <n>` processes
 * Exits with 1 if an invariant did not hold, or if a kind of fault never happened in a long run.
 */
const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      seed: { type: "string", default: "1" },
      histories: { type: "string", default: "100" },
      log: { type: "boolean", default: false },
      "no-shrink": { type: "boolean", default: false },
      workers: { type: "string", default: "1" },
    },
  });
  const [first, histories] = [Number(values.seed), Number(values.histories)];
  const showing = { log: values.log, shrinks: !values["no-shrink"] };
  const counts = new Map<string, FaultCount>();
  let failed = 0;
  const take = ({ lines, counts: own, isFailed }: Played): void => {
    addCounts(counts, new Map(own));
    failed += isFailed ? 1 : 0;
    console.log(lines.join("\n"));
  };
  // A worker plays the seeds from its parent process.
  if (process.send) return void process.on("message", (seed: number) => void play(seed, showing).then((played) => process.send?.(played)));
  const seeds = Array.from({ length: histories }, (_, at) => first + at);
  const workers = Math.min(Number(values.workers), histories);
  if (workers > 1) await spread(seeds, workers, take);
  else for (const seed of seeds) take(await play(seed, showing));
  console.log(describeCounts(counts));
  const missing = findMissingKinds(counts);
  if (missing.length > 0) console.log(`never happened: ${missing.join(", ")}`);
  console.log(`${histories} histories, ${failed} violations`);
  process.exitCode = failed > 0 || (missing.length > 0 && histories >= ENOUGH_FOR_ALL_KINDS) ? 1 : 0;
};

await main();
