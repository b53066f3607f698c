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
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
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

/** Loads bundles in a process of its own, because V8 remembers what a process has compiled. Returns their exports. */
const load = (names: readonly string[] = ["cli", "app"], [at, home] = [bundles(), directory]): unknown => {
  const script = `const { load } = require("./load-bundle.cjs"); process.stdout.write(JSON.stringify(${JSON.stringify(names)}.map(load)));`;
  return JSON.parse(execFileSync(process.execPath, ["-e", script], { cwd: at, env: { HOME: home } }).toString());
};
const listCode = (): string[] => readdirSync(cache()).sort();
/** Changes with each file that a process replaced. */
const listStored = () => listCode().map((file) => ({ file, inode: statSync(join(cache(), file)).ino }));

test("a bundle runs like a file that Node requires", () => {
  expect(load(["cli"])).toEqual([{ value: "one", file: join(bundles(), "cli.cjs") }]);
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

const CHANGES: readonly (readonly [string, (path: string) => void])[] = [
  ["is cut", (path: string) => writeFileSync(path, readFileSync(path).subarray(0, 100))],
  ["others can write", (path: string) => chmodSync(path, 0o622)],
  ["is in a directory that others can write", (path: string) => chmodSync(join(path, ".."), 0o777)],
  ...(process.getuid?.() === 0 ? [["another user owns", (path: string) => chownSync(path, NOBODY, NOBODY)] as const] : []),
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

test("copied code is read beside the copies of the bundles", () => {
  const [copy, home] = [join(directory, "copy"), join(directory, "home")];
  cpSync(bundles(), copy, { recursive: true });
  copyCode({ bundles: bundles(), cache: cache() }, NAMES, copy);
  expect(readdirSync(copy)).toHaveLength(readdirSync(bundles()).length);
  load();
  copyCode({ bundles: bundles(), cache: cache() }, NAMES, copy);
  expect(load(["cli", "app"], [copy, home])).toMatchObject([{ value: "one" }, { value: "one" }]);
  // Nothing was left to store.
  expect(readdirSync(findCodeCache(home))).toEqual([]);
});
