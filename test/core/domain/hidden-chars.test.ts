import { expect, test } from "vitest";
import { findHiddenChar, type TextUse } from "../../../src/core/domain/hidden-chars.ts";
import { fc } from "../../support/fast-check.ts";

const readOnly: readonly TextUse[] = ["line", "prose"];
const strict: readonly TextUse[] = ["command", "name"];
const all: readonly TextUse[] = [...readOnly, ...strict];

test.each([
  ["a control character", "npm test\u001b]; touch x #\u0007", "U+001B", 1, 9],
  ["an 8-bit control sequence", "a\u009b2Kb", "U+009B", 1, 2],
  ["a carriage return", "a\rb", "U+000D", 1, 2],
  ["a direction override", "ab\u202ecd", "U+202E", 1, 3],
  ["a tag", "a\u{e0041}", "U+E0041", 1, 2],
  ["a variation selector after a letter", "a\ufe0f", "U+FE0F", 1, 2],
  ["a supplementary variation selector after an emoji", "😀\u{e0101}", "U+E0101", 1, 2],
  ["half of a surrogate pair", "a\ud83d", "U+D83D", 1, 2],
  ["a private character", "\ue000", "U+E000", 1, 1],
  ["an unassigned character", "\u0378", "U+0378", 1, 1],
  ["a Hangul filler", "a\u3164b", "U+3164", 1, 2],
  ["a blank Braille pattern", "\u2800", "U+2800", 1, 1],
  ["a joiner between Latin letters", "a\u200db", "U+200D", 1, 2],
  ["a soft hyphen", "in\u00advisible", "U+00AD", 1, 3],
  ["a line separator", "a\u2028b", "U+2028", 1, 2],
  ["a pile of marks", `a${"\u0335".repeat(6)}`, "U+0335", 1, 2],
] as const)("finds %s in every text", (_, text, code, line, column) => {
  for (const use of all) expect(findHiddenChar(text, use)).toMatchObject({ code, line, column });
});

test.each([
  ["a no-break space", "rm\u00a0x"],
  ["a fullwidth semicolon", "a\uff1bb"],
  ["a Greek question mark", "a\u037eb"],
  ["a Kelvin sign", "\u212aelvin"],
  ["a Cyrillic letter among Latin ones", "npm run t\u0435st"],
  ["a Latin letter among Cyrillic ones", "\u0442e\u0441\u0442"],
  ["a Greek letter among Latin ones", "src/\u03bfpen"],
  ["a Hebrew letter", "echo \u05d0"],
  ["an Arabic letter", "docs/\u0627.md"],
  ["an emoji sequence", "echo 👩\u200d💻"],
] as const)("finds %s in commands and names, but not in what is only read", (_, text) => {
  for (const use of strict) expect(findHiddenChar(text, use)).not.toBeNull();
  for (const use of readOnly) expect(findHiddenChar(text, use)).toBeNull();
});

test.each([
  ["a script g", "\u0261it push"],
  ["a dotless i", "npm run l\u0131nt"],
  ["a small capital", "\u1d04argo test"],
  ["a tone letter for a digit", "head -\u01bc"],
  ["a blackletter letter", "cat list && \uab32cho"],
] as const)("finds %s in an English word of a command, but not in a name or in what is only read", (_, text) => {
  expect(findHiddenChar(text, "command")).toMatchObject({ reason: "a letter that looks like an ASCII one" });
  for (const use of ["name", ...readOnly] as const) expect(findHiddenChar(text, use)).toBeNull();
});

test.each([
  "Résumé naïve café, señor, 100 % — “quotes” … ½ ²",
  "修复上传限制",
  "исправить загрузку",
  "تصحيح می\u200cخواهم",
  "हिन्दी क्\u200dष",
  "שלום עולם",
  "Ti\u0065\u0302\u0301ng Vi\u0065\u0323\u0302t",
  "👍🏽 ❤️ 👩\u200d👩\u200d👧 1️⃣ 🇩🇪 🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f} ©️",
])("leaves ordinary text alone: %s", (text) => {
  for (const use of readOnly) expect(findHiddenChar(text, use)).toBeNull();
});

test.each([
  'git commit -m "修复上传限制"',
  'git commit -m "Fix a naïve señor"',
  'echo "Straße, Łódź, İstanbul, ışık, Ơn trời, Þór"',
  'echo "ノート、ーと日本ノ資料・キノ"',
  'echo "दुःख नमः"',
  'echo "исправить загрузку ґанок"',
  'echo "ᐃᓄᒃᑎᑐᑦ ᐸᐅᓗ"',
  'echo "👍 ➕ ➖ 🚀 100 € ½ × ÷ → « » · • ✓ ©"',
  "cp docs/キノ.md docs/資料/ノート.md",
])("allows other scripts, accents and emoji in a command: %s", (text) => {
  expect(findHiddenChar(text, "command")).toBeNull();
});

test("names the look-alike of a separator by its code and place", () => {
  expect(findHiddenChar("rm -rf .\u2215build", "command")).toEqual({
    code: "U+2215",
    line: 1,
    column: 9,
    reason: "a character that looks like ASCII punctuation",
  });
});

test("counts lines and columns in code points", () => {
  expect(findHiddenChar("one\n😀😀\u200b", "prose")).toMatchObject({ line: 2, column: 3 });
});

test("allows line ends and tabs in commands and prose only", () => {
  for (const use of ["command", "prose"] as const) expect(findHiddenChar("a\n\tb", use)).toBeNull();
  for (const use of ["name", "line"] as const) {
    expect(findHiddenChar("a\nb", use)).toMatchObject({ code: "U+000A" });
    expect(findHiddenChar("a\tb", use)).toMatchObject({ code: "U+0009" });
  }
});

test("a command that is accepted looks the same in every normal form, and has no character without a glyph", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      if (findHiddenChar(text, "command") !== null) return;
      expect(text).not.toMatch(/[\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Default_Ignorable_Code_Point}]/u);
      expect(text.replaceAll(/[\n\t]/g, "")).not.toMatch(/\p{Cc}/u);
    }),
  );
});
