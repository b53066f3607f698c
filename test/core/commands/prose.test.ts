import { atDepth, fc, runs } from "../../support/fast-check.ts";
import { describe, expect, test } from "vitest";
import { readProse } from "../../../src/core/commands/prose.ts";
import { referenceLines } from "./reference.ts";

/** Returns the lines that may contain a command, among the lines that start with a command. */
const ours = (text: string): number[] => {
  const raw = text.split(/\r\n|\n|\r/);
  const own = readProse(text).paragraphs.flatMap((all) => all.flatMap((each) => (each.own ? [each.line] : [])));
  return own.filter((line) => /^ {0,3}\/enki(?:[ \t]|$)/.test(raw[line - 1] ?? ""));
};

describe("B-04 no command", () => {
  test.each([
    ["in a quote", "> /enki fix"],
    ["in a quote's lazy continuation", "> as they said\n/enki fix"],
    ["in a quote inside a list, and its lazy continuation", "- > as they said\n/enki fix"],
    ["in a fence", "```\n/enki fix\n```"],
    ["in a longer fence that a shorter one does not close", "````\n```\n/enki fix\n````"],
    ["in a fence that another mark does not close", "~~~\n```\n/enki fix\n~~~"],
    ["in a fence that is never closed", "~~~ sh\n/enki fix"],
    ["in a list item's fence", "- a\n\n  ```\n  /enki fix\n  ```"],
    ["in indented code", "text\n\n    /enki fix"],
    ["in a tab's indentation", "\t/enki fix"],
    ["in a code span", "`/enki fix`"],
    ["in a code span over lines", "see `a\n/enki fix\nb`"],
    ["in a code span of two backticks over lines", "see ``a ` b\n/enki fix\nb``"],
    ["in an HTML comment", "<!--\n/enki fix\n-->"],
    ["in an HTML comment over an empty line", "<!--\n\n/enki fix\n-->"],
    ["in an HTML comment that is never closed", "<!--\n\n/enki fix"],
    ["in an HTML comment inside a paragraph", "text <!-- hidden\n/enki fix -->"],
    ["in a tag's attribute", 'text <a title="\n/enki fix\n">b</a>'],
    ["in an HTML block", "<div>\n/enki fix\n</div>"],
    ["in an element that goes over paragraphs", "<details>\n<summary>log</summary>\n\n/enki fix\n\n</details>"],
    ["in preformatted text over an empty line", "<pre>\n\n/enki fix\n</pre>"],
    ["in a quote that is written in HTML", "<blockquote>\n\n/enki fix\n\n</blockquote>"],
    ["in a table", "a | b\n--|--\n/enki fix | c"],
    ["in a table's head", "/enki fix | b\n--|--\nc | d"],
    ["in a comment that an HTML block opens and a later one closes", "text <p\n\n<p>\n<!--\n\n/enki stop\n\n<p>\n-->"],
    ["in a comment that the text after it does not close", "<div>\n</div>\n<!--\n\n-->\n\n/enki fix"],
    ["in a comment that opens in a list in a quote", "> - <p>\n>   <!--\n\n/enki fix"],
    ["in a comment that opens in an item", "- a\n\n  <p>\n  <!--\n\n/enki fix\n\n- <p>\n  -->"],
    ["in a comment that a table's cell closes no more", "<p>\n<!--\n\n|a|\n|-|\n|b|<b c='-->'>|\n\n/enki fix"],
    ["in a comment that a picture's description does not close", "<p>\n<!--\n\n![<b c='-->'>](d)\n\n/enki fix"],
    ["in a comment that a footnote does not close", "<p>\n<!--\n\n[^1]: <p>-->\n\n/enki fix"],
    ["in a comment behind a declaration", "a <?b > <!-- ?>\n\n/enki fix"],
    ["in a comment in a script's attribute, whose tag GitHub shows as text", 'a\n\n<script b="<!--"></script>\n\n/enki fix'],
    ["in an attribute over an empty line", '<div title="\n\n/enki fix\n\n<p>">'],
    ["in CDATA", "<![CDATA[\n\n/enki fix\n\n]]>"],
    ["in CDATA inside a paragraph", "a <![CDATA[\n/enki fix\n]]>"],
    ["in an instruction", "<?php\n\n/enki fix\n\n?>"],
    ["in an instruction inside a paragraph", "a <?php\n/enki fix\n?>"],
    ["in a declaration inside a paragraph", "a <!A\n/enki fix >"],
    ["in a script", "<script>\n\n/enki fix\n\n</script>"],
    ["in a style", "<style>\n\n/enki fix\n\n</style>"],
    ["in a template", "<template>\n\n/enki fix\n\n</template>"],
    ["in an element that a list's item opens", "- <details>\n\n/enki fix"],
    ["in a definition's title", "[a]: b '\n/enki fix\n'"],
    ["in a definition's target", "[a]:\n/enki"],
    ["in a link's title", "[a](b '\n/enki fix\n')"],
    ["in a picture's description", "![a\n/enki fix\n](b)"],
    ["in a reference's label", "[a][b\n/enki fix\nc]\n\n[b /enki fix c]: d"],
    ["in a footnote", "a[^1]\n\n[^1]: b\n/enki fix"],
    ["in a footnote's second paragraph", "a[^1]\n\n[^1]: b\n\n    /enki fix"],
    ["in a table's row without marks", "|a|\n|-|\n/enki fix"],
    ["in a list item's indented code", "- a\n\n      /enki fix"],
    ["in a code span that a quote began", "- `a\n/enki fix`"],
    ["in a mail's quote under its first line", "On Monday a person wrote:\n> /enki fix"],
  ])("%s", (_, text) => {
    expect(ours(text)).toEqual([]);
  });
});

describe("a command in a person's own line", () => {
  test.each([
    ["alone", "/enki fix", 1],
    ["after a quote and an empty line", "> as they said\n\n/enki fix", 3],
    ["right after a quote that ends in code", "> ```\n> x\n> ```\n/enki fix", 4],
    ["right after a fence", "```\nx\n```\n/enki fix", 4],
    ["right before a fence", "/enki fix\n```\nx\n```", 1],
    ["right after a heading", "# Again\n/enki fix", 2],
    ["right after a rule", "---\n/enki fix", 2],
    ["right after a list", "- a\n- b\n/enki fix", 3],
    ["after a list and an empty line", "1. a\n2. b\n\n/enki fix", 4],
    ["after a closed comment", "<!-- a template's hint -->\n\n/enki fix", 3],
    ["right after a closed comment", "<!-- a template's hint -->\n/enki fix", 2],
    ["after what GitHub writes for a picture", '<img width="10" src="https://example.com/a.png" />\n\n/enki fix', 3],
    ["after an element that is closed", "<details>\n\nlog\n\n</details>\n\n/enki fix", 7],
    ["after a table and an empty line", "a | b\n--|--\nc | d\n\n/enki fix", 5],
    ["beside a backtick without a partner", "it`s\n/enki fix", 2],
    ["beside a comparison", "a < b and\n/enki fix > c", 2],
    ["beside a comment that never ends", "a <!-- b\n/enki fix", 2],
    ["between code spans that name a comment's marks", "Write `<!--`\n/enki fix\nand `-->`", 2],
    ["after a comment's mark in indented code", "    <!-- a\n\n/enki fix", 3],
    ["after a comment's mark in a fence", "```\n<!--\n```\n\n/enki fix", 5],
    ["after a comment in an HTML block that it closes", "<p>\n<!--\n\na\n\n<p>\n-->\n\n/enki fix", 9],
    ["after an unfinished tag", "<span a='b'\n\n/enki fix", 3],
    ["after a tag that GitHub shows as text", "the <script> tag\n\n/enki fix", 3],
    ["after a definition", "[a]: b\n/enki fix", 2],
    ["after a footnote and an empty line", "a[^1]\n\n[^1]: b\n\n/enki fix", 5],
    ["after a comment that a footnote leaves open", "a[^1]\n\n[^1]: <p>\n    <!--\n\n/enki fix", 6],
    ["in emphasis over lines", "*a\n/enki fix*", 2],
    ["in a list item, below its first line", "- a\n\n  /enki fix", 3],
    ["behind a byte order mark", "\ufeff\n/enki fix", 2],
    ["with carriage returns", "a\r\r/enki fix", 3],
    ["after a task list", "- [ ] a\n- [x] b\n\n/enki fix", 4],
    ["on a line that goes on", "/enki fix\nand more", 1],
  ])("%s", (_, text, line) => {
    expect(ours(text)).toEqual([line]);
  });
});

test("a text crafted to be slow parses within this test's time", () => {
  const runs = Array.from({ length: 360 }, (_, index) => "`".repeat(index + 1)).join(" ");
  // The deep tests use the length of the longest comment that GitHub accepts.
  const length = atDepth(65_536, 16_384);
  const units = [
    ">",
    "> ",
    "- ",
    "<!--",
    "<a b='",
    "<a b=\"x' ",
    " b",
    "`a",
    "\t",
    "|",
    "|-\n",
    ":-:|",
    "* ",
    "/enki fix\n",
    "<details>\n\n",
    "\u001b[",
    "\\`",
    "\n",
  ];
  for (const text of [runs, `<a${" b".repeat(30_000)}`, ...units.map((unit) => unit.repeat(length / unit.length))]) {
    expect(readProse(text).paragraphs).toBeInstanceOf(Array);
  }
});

const COMMANDS = ["/enki fix", "/enki", "  /enki a"];
const MARKS = [
  "> ",
  ">",
  "- ",
  "-",
  "* ",
  "1. ",
  "2) ",
  "+",
  "```",
  "````",
  "~~~",
  "`",
  "``",
  "# ",
  "---",
  "===",
  "***",
  "_",
  "|",
  "|-|",
  "a|b",
  "[x]",
];
const TEXT = ["a", "text", " ", "  ", "    ", "\t", "\f", "\u00a0", "\\", "&lt;", "*", "**", "é"];
const LINKS = ["[a](b", "'", ")", "![", "]", "[a]: b", "[^1]", "[^1]: ", "~~", "&#8203;"];
const HTML = ["<!--", "-->", "a<b>", "a</b>", "a<b ", "<p>", "<script>", "</script>", "<?", "?>", "<!A", "]]>", "<![CDATA["];
/** Tags that start an HTML block of their own, and tags whose content Enki does not read as prose. */
const TAGS = ["<", "<a>", "<br/>", "<span title='", "</span>", "<details>", "</details>", "<sub>", "<pre>"];

const documents = (pieces: readonly string[]): fc.Arbitrary<string> => {
  const line = fc.array(fc.constantFrom(...COMMANDS, ...pieces), { maxLength: 4 }).map((all) => all.join(""));
  const common = fc.constantFrom("", ...COMMANDS, "text", "> q", "- item", "  - sub", "```", "~~~", "    code");
  const lines = fc.array(fc.oneof({ weight: 2, arbitrary: common }, { weight: 3, arbitrary: line }), { minLength: 1, maxLength: 9 });
  return fc.tuple(lines, fc.constantFrom("\n", "\r\n")).map(([all, end]) => all.join(end));
};

test("B-04 without HTML, a line may hold a command exactly if the reference parser starts a paragraph's text there", () => {
  fc.assert(
    fc.property(documents([...MARKS, ...TEXT, ...LINKS]), (text) => {
      expect({ text, lines: ours(text) }).toEqual({ text, lines: referenceLines(text) });
    }),
    { numRuns: runs(300) },
  );
});

test("B-04 whatever the HTML, no line holds a command that the reference parser does not see as text", () => {
  fc.assert(
    fc.property(documents([...MARKS, ...TEXT, ...LINKS, ...HTML, ...TAGS]), (text) => {
      expect({ text, lines: referenceLines(text) }).toMatchObject({ text, lines: expect.arrayContaining(ours(text)) });
    }),
    { numRuns: runs(300) },
  );
});

/** Texts that hide the following paragraphs from readers, each with its end. `isMarkdown`: whether the content is still read as Markdown. */
const HIDING = [
  { opens: "<!-- a", ends: "-->", isMarkdown: false },
  { opens: "<?a", ends: "?>", isMarkdown: false },
  { opens: "<![CDATA[", ends: "]]>", isMarkdown: false },
  { opens: "~~~", ends: "~~~", isMarkdown: false },
  { opens: "<p>\n<!-- a", ends: "<p>\n-->", isMarkdown: true },
  { opens: "> <p>\n> <!--", ends: "> <p>\n> -->", isMarkdown: true },
  { opens: "- <div b\n  <!-- ", ends: "- <p>-->", isMarkdown: true },
  { opens: "<p title='", ends: "<p>'>", isMarkdown: true },
  { opens: "<details>", ends: "</details>", isMarkdown: true },
];

test("B-04 no command is found inside a hidden range, and a command before it is found", () => {
  const quiet = fc.constantFrom("text", "# a", "- a", "> a", "|a|\n|-|\n|b|", "[a]: b", "![a](b)");
  const loud = fc.constantFrom("`-->` --&gt;", "    -->", "\\-->", "a --> b", "```\n-->\n```", "[a](-->)", "a[^1]\n\n[^1]: <p>-->");
  const documentOf = fc.constantFrom(...HIDING).chain((hiding) => {
    const paragraphs = fc.array(hiding.isMarkdown ? fc.oneof(quiet, loud) : quiet, { maxLength: 4 });
    return fc.tuple(paragraphs, paragraphs).map(([before, after]) => [hiding.opens, ...before, "/enki fix", ...after, hiding.ends]);
  });
  fc.assert(
    fc.property(documentOf, (hidden) => {
      const text = ["/enki status", ...hidden].join("\n\n");
      expect({ text, lines: ours(text) }).toEqual({ text, lines: [1] });
    }),
    { numRuns: runs(300) },
  );
});
