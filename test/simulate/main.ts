import process from "node:process";
import { parseArgs } from "node:util";
import type { FaultCount } from "./chance.ts";
import { addCounts, describeCounts, findMissingKinds } from "./faults.ts";
import { type HistoryEnd, playHistory } from "./history.ts";
import { describeShape } from "./shape.ts";
import { describeScenario, shrinkHistory } from "./shrink.ts";

/** From so many histories on, each kind of fault must have happened. */
const ENOUGH_FOR_ALL_KINDS = 300;

const lineOf = ({ seed, violations, shape, events, saves, landings, digest }: HistoryEnd, cpuSeconds: number): string =>
  [
    `${seed} ${violations[0]?.message ?? "holds"}`,
    describeShape(shape),
    `${events} events, ${saves} saves, ${landings} landings`,
    `${cpuSeconds.toFixed(2)} CPU s`,
    digest.slice(0, 12),
  ].join(" · ");

/**
 * Plays random histories of the whole of Enki.
 * `--seed <n>` the first seed · `--histories <n>` · `--log` prints each history · `--no-shrink`
 * Ends with 1 if an invariant did not hold, or if a kind of fault never happened in a long run.
 */
const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      seed: { type: "string", default: "1" },
      histories: { type: "string", default: "100" },
      log: { type: "boolean", default: false },
      "no-shrink": { type: "boolean", default: false },
    },
  });
  const [first, histories] = [Number(values.seed), Number(values.histories)];
  const counts = new Map<string, FaultCount>();
  let failed = 0;
  for (let seed = first; seed < first + histories; seed += 1) {
    const from = process.cpuUsage();
    const end = await playHistory({ seed, root: process.cwd() });
    const { user, system } = process.cpuUsage(from);
    addCounts(counts, end.counts);
    if (values.log) console.log(end.log.join("\n"));
    console.log(lineOf(end, (user + system) / 1e6));
    if (end.violations.length === 0) continue;
    failed += 1;
    if (!values["no-shrink"]) console.log(describeScenario(await shrinkHistory({ seed, root: process.cwd() }, end)));
  }
  console.log(describeCounts(counts));
  const missing = findMissingKinds(counts);
  if (missing.length > 0) console.log(`never happened: ${missing.join(", ")}`);
  console.log(`${histories} histories, ${failed} violations`);
  process.exitCode = failed > 0 || (missing.length > 0 && histories >= ENOUGH_FOR_ALL_KINDS) ? 1 : 0;
};

await main();
