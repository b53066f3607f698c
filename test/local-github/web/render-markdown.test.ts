import { expect, test } from "vitest";
import { drawFirstGraph, renderMarkdown } from "../../../src/local-github/web/render-markdown.ts";
import { type MarkdownCache } from "../../../src/local-github/web/markdown-cache.ts";
import { isTame } from "../../../src/core/markdown/tame.ts";
import { strange } from "./inspect.ts";

const wordLink = (word: string): string | null => (word === "#7" || word === "abcdef0" ? `/at/${word}` : null);
const read = (text: string): string => renderMarkdown(text, { wordLink, id: "c1", markdownCache: new Map() }).markup;

test.each([
  ["puts a table into a scroll box", "|a|\n|-|\n|1|\n", '<div class="scroll" tabindex="0"><table>'],
  ["fenced code", "```js\nlet a = 1 < 2;\n```\n", '<pre tabindex="0"><code class="language-js">let a = 1 &lt; 2;'],
  ["keeps a short fence inside a longer one", "````text\n```\n<b>\n```\n````\n", "```\n&lt;b&gt;\n```\n</code></pre>"],
  ["a task list", "- [x] done\n", '<input type="checkbox" disabled="" checked="" /> done'],
  [
    "details, folded and unfolded",
    "<details open>\n<summary>Why <code>x</code></summary>\n\n*so*\n\n</details>",
    "<details open>\n<summary>Why <code>x</code></summary>\n<p><em>so</em></p>\n</details>",
  ],
  ["closes an element that the text leaves open", "<details>\n\nand on", "<details>\n<p>and on</p></details>"],
  [
    "decodes entities in HTML",
    "<summary>a &#39;b&#x27; &lt;i&gt; &amp; &#60;u&#62;</summary>",
    "<summary>a &#39;b&#39; &lt;i&gt; &amp; &lt;u&gt;</summary>",
  ],
  ["small print", "<sub>a *b*</sub>", "<sub>a <em>b</em></sub>"],
  ["an alert", "> [!CAUTION]\n> It burns.", '<blockquote class="alert is-caution">\n<p class="alert-title">Caution</p>\n<p>It burns.</p>'],
  [
    "an alert with a paragraph of its own",
    "> [!note]\n>\n> Well.",
    '<blockquote class="alert is-note">\n<p class="alert-title">Note</p>\n<p>Well.</p>',
  ],
  ["links an existing issue number", "see #7, not #8", 'see <a href="/at/#7">#7</a>, not #8'],
  ["links an existing commit", "(abcdef0) abcdef1", '(<a href="/at/abcdef0">abcdef0</a>) abcdef1'],
  [
    "adds no link inside code or links",
    "`#7` [#7](http://a.b)",
    '<code>#7</code> <a rel="nofollow noopener noreferrer" href="http://a.b">#7</a>',
  ],
  ["shows an image as its description", "![the <plan>](http://a.b/c.png)", "<em>[image: the &lt;plan&gt;]</em>"],
])("%s", (_, text, part) => {
  expect(read(text)).toContain(part);
  expect(strange(read(text))).toEqual([]);
});

test("hides comments, even those that contain the end of an element", () => {
  expect(read('a\n\n<!-- enki: {"kind": "x"} -->\n\nb <!-- <details> --> c')).toBe("<p>a</p>\n\n<p>b  c</p>");
  expect(read("a\n\n<!-- never\n\nended")).toBe("<p>a</p>\n");
});

const SCRIPT = "<script>alert(1)</script>";
test.each([
  SCRIPT,
  `a ${SCRIPT} b`,
  `<img src=x onerror=alert(1)>`,
  "<details onclick=alert(1)>\n\nx",
  "<details open onclick=alert(1)>",
  '<sub class="x">',
  "<svg/onload=alert(1)>",
  "<style>body{display:none}</style>",
  "<iframe srcdoc='<script>'>",
  "<!--><script>alert(1)</script>-->",
  "<!-- --!><script>alert(1)</script>",
  `<details>${SCRIPT}<summary></details></div></article>`,
  "</article></main></body>",
  "[a](javascript:alert(1))",
  "[a](JaVaScRiPt:alert(1))",
  "[a](&#106;avascript:alert(1))",
  "[a](data:text/html,<script>alert(1)</script>)",
  "[a](vbscript:x) <javascript:alert(1)> [b]\n\n[b]: javascript:alert(1)",
  '[a](http://x.y "\\"><script>alert(1)</script>")',
  '![" onerror="alert(1)](x)',
  '```"><script>alert(1)</script>\nx\n```',
  `\`\`\`mermaid\ngraph LR\n  a["${SCRIPT}"]:::x\n\`\`\``,
  '```mermaid\ngraph LR\n  a["#60;script#62;alert#40;1#41;"]\n```',
  `| ${SCRIPT} |\n|-|\n| <details> |`,
  `[^1]\n\n[^1]: ${SCRIPT}`,
  "> ".repeat(40) + SCRIPT,
  `${"<details>\n\n".repeat(200)}${SCRIPT}`,
  "<kbd>".repeat(3_000) + "</kbd>".repeat(3_000),
])("removes hostile markup (%#)", (text) => {
  expect(strange(read(text))).toEqual([]);
});

test("makes characters that reorder text visible, however they are written", () => {
  for (const text of ["a \u202e b", "a &#8238; b", "<sub>a &#x202e; b</sub>", "`\u2066`"]) {
    expect(read(text)).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
    expect(read(text)).toContain("\ufffd");
  }
});

test("closes open elements, and nothing around them", () => {
  expect(read("</details></summary></code> a")).toBe(" a");
  expect(read("<sub>a</code></sub>")).toBe("<p><sub>a</sub></p>");
  expect(read("<kbd>".repeat(3_000)).match(/<kbd>/g)).toHaveLength(50);
});

test("keeps the footnotes of two comments apart", () => {
  expect(read("a[^1]\n\n[^1]: b")).toContain('href="#c1-fn-1"');
});

const hostile = {
  quotes: ">".repeat(60_000),
  lists: "1. ".repeat(20_000),
  emphasis: "_a**".repeat(15_000),
  links: "[a](".repeat(15_000),
  "emphasis in rows": "|_a**_a**_a**\n".repeat(4_000),
  "emphasis after an indented fence": `    \`\`\`\n${"_a**".repeat(15_000)}`,
  "emphasis after a closed fence": `\`\`\`\n\`\`\`\n${"_a**".repeat(15_000)}`,
  "more characters than GitHub accepts": "a".repeat(65_537),
};
test.each(Object.entries(hostile))("shows text that is slow to parse as plain text: %s", (_, text) => {
  expect(read(text)).toBe(`<pre class="wrap">${text.replaceAll(">", "&gt;")}</pre>`);
});

test.each([
  ["prose", "Some **bold** text with `code` and a [link](http://x.y) here.\n\n".repeat(900)],
  ["a plan of many steps", `| step | state |\n|-|-|\n${"| `fix_upload_limit` | **waits** for [review](#x) |\n".repeat(300)}`],
  ["a log", `\`\`\`text\n${"[info] **x** _y_ ~z~\n".repeat(1_000)}\`\`\`\n`],
  ["nested lists", Array.from({ length: 20 }, (_, at) => `${"  ".repeat(at)}- a`).join("\n")],
])("parses normal text: %s", (_, text) => {
  expect(isTame(text)).toBe(true);
});

test("draws the first graph of a text, but not a quoted one", () => {
  const graph = '```mermaid\ngraph LR\n  a["One"]\n```';
  expect(drawFirstGraph(`# x\n\n${graph}`, new Map())?.markup).toContain("One");
  expect(drawFirstGraph(`\`\`\`\`markdown\n${graph}\n\`\`\`\``, new Map())).toBeNull();
  expect(drawFirstGraph("no graph", new Map())).toBeNull();
});

test("caches compiled text, without its word links and up to a limit", () => {
  const markdownCache: MarkdownCache = new Map();
  const once = (to: string | null): string => renderMarkdown("see #7", { wordLink: () => to, id: "a", markdownCache }).markup;
  expect([once(null), once("/x"), markdownCache.size]).toEqual(["<p>see #7</p>", '<p>see <a href="/x">#7</a></p>', 1]);
  for (let at = 0; at < 400; at += 1) renderMarkdown(String(at), { wordLink, id: "a", markdownCache });
  expect(markdownCache.size).toBe(300);
  expect(markdownCache.has("a see #7")).toBe(false);
});
