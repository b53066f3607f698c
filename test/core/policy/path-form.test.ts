import { fc, runs } from "../../support/fast-check.ts";
import { describe, expect, test } from "vitest";
import { foldPath, isAmbiguousPath, isBadPath } from "../../../src/core/policy/path-form.ts";

describe("a path", () => {
  test.each([
    "src/a.ts",
    ".github/ISSUE_TEMPLATE/bug.md",
    "docs/übersicht.md",
    "docs/u\u0308bersicht.md",
    "docs/説明：導入.md",
    "app/[id]/(group)/@modal/page.tsx",
    "routes/-components/a.tsx",
    "docs/Warten…auf.md",
    "a/~/b~",
    "file.~1~",
    "emoji/😀.png",
    "console.ts",
    "auxiliary/nullable.ts",
    "comments/com10.txt",
    "src/a b.ts",
    ".gitignore",
    "gitignore~",
  ])("%s is valid and names one file everywhere", (path) => {
    expect([isBadPath(path), isAmbiguousPath(path)]).toEqual([false, false]);
  });

  test.each([
    ["an alternate stream", "a.txt:b"],
    ["an index stream", "a::$INDEX_ALLOCATION/b"],
    ["a short name", "GITHUB~1/x"],
    ["a short name with an extension", "docs/LONGNA~12.MD"],
    ["a device", "CON"],
    ["a device in a folder, with an extension", "src/aux.rs"],
    ["a device with two extensions", "nul.tar.gz"],
    ["a port", "Com1.txt"],
    ["a port with a superscript digit", "com².txt"],
    ["a trailing dot", "src./a"],
    ["a trailing blank", "src/a "],
    ["a trailing blank of another script", "src/a\u3000"],
    ["a soft hyphen", "src/a\u00adb"],
    ["a variation selector", "src/a\ufe0f"],
    ["a filler", "src/\u3164"],
    ["a tag character", "src/a\u{e0041}"],
    ["a right-to-left override", "src/gpj.\u202etxt"],
    ["a character for private use", "src/\uf03a"],
    ["a character that is none", "src/\uffff"],
    ["a line separator", "src/a\u2028b"],
    ["a blank Braille pattern", "src/a\u2800.ts"],
    ["a blank of hieroglyphs", "src/a\u{13441}.ts"],
    ["a null notehead", "src/a\u{1d159}.ts"],
    ["a Khitan filler", "src/a\u{16fe4}.ts"],
    ["bytes that are not UTF-8", "src/a\ufffd.ts"],
    ["a wide separator", "src／a"],
    ["a wide backslash", "src＼a"],
  ])("with %s is ambiguous", (_, path) => {
    expect(isBadPath(path) || isAmbiguousPath(path)).toBe(true);
  });

  test.each([
    ["wide dots", "a/．．/b"],
    ["a two dot leader", "a/‥/b"],
    ["the short name of git's directory", "GI7EBA~1/config"],
    ["git's directory as a stream", ".git:x:$DATA"],
    ["git's directory with an ignorable letter", ".g\u034fit/config"],
    ["git's directory with a dotless i", ".gıt/config"],
    ["a leading dash", "--checkpoint-action=exec=sh x.sh"],
    ["a name of 256 bytes", `a/${"ü".repeat(128)}`],
    ["a hundred and one folders", "a/".repeat(100) + "b"],
  ])("with %s is bad", (_, path) => {
    expect(isBadPath(path)).toBe(true);
  });

  test("folds to a form that folding does not change, and that ignores form and case", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const folded = foldPath(text);
        expect(foldPath(folded)).toBe(folded);
        expect(foldPath(text.normalize("NFD"))).toBe(foldPath(text.normalize("NFC")));
        expect(foldPath(text.toUpperCase())).toBe(folded);
      }),
      { numRuns: runs(2_000, 300) },
    );
    expect(foldPath("Straße")).toBe(foldPath("STRASSE"));
    expect(foldPath("STRAẞE")).toBe(foldPath("STRASSE"));
    expect(foldPath("\ufb01x")).toBe(foldPath("FIX"));
  });
});
