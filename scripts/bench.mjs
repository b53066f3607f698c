// Runs a benchmark of bench/: `npm run bench -- <name>`. Bundles the benchmark into a temporary directory, because Node 20 cannot run TypeScript.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rolldown } from "rolldown";

const [name = "", ...args] = process.argv.slice(2);
const folder = new URL("../bench/", import.meta.url).pathname;
const file = join(folder, `${name}.ts`);
if (!/^[a-z-]+$/.test(name) || !existsSync(file)) {
  const names = readdirSync(folder).flatMap((each) => (each.endsWith(".ts") ? [each.slice(0, -3)] : []));
  console.error(`npm run bench -- <${names.join(" | ")}>`);
  process.exit(2);
}
const directory = mkdtempSync(join(tmpdir(), "enki-bench-"));
try {
  const bundle = await rolldown({ input: file, platform: "node", external: [/^node:/], logLevel: "silent" });
  const { output } = await bundle.write({ dir: directory, format: "esm", entryFileNames: "bench.mjs", chunkFileNames: "[name].mjs" });
  await bundle.close();
  const nodeArgs = process.env.ENKI_BENCH_NODE_ARGS?.split(" ") ?? [];
  const ran = spawnSync(process.execPath, [...nodeArgs, join(directory, output[0].fileName), ...args], { stdio: "inherit" });
  process.exitCode = ran.status ?? 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
