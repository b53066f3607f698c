import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { expect, onTestFinished, test } from "vitest";
import findNodeFault from "../bin/check-node.cjs";
import { ACTION_REFERENCE, PRODUCT } from "../src/core/domain/product.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SLUG = `${PRODUCT.owner}/${PRODUCT.repository}`;

const listFiles = (directory = ROOT): string[] =>
  spawnSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: directory, encoding: "utf8" })
    .stdout.split("\n")
    .filter((path) => path !== "");

const readIn = (directory: string, path: string): string => readFileSync(join(directory, path), "utf8");
const read = (path: string): string => readIn(ROOT, path);

/** Files that people read, copy or run: no tests, and no history. */
const isShown = (path: string): boolean => !/^(?:test|bench)\/|^CHANGELOG\.md$|\.json$/.test(path);

test("package.json, the App's manifest and the workflow files say the names and the version of PRODUCT", () => {
  const manifest = JSON.parse(read("package.json")) as Record<string, unknown>;
  expect(manifest).toMatchObject({
    name: PRODUCT.packageName,
    version: PRODUCT.version,
    repository: { url: `git+https://github.com/${SLUG}.git` },
  });
  expect(JSON.parse(read("package-lock.json"))).toMatchObject({
    name: PRODUCT.packageName,
    version: PRODUCT.version,
    packages: { "": { name: PRODUCT.packageName, version: PRODUCT.version } },
  });
  expect(parse(read("app.yml"))).toMatchObject({ url: `https://github.com/${SLUG}` });
  const uses = listFiles()
    .filter((path) => path.startsWith(".github/workflows/"))
    .flatMap((path) => [...read(path).matchAll(/uses: ([\w-]+\/enki@\S+)/g)].map(([, used = ""]) => used));
  expect(new Set(uses)).toEqual(new Set([ACTION_REFERENCE]));
});

test("no document, workflow file or source names a placeholder or a package of somebody else", () => {
  const wrong = listFiles()
    .filter(isShown)
    .flatMap((path) =>
      read(path)
        .split("\n")
        .flatMap((line, at) => (namesAnother(line) ? [`${path}:${at + 1}: ${line.trim()}`] : [])),
    );
  expect(wrong).toEqual([]);
});

const ALLOWED = [PRODUCT.packageName, `github:${SLUG}`];
/** Commands that download and run a package by its name. */
const RUNS_PACKAGE = /\b(?:npx|npm exec|npm (?:i|install) (?:-g|--global)|pnpm dlx|bunx)((?: -\S+)*) (\S+)/g;

const namesAnother = (line: string): boolean => {
  if (/\bOWNER\/|<owner>\/enki/.test(line)) return true;
  return [...line.matchAll(RUNS_PACKAGE)].some(
    ([, , name = ""]) => /\benki\b/.test(name) && !ALLOWED.some((ours) => name.startsWith(ours)),
  );
};

test.each([
  ["uses: OWNER/enki@v1", true],
  ["npx enki validate", true],
  ["npm install --global enki", true],
  ["npx -y enki@1.0.0 app", true],
  [`npx ${PRODUCT.packageName} demo`, false],
  [`npx github:${SLUG}#v1 demo`, false],
  ["npx vitest run", false],
  ["enki validate", false],
])("the search above finds %s: %s", (line, found) => {
  expect(namesAnother(line)).toBe(found);
});

test("npm run name changes the names and the version everywhere", () => {
  const copy = mkdtempSync(join(tmpdir(), "enki-name-"));
  onTestFinished(() => rmSync(copy, { recursive: true, force: true }));
  const files = listFiles();
  for (const path of files) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    cpSync(join(ROOT, path), join(copy, path));
  }
  spawnSync("git", ["init", "--quiet"], { cwd: copy });
  spawnSync("git", ["add", "--all"], { cwd: copy });
  const rename = (...args: string[]) => spawnSync(process.execPath, ["scripts/name.mjs", ...args], { cwd: copy, encoding: "utf8" });
  expect(rename("no owner")).toMatchObject({ status: 2, stderr: expect.stringContaining("'no owner' is no slug") as unknown });
  expect(rename("Acme-Works/enki-bot", "--package", "@acme/landing", "--version", "2.3.4")).toMatchObject({ status: 0, stderr: "" });
  const left = listFiles(copy).filter((path) => isShown(path) && new RegExp(`(?<![\\w-])${SLUG}(?![\\w-])`).test(readIn(copy, path)));
  expect(left).toEqual([]);
  expect(readIn(copy, ".github/workflows/enki-step.yml")).toContain("uses: Acme-Works/enki-bot@v2.3.4\n");
  expect(JSON.parse(readIn(copy, "package.json"))).toMatchObject({ name: "@acme/landing", version: "2.3.4" });
  expect(JSON.parse(readIn(copy, "package-lock.json"))).toMatchObject({ packages: { "": { name: "@acme/landing", version: "2.3.4" } } });
  expect(readIn(copy, "README.md")).toContain("@acme/landing");
});

test.each([
  ["18.20.8", "Enki does not run on Node 18.20.8; install Node 20.19.0 or a later 20, or 22.12.0 or newer"],
  ["20.18.3", "Enki does not run on Node 20.18.3; install Node 20.19.0 or a later 20, or 22.12.0 or newer"],
  ["20.19.0", null],
  ["21.7.0", "Enki does not run on Node 21.7.0; install Node 20.19.0 or a later 20, or 22.12.0 or newer"],
  ["22.12.0", null],
  ["26.0.1", null],
])("Node %s: %s", (node, fault) => {
  const { engines } = JSON.parse(read("package.json")) as { engines: { node: string } };
  expect(findNodeFault(node, engines.node)).toBe(fault);
});

test("docs/install.md names every finding of enki doctor", () => {
  const directory = "src/core/setup/doctor/";
  const codes = listFiles()
    .filter((path) => path.startsWith(directory))
    .flatMap((path) => [...read(path).matchAll(/report(?:Error|Warning)\(\s*"([a-z-]+)"/g)].map(([, code = ""]) => code));
  expect(codes.length).toBeGreaterThan(20);
  expect(codes.filter((code) => !read("docs/install.md").includes(`\`${code}\``))).toEqual([]);
});

test("every enki call in the shell blocks of README and docs/install.md is a call that exists", async () => {
  const calls = ["README.md", "docs/install.md"].flatMap((document) =>
    [...read(document).matchAll(/^```sh\n([^]*?)^```$/gm)].flatMap(([, block = ""]) =>
      [...block.matchAll(/(?:^|\s)enki ([a-z]+)((?: --[a-z-]+)*)/gm)].map(([, name = "", options = ""]) => ({ name, options })),
    ),
  );
  expect(calls.length).toBeGreaterThan(5);
  const help = await readFile(join(ROOT, "src/cli/subcommands.ts"), "utf8");
  for (const { name } of calls) expect(help).toMatch(new RegExp(`^\\s+(?:\\[)?"${name}",`, "m"));
});
