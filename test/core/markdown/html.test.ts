import { expect, test } from "vitest";
import { readHtml } from "../../../src/core/markdown/html.ts";
import { fc } from "../../support/fast-check.ts";

const hiddenIn = (html: string): string[] => readHtml(html, "nothing", "block").hidden.map(({ from, to }) => html.slice(from, to));

test.each([
  ["<p>a<!-- b -->c", ["<!-- b -->"], "nothing"],
  ["<!-->a<!--->b<!---->c", ["<!-->", "<!--->", "<!---->"], "nothing"],
  ["a<!-- b", ["<!-- b"], "comment"],
  ["<!-- a --!> b", ["<!-- a --!> b"], "unclear"],
  ["<p a='<!--' b=c\"d>e", [], "nothing"],
  ["<p a='b", ["<p a='b"], "unclear"],
  ["<p ='a>'b", [], "nothing"],
  ["<p a=b='>'<!-- c", ["<!-- c"], "comment"],
  ["<p a", [], "nothing"],
  ["<?a>b?></ c>d<!e>f", ["<?a>", "</ c>", "<!e>"], "nothing"],
  ["<script a='<!--'>", ["<!--'>"], "comment"],
] as const)("%s", (html, hidden, open) => {
  expect([hiddenIn(html), readHtml(html, "nothing", "block").open]).toEqual([hidden, open]);
});

test("a comment extends until HTML closes it, and its tags open nothing", () => {
  expect(readHtml("<details>--><sub></p>", "comment", "block")).toEqual({
    hidden: [{ from: 0, to: 12 }],
    tags: [
      { at: 12, name: "sub", closes: false },
      { at: 17, name: "p", closes: true },
    ],
    open: "nothing",
  });
});

test("hidden ranges of any HTML are ordered, disjoint and inside the text", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("<", "!", "-", ">", "a", " ", "=", "'", '"', "/", "?") }), (html) => {
      let last = 0;
      for (const { from, to } of readHtml(html, "nothing", "inline").hidden) {
        expect([last <= from, from < to, to <= html.length]).toEqual([true, true, true]);
        last = to;
      }
    }),
  );
});
