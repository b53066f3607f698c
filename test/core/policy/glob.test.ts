import { createRequire } from "node:module";
import { fc, runs } from "../../support/fast-check.ts";
import { describe, expect, test } from "vitest";
import { compileGlob, matchesGlob } from "../../../src/core/policy/glob.ts";

const picomatch = createRequire(import.meta.url)("picomatch") as (glob: string, options: object) => (path: string) => boolean;

describe("a glob", () => {
  test.each([
    ["**", "a/b", true],
    ["*.md", "a.md", true],
    ["*.md", "a/b.md", false],
    ["**/*.md", "b.md", true],
    ["src/**/x", "src/a/b/x", true],
    ["src/**", "src", true],
    ["src/**", "srcs", false],
    ["src/?.ts", "src/ab.ts", false],
    ["src/?.ts", "src/😀.ts", true],
    ["a+b", "aab", false],
    ["**/*.{key,pem}", "a/b.pem", true],
    ["{a,b}/{c,d}", "b/c", true],
    ["app/[id]/*.tsx", "app/[id]/page.tsx", true],
    ["app/[id]/*.tsx", "app/i/page.tsx", false],
    ["Deploy/**", "dEPLOY/x", true],
    ["straße/*", "STRASSE/x", true],
    ["caf\u00e9/*", "cafe\u0301/x", true],
    [".husky/**", ".hus\u00adky/x", true],
    ["deploy/**", "deploy. /x", true],
  ])("%s on %s", (glob, path, expected) => {
    expect(matchesGlob(glob, path)).toBe(expected);
  });

  test("agrees with picomatch on ordinary globs and paths", () => {
    const piece = fc.constantFrom("a", "b", "ab", "*", "?", "a*", "*b", ".a", "*.ts", "a.ts", "**");
    const glob = fc.array(piece, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("/"));
    const path = fc
      .array(fc.constantFrom("a", "b", "ab", "abb", ".a", "a.ts", "b.ts"), { minLength: 1, maxLength: 5 })
      .map((parts) => parts.join("/"));
    fc.assert(
      fc.property(glob, path, (pattern, name) => {
        expect(matchesGlob(pattern, name)).toBe(picomatch(pattern, { dot: true, nocase: true })(name));
      }),
      { numRuns: runs(5_000, 500) },
    );
  });

  test.each([
    ["stars in one part", "*a*a*a*a*a*a*a*a*a*b", "a".repeat(900)],
    ["folders of stars", "**/*a*a*b/**/*a*a*b/**/*a*a*b/**/z", "aaaa/".repeat(180) + "a"],
    ["question marks and stars", `${"*?".repeat(200)}b`, "a".repeat(900)],
    ["braces within braces", `${"{a,b,".repeat(40)}c${"}".repeat(40)}`, "a".repeat(900)],
    ["braces that never close", "{a,".repeat(300), "a".repeat(900)],
    ["many braces", "{a,b}".repeat(100), "a".repeat(900)],
  ])("that is made to be slow matches at once: %s", (_, glob, path) => {
    expect(compileGlob(glob)(path)).toBe(false);
  });
});
