import process from "node:process";
import { parseArgs } from "node:util";
import { describeShape } from "./shape.ts";
import { playHistory } from "./history.ts";

const main = async (): Promise<void> => {
  const { values } = parseArgs({ options: { seed: { type: "string", default: "1" }, histories: { type: "string", default: "100" }, log: { type: "boolean", default: false } } });
  const first = Number(values.seed);
  for (let seed = first; seed < first + Number(values.histories); seed += 1) {
    const from = process.cpuUsage();
    const begun = process.hrtime.bigint();
    const end = await playHistory({ seed, root: process.cwd() });
    const used = process.cpuUsage(from);
    if (values.log) console.log(end.log.join("\n"));
    console.log(`${seed} ${end.violation?.message ?? "holds"} · ${describeShape(end.shape)} · ${end.events} events ${end.saves} saves ${end.landings} landings · ${((used.user + used.system) / 1e6).toFixed(2)} CPU s, ${(Number(process.hrtime.bigint() - begun) / 1e9).toFixed(2)} s · ${end.digest.slice(0, 12)}`);
  }
};

await main();
