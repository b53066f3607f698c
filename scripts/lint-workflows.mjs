#!/usr/bin/env node
// Checks the workflow files that are here, and those that `enki init` writes, with actionlint and zizmor. A tool that is not in PATH is
// obtained; where that is impossible, its check is skipped, and the output says so.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

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

/** Files of repositories that make `enki init` write every kind of step. */
const PROJECTS = {
  plain: [{ "go.mod": "module a\n" }, []],
  everything: [
    {
      "package.json": '{"scripts":{"test":"x"}}',
      "uv.lock": "",
      "pyproject.toml": "",
      ".gitmodules": "",
      ".gitattributes": "* filter=lfs\n",
    },
    [],
  ],
  configured: [
    {
      "go.mod": "module a\n",
      ".enki/enki.toml": [
        "[jobs]",
        "verify_setup = '- run: make database'",
        "[jobs.services.db]",
        'image = "postgres:17"',
        'env = { POSTGRES_PASSWORD = "test" }',
        'ports = ["5432:5432"]',
        "[jobs.runs_on]",
        'publish = "ubuntu-slim"',
        'coordinate = ["self-hosted", "linux"]',
        'short = "ubuntu-slim"',
      ].join("\n"),
    },
    [],
  ],
  vendored: [{ "package.json": '{"scripts":{"test":"x"}}' }, ["--vendor", "--repository-secret"]],
};

const writeProject = (name, [files, options]) => {
  const directory = join(place, name);
  mkdirSync(directory);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  run("git", ["init", "--quiet"], { cwd: directory });
  const written = run(process.execPath, [join(root, "dist/cli.js"), "init", "--yes", ...options], { cwd: directory });
  if (written.status !== 0) throw new Error(`enki init failed: ${written.stderr}`);
  return directory;
};

const CHECKS = [
  { name: "actionlint", obtain: obtainActionlint, args: ["-no-color"] },
  {
    name: "zizmor",
    obtain: obtainZizmor,
    args: ["--offline", "--no-progress", "--config", join(root, ".github/zizmor.yml"), ".github/workflows"],
  },
];

try {
  const directories = [root, ...Object.entries(PROJECTS).map(([name, project]) => writeProject(name, project))];
  for (const { name, obtain, args } of CHECKS) {
    const command = works(name) ? name : obtain();
    if (!works(command)) {
      process.stdout.write(`${name}: skipped, because it is not installed and cannot be obtained here\n`);
      continue;
    }
    const failed = directories.map((cwd) => run(command, args, { cwd })).filter(({ status }) => status !== 0);
    for (const { stdout, stderr } of failed) process.stdout.write(`${stdout}${stderr}\n`);
    process.stdout.write(`${name}: ${failed.length === 0 ? "no finding" : "findings above"} in ${directories.length} repositories\n`);
    if (failed.length > 0) process.exitCode = 1;
  }
} finally {
  rmSync(place, { recursive: true, force: true });
}
