import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { PRODUCT } from "../src/core/domain/product.ts";
import { ROOT, usePackage } from "./package-stage.ts";

const MAX_PACKAGE_FILES = 60;
const MAX_INSTALLED_BYTES = 40_000_000;
/** Every step of a job loads the action, and `enki init` can copy the action into a repository. The action contains the coordinator. */
const MAX_ACTION_BYTES = 1_750_000;

const { place, call, npm } = usePackage();

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
    // The package has no license file; the text of the ISC license is the same everywhere.
    expect(texts.filter((text) => text.length < 200 && text.trim() !== "npx-import-light 1.0.0 (ISC)")).toEqual([]);
  },
);

test("a package of the clone itself has no script that npm would have to be allowed to run", () => {
  const prefix = join(place.outside, "unreleased");
  mkdirSync(prefix);
  expect(npm(["install", "--prefix", prefix, place.unreleased])).toMatchObject({ status: 0, stderr: "" });
});

describe("each way to install gives a working enki", () => {
  const expectWorking = (enki: string): void => {
    expect(call(enki, ["--version"])).toMatchObject({ status: 0, stdout: `enki ${PRODUCT.version}\n`, stderr: "" });
    expect(call(enki, ["run", "--help"]).stdout).toMatch(/^enki run \[options\] "<request>"/);
    expect(call(enki, ["validate"])).toMatchObject({ status: 0, stdout: expect.stringMatching(/files without a mistake/) as unknown });
  };

  test("npm install <tarball>, which holds what runs, in at most 60 files, and installs nothing else", () => {
    const prefix = join(place.outside, "own");
    mkdirSync(prefix);
    expect(npm(["install", "--prefix", prefix, place.tarball])).toMatchObject({ status: 0, stderr: "" });
    const installed = join(prefix, "node_modules", PRODUCT.packageName);
    const files = listFiles(installed).map((path) => path.slice(installed.length + 1));
    expect(files.length).toBeLessThanOrEqual(MAX_PACKAGE_FILES);
    expect(files).toEqual(
      expect.arrayContaining(["LICENSE", "action.yml", "dist/cli.js", "dist/action.licenses.txt", "roles/planner.toml"]),
    );
    expect(files.filter((path) => /^(?:src|test|bench|scripts)\//.test(path))).toEqual([]);
    expect(readdirSync(join(prefix, "node_modules")).filter((name) => !name.startsWith("."))).toEqual([PRODUCT.packageName.split("/")[0]]);
    expect(sumBytes(prefix)).toBeLessThanOrEqual(MAX_INSTALLED_BYTES);
    expectWorking(join(prefix, "node_modules", ".bin", "enki"));
  });

  test("npm install --global <tarball>", () => {
    const prefix = join(place.outside, "global");
    mkdirSync(prefix);
    expect(npm(["install", "--global", "--prefix", prefix, place.tarball])).toMatchObject({ status: 0, stderr: "" });
    expectWorking(join(prefix, "bin", "enki"));
  });

  test("npx <package> from the tarball", () => {
    const run = npm(["exec", "--yes", "--package", place.tarball, "--", "enki", "--version"]);
    expect(run).toMatchObject({ status: 0, stdout: `enki ${PRODUCT.version}\n` });
  });
});

describe("enki on a Node or in a clone where it cannot run", () => {
  test("an old Node gets one sentence", () => {
    const preload = join(place.outside, "old-node.cjs");
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
    const clone = join(place.outside, "unbuilt");
    mkdirSync(join(clone, "bin"), { recursive: true });
    for (const path of ["package.json", "bin/enki.cjs", "bin/check-node.cjs"]) cpSync(join(ROOT, path), join(clone, path));
    chmodSync(join(clone, "bin/enki.cjs"), 0o755);
    expect(call(join(clone, "bin/enki.cjs"), [])).toMatchObject({ status: 1, stderr: "enki: Enki is not built here; run npm run build\n" });
  });
});

test("a warning ends the build, such as that a bundle evaluates text", async () => {
  const configs = (await import("../rolldown.config.ts")).default;
  expect(configs).toHaveLength(5);
  for (const { onwarn } of configs)
    expect(() => onwarn?.({ code: "EVAL", message: "Use of direct eval" }, () => undefined)).toThrow("Use of direct eval");
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
