import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";

const ACT_VERSION = "v0.2.89";
/** The client of GitHub's artifact actions. Later storage clients drop the padding of the signature in the addresses that act gives out. */
const ARTIFACT_CLIENT = {
  private: true,
  dependencies: { "@actions/artifact": "5.0.1" },
  overrides: { "@azure/storage-blob": "12.15.0" },
};
const CACHE = new URL("../../node_modules/.cache/enki-act", import.meta.url).pathname;
// A cold build compiles act and all its dependencies.
const INSTALL_LIMIT_MS = 900_000;

/** Act reads and writes its own files in HOME. Without the first variable, it asks its own server for news at each start. */
export const ACT_ENVIRONMENT = { ACT_DISABLE_VERSION_CHECK: "1", NO_COLOR: "1", HOME: CACHE, PATH: process.env["PATH"] ?? "" };

/** A program or package for the tests, or the `reason` for its absence. */
export type Obtained = { readonly path: string; readonly reason: null } | { readonly path: null; readonly reason: string };

const explain = ({ error, stderr }: { readonly error?: Error; readonly stderr: string | null }): string =>
  error?.message ?? (stderr || "no answer").trim().split("\n").at(-1) ?? "";

/** Builds the pinned act with Go, unless it is built. */
export const installAct = (): Obtained => {
  const bin = join(CACHE, "bin");
  const path = join(bin, "act");
  const works = (): boolean =>
    spawnSync(path, ["--version"], { env: ACT_ENVIRONMENT, encoding: "utf8" }).stdout?.includes(ACT_VERSION.slice(1)) ?? false;
  if (works()) return { path, reason: null };
  mkdirSync(bin, { recursive: true });
  // Go's own directory is often missing from PATH.
  const env = { ...process.env, GOBIN: bin, PATH: [process.env["PATH"], "/usr/local/go/bin"].join(delimiter) };
  const built = spawnSync("go", ["install", `github.com/nektos/act@${ACT_VERSION}`], { env, encoding: "utf8", timeout: INSTALL_LIMIT_MS });
  return works() ? { path, reason: null } : { path: null, reason: `Go cannot build act ${ACT_VERSION}: ${explain(built)}` };
};

/** Installs GitHub's client of the artifact service outside of the lock file. */
export const installArtifactClient = (): Obtained => {
  const prefix = join(CACHE, "artifact-client");
  const resolve = (): Obtained => ({ path: createRequire(join(prefix, "index.js")).resolve("@actions/artifact"), reason: null });
  if (existsSync(join(prefix, "node_modules/@actions/artifact"))) return resolve();
  mkdirSync(prefix, { recursive: true });
  writeFileSync(join(prefix, "package.json"), JSON.stringify(ARTIFACT_CLIENT));
  const args = ["install", "--prefix", prefix, "--no-audit", "--no-fund", "--loglevel=error"];
  const installed = spawnSync("npm", args, { cwd: prefix, encoding: "utf8", timeout: INSTALL_LIMIT_MS });
  if (installed.status === 0) return resolve();
  rmSync(prefix, { recursive: true, force: true });
  return { path: null, reason: `npm cannot install @actions/artifact: ${explain(installed)}` };
};
