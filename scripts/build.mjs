#!/usr/bin/env node
// Bundles the doors and the program of foreign steps into `dist/`, unless they are newer than all their sources. `--force` bundles in any case.
// ENKI_BUNDLES names another directory to bundle into.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import findNodeFault from "../bin/check-node.cjs";

// Another directory can contain older files.
const isElsewhere = process.env.ENKI_BUNDLES !== undefined;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const BUNDLES = ["dist/action.js", ...["cli", "app", "foreign-step", "load-bundle"].map((name) => `dist/${name}.cjs`)];
const INPUTS = ["src", "roles", "workflows", "examples", "package.json", "package-lock.json", "rolldown.config.ts", "scripts"];

const modified = (path) => statSync(join(root, path)).mtimeMs;

/** Time of the last change to a file, or to a folder and its contents. A removed file changes its folder. */
const newest = (path) => {
  if (!existsSync(join(root, path))) return 0;
  if (!statSync(join(root, path)).isDirectory()) return modified(path);
  return Math.max(modified(path), ...readdirSync(join(root, path)).map((name) => newest(join(path, name))));
};

const isUpToDate = () =>
  BUNDLES.every((path) => existsSync(join(root, path))) && Math.min(...BUNDLES.map(modified)) > Math.max(...INPUTS.map(newest));

/** Earlier versions wrote files with other names. */
const removeFilesBefore = (directory, time) => {
  for (const name of readdirSync(directory))
    if (statSync(join(directory, name)).mtimeMs < time) rmSync(join(directory, name), { recursive: true });
};

const fault = findNodeFault(process.versions.node, JSON.parse(readFileSync(join(root, "package.json"), "utf8")).engines.node);
if (fault !== null) {
  process.stderr.write(`enki: ${fault}\n`);
  process.exitCode = 1;
} else if (isElsewhere || process.argv.includes("--force") || !isUpToDate()) {
  const started = Date.now();
  const { status } = spawnSync(process.execPath, [join(root, "node_modules/rolldown/bin/cli.mjs"), "-c"], { cwd: root, stdio: "inherit" });
  process.exitCode = status ?? 1;
  if (status === 0 && !isElsewhere) removeFilesBefore(join(root, "dist"), started);
}
