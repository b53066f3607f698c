import { fc, runs } from "../../support/fast-check.ts";
import { describe, expect, test } from "vitest";
import { compilePattern, PatternError } from "../../../src/core/workflow/compile-pattern.ts";

const atom = fc.constantFrom("a", "b", ".", "[ab]", "[^a]", "\\d", "\\w", "\\s", "\\b", "^", "$", "(a|b)", "(?:ab|)", "\\.", "1", " ");
const repeated = fc
  .tuple(atom, fc.constantFrom("", "", "*", "+", "?", "{2}", "{1,2}", "{0,}"))
  .map(([part, times]) => (/^(\\b|\^|\$)$/.test(part) ? part : part + times));
const pattern = fc.array(repeated, { maxLength: 5 }).map((parts) => parts.join(""));
const alternatives = fc.array(pattern, { minLength: 1, maxLength: 3 }).map((parts) => `(${parts.join("|")})+`);

test("matches what a regular expression of JavaScript matches", () => {
  const subject = fc.array(fc.constantFrom("a", "b", "1", " ", ".", "x"), { maxLength: 8 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.oneof(pattern, alternatives), subject, (source, text) => {
      expect([source, text, compilePattern(source)(text)]).toEqual([source, text, new RegExp(source, "u").test(text)]);
    }),
    { numRuns: runs(3_000) },
  );
});

test.each([
  ["(?i)lgtm", "It is LGTM.", true],
  ["(?i)[^a]", "A", false],
  ["^b$", "a\nb\nc", false],
  ["(?m)^b$", "a\nb\nc", true],
  ["a.b", "a\nb", false],
  ["(?s)a.b", "a\nb", true],
  ["[a-c\\d]+-x", "b2-x", true],
  ["😀{2}", "😀😀", true],
  ["\\Aab\\z", "ab", true],
  ["^\\p{L}+$", "überall", true],
  ["^[[:alpha:]]+$", "überall", false],
  ["(?P<word>b)\\d", "b2", true],
  ["a(?i:b)", "aB", true],
  ["a(?i:b)", "Ab", false],
  ["\\Qa.b\\E", "axb", false],
  ["\\x41", "A", true],
  ["a{,2}", "a{,2}", true],
])("%s in %j is %s", (source, text, expected) => {
  expect(compilePattern(source)(text)).toBe(expected);
});

describe("patterns that block other engines", () => {
  test.each(["^(a+)+$", "^(a|a)*$", "^(a*)*$", "(.*a){12}$", "a*a*a*a*a*a*a*b$"])("matches %s in linear steps", (source) => {
    const matcher = compilePattern(source);
    expect(matcher(`${"a".repeat(5_000)}!`)).toBe(false);
  });

  test.each([
    ["(".repeat(200) + ")".repeat(200), null],
    ["((){1000}){1000}", "too large"],
    ["a{1000}b{1000}c{1000}", "too large"],
    ["((a{100}){100}){100}", "repeat"],
    ["(?=a)", "groups that look ahead"],
    ["(?<!a)b", "groups that look ahead or behind"],
    ["(?P<n>a)(?P=n)", "not supported"],
    ["(?P<n>a)(?P<n>b)", "two groups have the name `n`"],
    ["(?<é>a)", "not a valid name"],
    ["(a)\\1", "`\\1` is not supported"],
    ["a\\", "ends with"],
    ["a**", "repeat"],
    ["a{3,2}", "repeat"],
    ["a{9999}", "repeat"],
    ["(a", "not closed"],
    ["a)", "closes nothing"],
    ["[a", "not closed"],
    ["[b-a]", "lower to a higher"],
    ["*a", "repeats nothing"],
    ["\\p{Elvish}", "not a known set"],
    ["[[:elvish:]]", "not a known set"],
    ["a".repeat(501), "at most 500"],
  ])("accepts or refuses %s immediately", (source, why) => {
    if (why === null) expect(compilePattern(source)("")).toBe(true);
    else expect(() => compilePattern(source)).toThrow(why);
  });

  test("refuses a text over the limit instead of matching it", () => {
    expect(() => compilePattern("a")("b".repeat(100_001))).toThrow(PatternError);
  });
});
