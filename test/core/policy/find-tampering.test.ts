import { describe, expect, test } from "vitest";
import { findTampering, UNREAD } from "../../../src/core/policy/find-tampering.ts";
import { stripComments } from "../../../src/core/policy/strip-comments.ts";
import { TAMPERING_CASES } from "./tampering-cases.ts";

const judge = (files: (typeof TAMPERING_CASES)[number]["files"]) =>
  findTampering(files.map(([path, before, after]) => ({ path, before, after })));

describe("a change that weakens what judges it is found, and an honest one is not", () => {
  test.each(TAMPERING_CASES.map((each) => [`${each.language}: ${each.title}`, each] as const))("%s", (_, { files, kind }) => {
    const path = files[0]?.[0];
    expect(judge(files)).toEqual(kind === null ? [] : [{ path, kind }]);
  });

  test("the set has six languages, and both kinds of rows in each", () => {
    const languages = ["js", "python", "go", "rust", "java", "ruby"];
    for (const language of languages) {
      const own = TAMPERING_CASES.filter((each) => each.language === language);
      expect(own.filter(({ kind }) => kind !== null).length).toBeGreaterThanOrEqual(5);
      expect(own.filter(({ kind }) => kind === null).length).toBeGreaterThanOrEqual(2);
    }
    expect(TAMPERING_CASES.length).toBeGreaterThanOrEqual(60);
  });
});

describe("hostile files", () => {
  test("a test that is too large or binary is for a person", () => {
    expect(findTampering([{ path: "a.test.ts", before: "test('a', () => {})", after: UNREAD }])).toEqual([
      { path: "a.test.ts", kind: "unread" },
    ]);
    expect(findTampering([{ path: "a.test.ts", before: null, after: UNREAD }])).toEqual([]);
    expect(findTampering([{ path: "ci/a.txt", before: UNREAD, after: UNREAD }])).toEqual([]);
  });

  test("a test of one long line is judged in time", () => {
    const line = `expect(${"(".repeat(200_000)}`;
    const after = `${"'".repeat(200_001)}\n${'expect("'.repeat(900)}`;
    expect(findTampering([{ path: "a.test.ts", before: `${line}\n${"/*".repeat(100_000)}`, after }])).toEqual([]);
  });

  test.each([
    ["a package.json", "package.json", (line: string) => `{ "scripts": { "x": "${line}" } }`],
    ["a Makefile", "Makefile", (line: string) => line],
  ])("a setting of one long line in %s counts, and is judged in time", (_, path, wrap) => {
    for (const line of [`exclude${" ".repeat(450_000)}x`, "test".repeat(100_000), `"test${"-".repeat(400_000)}`.replaceAll('"', "")])
      expect(findTampering([{ path, before: wrap("a"), after: wrap(line) }])).toEqual([{ path, kind: "settings" }]);
  });

  test("many lines of the greatest length are judged in time", () => {
    const lines = ["test".repeat(500), `exclude${" ".repeat(1_900)}x`, `echo${":".repeat(1_900)}`];
    const text = Array.from({ length: 240 }, (_, at) => `${lines[at % lines.length] ?? ""}${at}`.slice(0, 2_000)).join("\n");
    for (const [before, after] of [
      ["", text],
      [text, ""],
    ] as const)
      expect(findTampering(Array.from({ length: 20 }, (_, at) => ({ path: `${at}/Makefile`, before, after })))).toEqual([]);
  });
});

describe("comments", () => {
  test.each([
    ["js", 'const a = "/* no comment */"; // b\n/* c\nd */ e', ['const a = "/* no comment */";', "", " e"]],
    ["python", 'a = "#"  # b\n"""c\nd"""\ne', ['a = "#"', "", "", "e"]],
    ["ruby", "a\n=begin\nb\n=end\nc", ["a", "", "c"]],
    ["rust", "fn a<'x>() {} // b\n'\"'", ["fn a<'x>() {}", "'\"'"]],
    ["go", "//go:build x\n// y\nz", ["//go:build x", "", "z"]],
  ] as const)("are taken out of %s", (language, source, expected) => {
    expect(stripComments(source, language).slice(1)).toEqual(expected);
  });
});
