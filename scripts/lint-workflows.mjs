#!/usr/bin/env node
// Checks this repository's workflow files, and those that `enki init` writes, with actionlint and zizmor. A tool that is not in PATH is
// downloaded. If this is impossible, its check is skipped with a message.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { PROJECTS } from "./set-up-projects.mjs";

const ACTIONLINT = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12";
const ZIZMOR = "zizmor==1.32.0";
const OBTAIN_MS = 120_000;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const place = mkdtempSync(join(tmpdir(), "enki-lint-"));
const run = (command, args, options = {}) => spawnSync(command, args, { encoding: "utf8", ...options });
const works = (command) => run(command, ["--version"]).status === 0;

const obtainActionlint = () => {
  run("go", ["install", ACTIONLINT], { env: { ...process.env, GOBIN: place }, timeout: OBTAIN_MS });
  return join(place, "actionlint");
};
const obtainZizmor = () => {
  const venv = join(place, "venv");
  run("python3", ["-m", "venv", venv], { timeout: OBTAIN_MS });
  run(join(venv, "bin", "pip"), ["install", "--quiet", ZIZMOR], { timeout: OBTAIN_MS });
  return join(venv, "bin", "zizmor");
};

const writeProject = (name, { files, options, origin }) => {
  const directory = join(place, name.replaceAll(/\W+/g, "-"));
  mkdirSync(directory);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  run("git", ["init", "--quiet"], { cwd: directory });
  if (origin !== undefined) run("git", ["remote", "add", "origin", origin], { cwd: directory });
  const written = run(process.execPath, [join(root, "dist/cli.js"), "init", "--yes", ...options], { cwd: directory });
  if (written.status !== 0) throw new Error(`enki init failed: ${written.stderr}`);
  return directory;
};

/** Runs each tool once on the workflow files of all repositories. */
const CHECKS = [
  { name: "actionlint", obtain: obtainActionlint, args: ["-no-color"] },
  { name: "zizmor", obtain: obtainZizmor, args: ["--offline", "--no-progress", "--config", join(root, ".github/zizmor.yml")] },
];
const listWorkflows = (directory) =>
  readdirSync(join(directory, ".github/workflows")).map((name) => join(directory, ".github/workflows", name));

try {
  const directories = [root, ...Object.entries(PROJECTS).map(([name, project]) => writeProject(name, project))];
  for (const { name, obtain, args } of CHECKS) {
    const command = works(name) ? name : obtain();
    if (!works(command)) {
      process.stdout.write(`${name}: skipped, because it is not installed and cannot be obtained here\n`);
      continue;
    }
    const files = directories.flatMap(listWorkflows);
    const { status, stdout, stderr } = run(command, [...args, ...files], { cwd: root });
    if (status !== 0) process.stdout.write(`${stdout}${stderr}\n`);
    process.stdout.write(
      `${name}: ${status === 0 ? "no finding" : "findings above"} in ${files.length} files of ${directories.length} repositories\n`,
    );
    if (status !== 0) process.exitCode = 1;
  }
} finally {
  rmSync(place, { recursive: true, force: true });
}
