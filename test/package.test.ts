import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PRODUCT } from "../src/core/domain/product.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const MAX_PACKAGE_FILES = 60;
const MAX_INSTALLED_BYTES = 40_000_000;
/** Every step of a job loads the action, and `enki init` can copy it into a repository. It contains the coordinator. */
const MAX_ACTION_BYTES = 1_750_000;

/** An empty directory outside of the clone, for a person who has npm, git and nothing else. */
let outside = "";
let tarball = "";
beforeAll(() => {
  outside = realpathSync(mkdtempSync(join(tmpdir(), "enki-package-")));
  // As a person's own directories: jobs may run as another user, who passes through them.
  chmodSync(outside, 0o755);
  mkdirSync(join(outside, "home"));
  mkdirSync(join(outside, "work"));
  // As `release.yml` does: a release differs from the clone in its package.json only.
  const repository = join(outside, "released");
  expect(call("tar", ["-xzf", pack(ROOT), "-C", outside, "--transform", "s,^package,released,"]).status).toBe(0);
  expect(call(process.execPath, [join(ROOT, "scripts/release-manifest.mjs")], { cwd: repository }).status).toBe(0);
  tarball = pack(repository);
});
afterAll(() => rmSync(outside, { recursive: true, force: true }));

const call = (command: string, args: readonly string[], { cwd = join(outside, "work"), env = {} } = {}) =>
  spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    env: { PATH: process.env["PATH"] ?? "", HOME: join(outside, "home"), TMPDIR: outside, npm_config_update_notifier: "false", ...env },
  });

/** Npm that may not use a network. */
const npm = (args: readonly string[], cwd?: string) =>
  call("npm", [...args, "--offline", "--no-audit", "--no-fund"], cwd === undefined ? {} : { cwd });

/** Packs a directory into a tarball outside of the clone. */
const pack = (directory: string): string => {
  const packed = npm(["pack", "--ignore-scripts", "--json", "--pack-destination", outside], directory);
  const output = JSON.parse(packed.stdout) as Record<string, { filename: string }>;
  return join(outside, Object.values(output)[0]?.filename ?? "");
};

const listFiles = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

const sumBytes = (directory: string): number => listFiles(directory).reduce((sum, path) => sum + statSync(path).size, 0);

test("the action is one file of at most 1.75 MB", () => {
  const action = join(ROOT, "dist/action.js");
  expect(statSync(action).size).toBeLessThanOrEqual(MAX_ACTION_BYTES);
  expect(call(process.execPath, [action], { env: { INPUT_COMMAND: "none" } }).stdout).toMatch(/unknown command 'none'/);
});

test.each(["action", "app", "cli"])(
  "the licenses beside the bundle %s have those of its packages and of copied data, none without a text",
  (name) => {
    const texts = readFileSync(join(ROOT, `dist/${name}.licenses.txt`), "utf8").split(`\n\n${"-".repeat(80)}\n\n`);
    expect(texts.find((text) => text.startsWith("https://github.com/gitleaks/gitleaks "))).toContain("Copyright (c) 2019 Zachary Rice");
    // The package has no file with its license; ISC's text is the same for all.
    expect(texts.filter((text) => text.length < 200 && text.trim() !== "npx-import-light 1.0.0 (ISC)")).toEqual([]);
  },
);

test("the packed tarball holds what runs, in at most 60 files, and installs nothing else", () => {
  const prefix = join(outside, "own");
  mkdirSync(prefix);
  expect(npm(["install", "--prefix", prefix, tarball])).toMatchObject({ status: 0, stderr: "" });
  const installed = join(prefix, "node_modules", PRODUCT.packageName);
  const files = listFiles(installed).map((path) => path.slice(installed.length + 1));
  expect(files.length).toBeLessThanOrEqual(MAX_PACKAGE_FILES);
  expect(files).toEqual(expect.arrayContaining(["LICENSE", "action.yml", "dist/cli.js", "dist/action.licenses.txt", "roles/planner.toml"]));
  expect(files.filter((path) => /^(?:src|test|bench|scripts)\//.test(path))).toEqual([]);
  expect(readdirSync(join(prefix, "node_modules")).filter((name) => !name.startsWith("."))).toEqual([PRODUCT.packageName.split("/")[0]]);
  expect(sumBytes(prefix)).toBeLessThanOrEqual(MAX_INSTALLED_BYTES);
});

test("a package of the clone itself has no script that npm would have to be allowed to run", () => {
  const prefix = join(outside, "unreleased");
  mkdirSync(prefix);
  expect(npm(["install", "--prefix", prefix, pack(ROOT)])).toMatchObject({ status: 0, stderr: "" });
});

describe("each way to install gives a working enki", () => {
  const enkiOf = (...path: string[]) => join(outside, ...path);

  test.each([
    ["npm install", ["install", "--prefix", "{}"], ["node_modules", ".bin", "enki"]],
    ["npm install --global", ["install", "--global", "--prefix", "{}"], ["bin", "enki"]],
  ])("%s <tarball>", (name, args, path) => {
    const prefix = join(outside, name.replaceAll(" ", ""));
    mkdirSync(prefix);
    expect(npm([...args.map((word) => (word === "{}" ? prefix : word)), tarball])).toMatchObject({ status: 0, stderr: "" });
    const enki = enkiOf(name.replaceAll(" ", ""), ...path);
    expect(call(enki, ["--version"])).toMatchObject({ status: 0, stdout: `enki ${PRODUCT.version}\n`, stderr: "" });
    expect(call(enki, ["run", "--help"]).stdout).toMatch(/^enki run \[options\] "<request>"/);
    expect(call(enki, ["validate"])).toMatchObject({ status: 0, stdout: expect.stringMatching(/files without a mistake/) as unknown });
  });

  test("npx <package> from the tarball", () => {
    const run = npm(["exec", "--yes", "--package", tarball, "--", "enki", "--version"]);
    expect(run).toMatchObject({ status: 0, stdout: `enki ${PRODUCT.version}\n` });
  });

  test("npx git+file://… of a release's tag, which has nothing to build", () => {
    const repository = join(outside, "released");
    expect(JSON.parse(readFileSync(join(repository, "package.json"), "utf8"))).not.toHaveProperty("devDependencies");
    for (const args of [
      ["init", "--quiet"],
      ["add", "--all", "--force"],
      ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "--quiet", "-m", "Release"],
      ["tag", "v1"],
    ])
      expect(call("git", args, { cwd: repository })).toMatchObject({ status: 0 });
    const run = npm(["exec", "--yes", "--package", `git+file://${repository}#v1`, "--", "enki", "--version"]);
    expect(run).toMatchObject({ status: 0, stdout: `enki ${PRODUCT.version}\n` });
  });
});

/** A registry on loopback that has one package: for the README's own words. Runs in a process of its own, because calls block. */
const startRegistry = (): { url: string; stop: () => void } => {
  const script = join(outside, "registry.mjs");
  writeFileSync(
    script,
    `import { createServer } from "node:http";
import { readFileSync, writeFileSync } from "node:fs";
const [, , name, version, tarball, ready] = process.argv;
const server = createServer((request, response) => {
  if (request.url.endsWith(".tgz")) return response.end(readFileSync(tarball));
  const dist = { tarball: "http://127.0.0.1:" + server.address().port + "/enki.tgz" };
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ name, "dist-tags": { latest: version }, versions: { [version]: { name, version, bin: { enki: "bin/enki.cjs" }, dist } } }));
});
server.listen(0, "127.0.0.1", () => writeFileSync(ready, String(server.address().port)));
`,
  );
  const ready = join(outside, "registry.port");
  const child = spawn(process.execPath, [script, PRODUCT.packageName, PRODUCT.version, tarball, ready], { stdio: "ignore" });
  const waited = call("bash", ["-c", `for i in $(seq 200); do [ -s '${ready}' ] && exit 0; sleep 0.05; done; exit 1`]);
  expect(waited.status).toBe(0);
  return { url: `http://127.0.0.1:${readFileSync(ready, "utf8")}/`, stop: () => child.kill() };
};

test(
  "the first shell block of the README, word for word in an empty directory: install, and the demo to its end",
  { timeout: 600_000 },
  () => {
    const [, block = ""] = /^```sh\n([^]*?)^```$/m.exec(readFileSync(join(ROOT, "README.md"), "utf8")) ?? [];
    expect(block.split("\n")[0]).toBe(`npm install --global ${PRODUCT.packageName}`);
    const registry = startRegistry();
    try {
      const prefix = join(outside, "global");
      const env = {
        PATH: `${join(prefix, "bin")}:${process.env["PATH"] ?? ""}`,
        npm_config_registry: registry.url,
        npm_config_prefix: prefix,
        npm_config_audit: "false",
      };
      const played = call("sh", ["-e", "-c", block], { env });
      expect({ ...played, stdout: played.status === 0 ? "" : played.stdout.slice(-2_000) }).toMatchObject({
        status: 0,
        stderr: "",
        stdout: "",
      });
      expect(played.stdout).toContain("The agent plays a rehearsal");
    } finally {
      registry.stop();
    }
  },
);

describe("enki on a Node or in a clone where it cannot run", () => {
  test("an old Node gets one sentence", () => {
    const preload = join(outside, "old-node.cjs");
    writeFileSync(
      preload,
      `Object.defineProperty(process, "versions", { value: Object.assign({}, process.versions, { node: "18.20.8" }) });\n`,
    );
    expect(call(process.execPath, ["--require", preload, join(ROOT, "bin/enki.cjs"), "--version"])).toMatchObject({
      status: 1,
      stdout: "",
      stderr: "enki: Enki does not run on Node 18.20.8; install Node 20.19.0 or a later 20, or 22.12.0 or newer\n",
    });
  });

  test("a clone that was not built says what builds it", () => {
    const clone = join(outside, "unbuilt");
    mkdirSync(join(clone, "bin"), { recursive: true });
    for (const path of ["package.json", "bin/enki.cjs", "bin/check-node.cjs"]) cpSync(join(ROOT, path), join(clone, path));
    chmodSync(join(clone, "bin/enki.cjs"), 0o755);
    expect(call(join(clone, "bin/enki.cjs"), [])).toMatchObject({ status: 1, stderr: "enki: Enki is not built here; run npm run build\n" });
  });
});

test("the build prints no warning, and bundles evaluate no text", () => {
  const built = call(process.execPath, [join(ROOT, "node_modules/rolldown/bin/cli.mjs"), "-c"], {
    cwd: ROOT,
    env: { ENKI_BUNDLES: join(outside, "bundles") },
  });
  expect(built).toMatchObject({ status: 0, stderr: "" });
  expect(built.stdout).not.toMatch(/warn|EVAL/i);
});

test("npm ci on the lowest supported Node meets no package that wants a newer one", () => {
  const { packages } = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as {
    packages: Record<string, { engines?: { node?: string }; optional?: boolean }>;
  };
  const newer = Object.entries(packages)
    .filter(([, { optional }]) => optional !== true)
    .flatMap(([path, { engines }]) => (/^>= ?2[1-9][\d.]*$/.test(engines?.node ?? "") ? [`${path}: ${engines?.node ?? ""}`] : []));
  expect(newer).toEqual([]);
});
