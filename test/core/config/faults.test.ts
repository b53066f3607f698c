import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FAULT_CODES, formatFault } from "../../../src/core/config/config-fault.ts";
import { type ConfigText, readConfig } from "../../../src/core/config/read-config.ts";

const ROOT = join(import.meta.dirname, "faults");
const EXPECTED = "expected.txt";

/** Reads the files of an example, with their paths in a repository. */
const example = (code: string): ConfigText[] =>
  readdirSync(join(ROOT, code), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".toml"))
    .toSorted()
    .map((path) => ({ path, text: readFileSync(join(ROOT, code, path), "utf8") }));

test("every code has an example, and no other has one", () => {
  expect(readdirSync(ROOT).toSorted()).toEqual([...FAULT_CODES].toSorted());
});

describe.each(FAULT_CODES)("%s", (code) => {
  test("is reported with file, line, column and a correction", async () => {
    const { faults } = readConfig(example(code));
    expect(existsSync(join(ROOT, code, EXPECTED))).toBe(true);
    await expect(`${faults.map(formatFault).join("\n")}\n`).toMatchFileSnapshot(join(ROOT, code, EXPECTED));
    expect(new Set(faults.map((fault) => fault.code))).toEqual(new Set([code]));
    for (const { suggestion, why } of faults) expect([suggestion, why]).not.toContain("");
  });
});
