import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isTooComplexYaml } from "../../../src/core/config/yaml-nesting.ts";

const WORKFLOWS = ".github/workflows";
const DEPTH = 20_000;
const indented = (line: (at: number) => string): string => Array.from({ length: 300 }, (_, at) => " ".repeat(at) + line(at)).join("\n");

const DEEP: Readonly<Record<string, string>> = {
  "lists in brackets": `a: ${"[".repeat(DEPTH)}${"]".repeat(DEPTH)}`,
  "lists in brackets that never close": `a: ${"[".repeat(DEPTH)}`,
  "tables in braces": `${"{a: ".repeat(DEPTH)}1${"}".repeat(DEPTH)}`,
  "brackets beside texts that look like the end": `a: ${'["]", '.repeat(DEPTH)}`,
  "a list per dash": "- ".repeat(DEPTH),
  "a list per dash after many keys": `${"a: 1\n".repeat(50)}b:\n  ${"- ".repeat(DEPTH)}`,
  "a key per question mark": "? ".repeat(DEPTH),
  "a value per colon": ": ".repeat(DEPTH),
  "a table per line": indented((at) => `k${at}:`),
  "a list per line": indented(() => "-"),
  "a table and a list per line": indented(() => "- a:"),
  "tags in a row": `a: ${"!x ".repeat(DEPTH)}`,
  "anchors in a row": `a: ${"&x ".repeat(DEPTH)}`,
  "a second document": `a: 1\n---\n${"[".repeat(DEPTH)}`,
  "brackets behind an anchor": `a: &x ${"[".repeat(DEPTH)}`,
  "many anchors with an alias each": Array.from({ length: 1_000 }, (_, at) => `- &a${at} 1\n- *a${at}\n`).join(""),
  "many aliases of one anchor": `- &a 1\n${"- *a\n".repeat(1_000)}`,
  "brackets as a key": `? ${"[".repeat(DEPTH)}`,
};

describe("YAML that nests too deep is found before it is composed", () => {
  test.each(Object.entries(DEEP))("%s", (_, text) => expect(isTooComplexYaml(text)).toBe(true));
});

const FLAT: Readonly<Record<string, string>> = {
  nothing: "",
  "ten thousand lists side by side": "k: [a, [b, c], {d: e}]\n".repeat(10_000),
  "ten thousand documents": "a: [1]\n---\n".repeat(10_000),
  "ten thousand items": "- a: [b]\n".repeat(10_000),
  "a hundred aliases": `- &a 1\n${"- *a\n".repeat(100)}`,
  "many patterns with stars": `a:\n${"  - '*x'\n".repeat(10_000)}`,
  "many stars in a block of text": `a: |\n${"  *x\n".repeat(10_000)}`,
  "brackets in a quoted text": `a: "${"[".repeat(DEPTH)}"`,
  "brackets in a block of text": `a: |\n  ${"[".repeat(DEPTH)}\n`,
  "dashes in a block of text": `a: |\n  ${"- ".repeat(DEPTH)}\n`,
  "a comment of dashes": `# ${"- ".repeat(DEPTH)}\na: 1`,
  "a line of dashes": `a: ${"-".repeat(DEPTH)}`,
  "a wide indentation": `a:\n${" ".repeat(DEPTH)}b: 1`,
  "forty tables": Array.from({ length: 40 }, (_, at) => `${" ".repeat(at)}k:`).join("\n"),
};

describe("YAML that people write is never too deep", () => {
  test.each(Object.entries(FLAT))("%s", (_, text) => expect(isTooComplexYaml(text)).toBe(false));

  test.each(readdirSync(WORKFLOWS))("the workflow file %s of this project", (name) =>
    expect(isTooComplexYaml(readFileSync(join(WORKFLOWS, name), "utf8"))).toBe(false),
  );
});
