import { fc } from "../support/fast-check.ts";
import { describe, expect, test } from "vitest";
import { compilePattern } from "../../src/workflow/pattern/match.ts";
import { PatternError } from "../../src/workflow/pattern/syntax.ts";

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
    { numRuns: 3_000 },
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
])("%s in %j is %s", (source, text, expected) => {
  expect(compilePattern(source)(text)).toBe(expected);
});

describe("what holds other engines up", () => {
  test.each(["^(a+)+$", "^(a|a)*$", "^(a*)*$", "(.*a){12}$", "a*a*a*a*a*a*a*b$"])(
    "%s is matched in steps that grow with the text",
    (source) => {
      const matcher = compilePattern(source);
      expect(matcher(`${"a".repeat(5_000)}!`)).toBe(false);
    },
  );

  test.each([
    ["((){1000}){1000}", null],
    ["((a{100}){100}){100}", "too large"],
    ["(?=a)", "groups"],
    ["(a)\\1", "not supported"],
    ["a**", "repeat"],
    ["a{3,2}", "repeat"],
    ["a{9999}", "repeat"],
    ["(a", "not closed"],
    ["a)", "closes nothing"],
    ["[a", "not closed"],
    ["[b-a]", "lower to a higher"],
    ["*a", "repeats nothing"],
    ["\\p{L}", "not supported"],
    ["[[:alpha:]]", "not supported"],
    ["a".repeat(501), "at most 500"],
    ["(".repeat(30) + ")".repeat(30), "deep"],
  ])("%s is used or refused at once", (source, why) => {
    if (why === null) expect(compilePattern(source)("")).toBe(true);
    else expect(() => compilePattern(source)).toThrow(why);
  });

  test("a text of any length is refused, not matched", () => {
    expect(() => compilePattern("a")("b".repeat(100_001))).toThrow(PatternError);
  });
});
