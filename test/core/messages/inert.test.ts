import { expect, test } from "vitest";
import { readBacklogBody, renderBacklogBody } from "../../../src/core/messages/backlog-text.ts";
import { escapeInline, escapeInlineHtml, escapeSentence, quoteText, toInlineCode } from "../../../src/core/messages/escape.ts";
import { fc, runs } from "../../support/fast-check.ts";
import { flatten, readShown, readWords } from "./read-shown.ts";
import { findLive } from "./find-live.ts";

const MARKS = "`*_~|<>[](){}#$!\\&;:\"'-+=/@%^,. \n\t".split("");
const WORDS = [
  ["```", "~~~", "$$", "](", "<!--", "-->", "</details>", "<script>", "&lt;", "&#64;", "@octocat", "@org/team", "fixes #1", "octo/demo#2"],
  [
    "https://a.example",
    "www.a.example",
    "a@b.example",
    "GH-3",
    "[x]: /u",
    "[^1]",
    "[^1]: a",
    "- [ ] ",
    "1. ",
    "---",
    "===",
    "> ",
    "[!NOTE]",
  ],
  ["[skip ci]", "[actions skip]", "skip-checks: true", "Co-authored-by: a", ":+1:", "$`", "`$", "\\(", "![a](b)", "<a href=x>", "xmpp:a@b"],
  ["a", "word", "\u00e9", "\u{1f600}", "\n\n", "    "],
].flat();
const text = fc
  .array(fc.oneof(fc.constantFrom(...MARKS, ...WORDS), fc.string({ maxLength: 4 })), { maxLength: 20 })
  .map((pieces) => pieces.join(""));

const RENDERERS = {
  quoteText: (value: string) => quoteText(value, { limit: 10_000, keep: "start" }),
  escapeInline: (value: string) => `Before ${escapeInline(value, 10_000)} after`,
  "escapeInline in a table": (value: string) => `| a | b |\n|---|---|\n| ${escapeInline(value, 10_000)} | c |`,
  "escapeInline alone": (value: string) => escapeInline(value, 10_000),
  escapeSentence: (value: string) => escapeSentence(value, 10_000),
  escapeInlineHtml: (value: string) => `<details>\n<summary>${escapeInlineHtml(value, 10_000)}</summary>\n\nc\n\n</details>`,
  toInlineCode: (value: string) => `a ${toInlineCode(value)} b`,
  renderBacklogBody,
};

test.each(Object.entries(RENDERERS))("%s leaves nothing in a text that GitHub acts on", (_, render) => {
  fc.assert(
    fc.property(text, (value) => {
      expect({ value, live: findLive(render(value)) }).toEqual({ value, live: [] });
    }),
    { numRuns: runs(30_000, 300) },
  );
});

test("a quote shows every word of its text", () => {
  fc.assert(
    fc.property(text, (value) => {
      const shown = flatten(readWords(readShown(quoteText(value, { limit: 10_000, keep: "start" }))));
      expect(flatten(shown.replaceAll("`", ""))).toBe(flatten(value.replaceAll("`", "")));
    }),
    { numRuns: runs(30_000, 300) },
  );
});

test("the backlog reads its own texts again, and other people's as they are", () => {
  fc.assert(
    fc.property(text, (value) => {
      const words = (part: string): string => flatten(part);
      expect(words(readBacklogBody(renderBacklogBody(value)))).toBe(words(value));
    }),
    { numRuns: runs(9_000, 300) },
  );
  expect(readBacklogBody("A person wrote `x` \\* and $5.")).toBe("A person wrote `x` \\* and $5.");
});
