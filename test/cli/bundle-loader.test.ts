import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { copyCode, findCodeCache } from "../../src/cli/bundle-loader.ts";
import { ROOT } from "../package-stage.ts";

const NAMES = ["cli", "app", "foreign-step"] as const;

let directory = "";
const bundles = () => join(directory, "bundles");
const cache = () => findCodeCache(directory);

const writeBundle = (name: string, value: string): void =>
  writeFileSync(join(bundles(), `${name}.cjs`), `const read = () => "${value}"; exports.value = read(); exports.file = __filename;`);

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "enki-bundles-"));
  mkdirSync(bundles());
  for (const file of ["load-bundle.cjs", "foreign-step.js"]) copyFileSync(join(ROOT, "dist", file), join(bundles(), file));
  for (const name of NAMES) writeBundle(name, "one");
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const writeLoadScript = (names: readonly string[]): string =>
  `const { load } = require("./load-bundle.cjs"); process.stdout.write(JSON.stringify(${JSON.stringify(names)}.map(load)));`;

/** Loads bundles in a process of its own, because V8 caches compiled code per process. Returns their exports. */
const load = (names: readonly string[] = ["cli", "app"], [at, home] = [bundles(), directory], options: readonly string[] = []): unknown =>
  JSON.parse(execFileSync(process.execPath, [...options, "-e", writeLoadScript(names)], { cwd: at, env: { HOME: home } }).toString());
const listCode = (): string[] => readdirSync(cache()).sort();
/** Changes with each file that a process replaced. */
const listStored = () => listCode().map((file) => ({ file, inode: statSync(join(cache(), file)).ino }));

test("a bundle runs like a file that Node requires", () => {
  expect(load(["cli"])).toEqual([{ value: "one", file: join(bundles(), "cli.cjs") }]);
});

test("a bundle runs once in a process, and one that fails does so at each call", () => {
  writeFileSync(join(bundles(), "app.cjs"), "globalThis.runs = (globalThis.runs ?? 0) + 1; exports.runs = globalThis.runs;");
  expect(load(["app", "app"])).toEqual([{ runs: 1 }, { runs: 1 }]);
  writeFileSync(join(bundles(), "app.cjs"), 'throw new Error("no memory");');
  const script = `const { load } = require("./load-bundle.cjs");
    const tell = () => { try { return String(load("app")); } catch ({ message }) { return message; } };
    process.stdout.write(JSON.stringify([tell(), tell()]));`;
  const told = execFileSync(process.execPath, ["-e", script], { cwd: bundles(), env: { HOME: directory } }).toString();
  expect(JSON.parse(told)).toEqual(["no memory", "no memory"]);
});

test("a command with the App stores compiled code for its owner alone, and a later one needs no other", () => {
  load(["cli"]);
  expect(readdirSync(directory)).toEqual(["bundles"]);
  load();
  expect(listCode().map((file) => file.replace(/[0-9a-f]{64}/, "<hash>"))).toEqual([
    "app-<hash>.code",
    "cli-<hash>.code",
    "foreign-step-<hash>.code",
  ]);
  expect([cache(), ...listCode().map((file) => join(cache(), file))].map((path) => statSync(path).mode & 0o077)).toEqual([0, 0, 0, 0]);
  const stored = listStored();
  expect(load()).toMatchObject([{ value: "one" }, { value: "one" }]);
  expect(listStored()).toEqual(stored);
});

test("another bundle of the same length does not run the code of the earlier one, and replaces it", () => {
  load();
  const before = listCode();
  writeBundle("cli", "two");
  expect(load()).toMatchObject([{ value: "two" }, { value: "one" }]);
  expect(listCode()).toHaveLength(NAMES.length);
  expect(listCode().filter((file) => !before.includes(file))).toEqual([expect.stringMatching(/^cli-/)]);
});

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

const CHANGES: readonly (readonly [string, (path: string) => void])[] = [
  ["is cut", (path: string) => writeFileSync(path, readFileSync(path).subarray(0, 100))],
  ["is empty", (path: string) => writeFileSync(path, "")],
  ["is damaged", (path: string) => writeFileSync(path, readFileSync(path).fill(0, 200, 400))],
  [
    "is a link",
    (path: string) => {
      renameSync(path, join(directory, "code"));
      symlinkSync(join(directory, "code"), path);
    },
  ],
  [
    "has the name of another",
    (path: string) => {
      const other = listCode().find((file) => file.startsWith("foreign-step-"));
      copyFileSync(join(cache(), other ?? ""), path);
    },
  ],
  ["others can write", (path: string) => chmodSync(path, 0o622)],
  ["is in a directory that others can write", (path: string) => chmodSync(join(path, ".."), 0o777)],
  ...(isRoot ? [["another user owns", (path: string) => chownSync(path, NOBODY, NOBODY)] as const] : []),
];

test.each(CHANGES)("code that %s does not run", (_why, change) => {
  load();
  const [first] = listStored();
  change(join(cache(), first?.file ?? ""));
  expect(load()).toMatchObject([{ value: "one" }, { value: "one" }]);
  expect(listStored()[0]?.inode).not.toBe(first?.inode);
  const stored = listStored();
  load();
  expect(listStored()).toEqual(stored);
});

test("copies leave out damaged code", () => {
  load();
  const copy = join(directory, "copy");
  mkdirSync(copy);
  for (const file of listCode()) writeFileSync(join(cache(), file), readFileSync(join(cache(), file)).fill(0, 200, 400));
  copyCode({ bundles: bundles(), cache: cache() }, NAMES, copy);
  expect(readdirSync(copy)).toEqual([]);
});

test("a cache behind a link stays as it is", () => {
  const other = join(directory, "other");
  mkdirSync(other, { mode: 0o755 });
  const files = ["cli-notes.code", `cli-${"0".repeat(64)}.code`];
  for (const file of files) writeFileSync(join(other, file), "");
  mkdirSync(join(cache(), ".."), { recursive: true });
  symlinkSync(other, cache());
  expect(load()).toMatchObject([{ value: "one" }, { value: "one" }]);
  expect({ files: readdirSync(other).sort(), mode: statSync(other).mode & 0o777 }).toEqual({ files: files.sort(), mode: 0o755 });
});

test("only code of the same bundle is removed", () => {
  load();
  for (const file of ["cli-notes.code", `cli-${"0".repeat(64)}.code`, `cli-${"0".repeat(64)}.code.1`])
    writeFileSync(join(cache(), file), "");
  writeBundle("cli", "two");
  load();
  expect(listCode().filter((file) => file.startsWith("cli-"))).toEqual([
    expect.stringMatching(/^cli-[0-9a-f]{64}\.code$/),
    "cli-notes.code",
  ]);
});

test("a home that others can write has no cache, unless its files stay their owners'", () => {
  chmodSync(directory, 0o777);
  load();
  expect(readdirSync(directory)).toEqual(["bundles"]);
  chmodSync(directory, 0o1777);
  load();
  expect(listCode()).toHaveLength(NAMES.length);
  const stored = listStored();
  chmodSync(directory, 0o777);
  writeBundle("cli", "two");
  expect(load()).toMatchObject([{ value: "two" }, { value: "one" }]);
  expect(listStored()).toEqual(stored);
});

test.runIf(isRoot)("root stores nothing in the home of another user", () => {
  chownSync(directory, NOBODY, NOBODY);
  load();
  expect(readdirSync(directory)).toEqual(["bundles"]);
});

test.runIf(isRoot).each([
  ["without a home and without an entry in the list of users", () => ({})],
  ["whose home is in a closed directory", () => ({ HOME: join(directory, "closed", "home") })],
])("a user %s has no cache", (_who, listVariables) => {
  mkdirSync(join(directory, "closed", "home"), { recursive: true });
  chmodSync(join(directory, "closed"), 0o700);
  // Other users may not enter the directory of the test run.
  const shared = mkdtempSync("/tmp/enki-bundles-");
  onTestFinished(() => rmSync(shared, { recursive: true }));
  cpSync(bundles(), shared, { recursive: true });
  chmodSync(shared, 0o755);
  const options = { cwd: shared, env: listVariables(), uid: 12_345, gid: 12_345 };
  const printed = execFileSync(process.execPath, ["-e", writeLoadScript(["cli", "app"])], options);
  expect(JSON.parse(printed.toString())).toMatchObject([{ value: "one" }, { value: "one" }]);
});

test("copies that cannot be written do without code", () => {
  load();
  const copy = join(directory, "copy");
  mkdirSync(copy);
  for (const file of listCode()) mkdirSync(join(copy, file));
  expect(() => copyCode({ bundles: bundles(), cache: cache() }, NAMES, copy)).not.toThrow();
});

test("where directories stay open to others, nothing is stored, and no further process tries", () => {
  const preload = join(directory, "no-permissions.cjs");
  writeFileSync(preload, 'const fs = require("node:fs"); fs.chmodSync = fs.fchmodSync = () => {};');
  mkdirSync(cache(), { recursive: true });
  chmodSync(cache(), 0o777);
  load(["cli", "app"], [bundles(), directory], ["--require", preload]);
  expect(listCode()).toEqual([]);
});

test("a full disk keeps no part of a file", () => {
  const functions = Array.from({ length: 200 }, (_each, index) => `exports.value${index} = (() => [${index}])();`);
  writeFileSync(join(bundles(), "cli.cjs"), functions.join(""));
  const script = `ulimit -f 2; exec "$0" -e '${writeLoadScript(["cli", "app"])}'`;
  execFileSync("/bin/sh", ["-c", script, process.execPath], { cwd: bundles(), env: { HOME: directory }, stdio: "pipe" });
  expect(listCode()).toEqual([]);
});

test("options of Node that change compiled code do not start a process for each run", () => {
  const options = ["--max-old-space-size=300"];
  load(["cli", "app"], [bundles(), directory], options);
  const stored = listStored();
  expect(stored).toHaveLength(NAMES.length);
  load(["cli", "app"], [bundles(), directory], options);
  expect(listStored()).toEqual(stored);
});

test("the first line of a bundle has the columns of its file, also in stored code", () => {
  const text = `exports.value = new Error("here").stack.split("\\n")[1];`;
  writeFileSync(join(bundles(), "cli.cjs"), text);
  const place = { value: expect.stringMatching(new RegExp(`cli\\.cjs:1:${text.indexOf("new Error") + 1}\\)?$`)) as unknown };
  expect(load()).toMatchObject([place, { value: "one" }]);
  const stored = listStored();
  expect(load()).toMatchObject([place, { value: "one" }]);
  expect(listStored()).toEqual(stored);
});

test.each(["022", "002", "077"])("under umask %s, copied code is read beside the copies of the bundles", (mask) => {
  const earlier = process.umask(Number.parseInt(mask, 8));
  onTestFinished(() => void process.umask(earlier));
  const [copy, home] = [join(directory, "copy"), join(directory, "home")];
  mkdirSync(copy);
  cpSync(bundles(), copy, { recursive: true });
  copyCode({ bundles: bundles(), cache: cache() }, NAMES, copy);
  expect(readdirSync(copy)).toHaveLength(readdirSync(bundles()).length);
  load();
  copyCode({ bundles: bundles(), cache: cache() }, NAMES, copy);
  const code = readdirSync(copy).filter((file) => file.endsWith(".code"));
  expect(code).toHaveLength(NAMES.length);
  // Agents read the code as another user.
  expect([copy, ...code.map((file) => join(copy, file))].map((path) => statSync(path).mode & 0o777)).toEqual([0o755, 0o644, 0o644, 0o644]);
  mkdirSync(home);
  expect(load(["cli", "app"], [copy, home])).toMatchObject([{ value: "one" }, { value: "one" }]);
  // The copy already had its code, so the load stored none.
  expect(readdirSync(findCodeCache(home))).toEqual([]);
});
