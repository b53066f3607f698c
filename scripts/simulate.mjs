// Plays random histories of the whole of Enki: `npm run simulate -- --seed <n> --histories <m>`. Bundles test/simulate/main.ts first, because Node 20 cannot run TypeScript.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rolldown } from "rolldown";

const input = new URL("../test/simulate/main.ts", import.meta.url).pathname;
const directory = mkdtempSync(join(tmpdir(), "enki-simulate-bundle-"));
try {
  const bundle = await rolldown({ input, platform: "node", external: [/^node:/], logLevel: "silent" });
  const { output } = await bundle.write({ dir: directory, format: "esm", entryFileNames: "simulate.mjs", chunkFileNames: "[name].mjs" });
  await bundle.close();
  const ran = spawnSync(process.execPath, [join(directory, output[0].fileName), ...process.argv.slice(2)], { stdio: "inherit" });
  process.exitCode = ran.status ?? 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
