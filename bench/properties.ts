import { INVARIANTS, type InvariantId } from "../test/core/refinery/invariants.ts";
import { explain, search } from "../test/core/refinery/simulate.ts";

/** Plays random histories and prints each violated invariant: `npm run properties -- --histories 1000000 --seed 7 --only I7`. */
const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};

const histories = Number(option("histories") ?? 10_000);
const seed = Number(option("seed") ?? 1);
const ids = new Set<string>(INVARIANTS.map(({ id }) => id));
const wanted = option("only")?.split(",");
const unknown = wanted?.find((id) => !ids.has(id));
if (unknown !== undefined || !(histories > 0) || !Number.isInteger(seed)) {
  console.error(`npm run properties -- --histories <count> --seed <number> --only <${[...ids].join(",")}>`);
  process.exit(2);
}

const from = process.hrtime.bigint();
const failures = search({ histories, seed, ...(wanted ? { only: new Set(wanted as InvariantId[]) } : {}) });
const seconds = Number(process.hrtime.bigint() - from) / 1e9;
for (const [id, failure] of failures)
  console.log(`${option("terse") ? `${id} seed ${failure.seed}: ${failure.says.slice(0, 200)}` : explain(id, failure)}\n`);
const names = wanted ?? [...ids];
console.log(
  `${names.filter((id) => !failures.has(id as InvariantId)).length} of ${names.length} invariants hold, seeds ${seed} to ${seed + histories - 1}, ${seconds.toFixed(1)} s`,
);
process.exitCode = failures.size > 0 ? 1 : 0;
