import { describe, expect, test } from "vitest";
import { findBriefLinks } from "../../src/core/brief/brief-links.ts";
import { parseComment } from "../../src/core/commands/parse-comment.ts";
import { cleanText } from "../../src/core/markdown/clean.ts";
import { tamePart } from "../../src/core/markdown/tame.ts";
import { defuseText } from "../../src/core/messages/escape.ts";
import { readActionsWorkflowFile } from "../../src/core/policy/check-reporters.ts";
import { findTampering } from "../../src/core/policy/find-tampering.ts";
import { putBackChecks } from "../../src/core/policy/put-back.ts";
import { openLineRedactor } from "../../src/core/policy/secret-stream.ts";
import { readFailedTests } from "../../src/core/policy/test-report.ts";
import { attackFamily } from "./attack-family.ts";

/** GitHub's limit for a comment. */
const COMMENT_CHARS = 65_000;
const fill = (unit: string, chars = COMMENT_CHARS): string => unit.repeat(chars / unit.length);

/** The parser may receive at most this many characters of these texts, and so none of the quadratic part. */
const MOST_PARSED_CHARS = 400;

/** Comments by strangers that would block the App's only thread if they reached the parser. */
const SLOW_COMMENTS: Readonly<Record<string, string>> = {
  "dots in an address's path": `www.a/${fill(".")}x`,
  "dots in an address's host": `www.${fill(".")}x`,
  "underscores in an address's host": `http://a${fill("_")}x`,
  "quotes in an address": `http://a/${fill("'")}x`,
  "marks of several kinds in an address": `https://a/${fill(`.,:;!?'"`)}x`,
  "closing brackets in an address": `http://a/${fill(")")}x`,
  "closing square brackets in an address": `http://a/${fill("]")}x`,
  "character references in an address": `http://a/${fill("&a;")}x`,
  "a character reference without an end after marks": `http://a/${fill(".", 1_000)}&${fill("a", 60_000)}`,
  "marks in an address of a table": `|a|\n|-|\n|www.a/${fill(".")}x|`,
  "marks in an address of a list": `- www.a/${fill(".")}x`,
  "marks in an address in capital letters": `WWW.a/${fill(".")}x`,
  "many addresses with a few marks": fill(`http://a/${".".repeat(190)}x `),
  "titles behind a fence in preformatted text": `<pre>\n~~~\n</pre>\n\n${fill("[a](b '")}`,
  "titles behind a fence in a comment": `<!--\n~~~\n-->\n\n${fill("[a](b '")}`,
  "titles behind a fence in a comment in a list": `- <!--\n~~~\n\n${fill("[a](b '")}`,
  "titles behind a fence in a script": `<script>\n\n~~~\n</script>\n\n${fill("[a](b '")}`,
  "titles behind a fence in an instruction": `<?a\n\n~~~\n?>\n\n${fill("[a](b '")}`,
  "titles behind a fence in an element": `<div>\n~~~\n\n${fill("[a](b '")}`,
  "titles behind a fence in any other element": `<x-y>\n~~~\n\n${fill("[a](b '")}`,
  "titles behind a fence that ends with its list": `-\n  ~~~\n\nx\n${fill("[a](b '")}`,
  "titles behind a fence that ends with a numbered list": `1.\n   ~~~\n\nx\n${fill("[a](b '")}`,
  "titles behind a fence that words do not close": `~~~\n~~~ x\n~~~\n${fill("[a](b '")}`,
  "titles behind a fence that other blanks do not close": `~~~\n~~~\u00a0\n~~~\n${fill("[a](b '")}`,
  "titles behind a fence of tildes with a backtick": `~~~ \`\n~~~\n${fill("[a](b '")}`,
  "titles behind a fence that fewer marks do not close": `~~~~\n~~~\n~~~~\n${fill("[a](b '")}`,
  "titles behind a fence on the last line of a comment": `<!--\n~~~ -->\n${fill("[a](b '")}`,
  "titles behind a fence in a comment in an element": `<div>\n<!--\n-->\n~~~\n\n${fill("[a](b '")}`,
  "titles behind a comment that is code, with preformatted text": `    <!--\n<pre>\n-->\n~~~\n</pre>\n\n${fill("[a](b '")}`,
  "titles behind a comment that ends with its list": `- a\n  <!--\n<pre>\n-->\n~~~\n</pre>\n\n${fill("[a](b '")}`,
  "titles behind a comment in an indented fence": `  ~~~\n<!--\n~~~\n<pre>\n-->\n~~~\n</pre>\n\n${fill("[a](b '")}`,
  "titles behind a fence in a quote": `> ~~~\n\n${fill("[a](b '")}`,
  "empty quotes in lists": fill("- >\n"),
  "empty quotes in lists, behind a paragraph that ends": `a\n\n${"- >\n".repeat(1_990)}`,
  "quotes in deep lists": "- - - - - - - - - - - >\n".repeat(1_990),
  "lists in quotes": "> - a\n".repeat(1_990),
  "lists in deep quotes": "> > > > > > > > > > > - a\n".repeat(1_990),
  "deep lists before tabs": "- - - - - - - - - - -\ta\n".repeat(1_990),
  "lists of other marks in lists": "- + * 1. a\n".repeat(1_990),
  "titles on lines between that only look empty": fill(`${"[a](b '".repeat(50)}\n\u00a0\n`),
  "titles between ideographic spaces": fill(`${"[a](b '".repeat(50)}\n\u3000\n`),
};

attackFamily(
  "limits: Markdown that takes quadratic time",
  Object.fromEntries(Object.entries(SLOW_COMMENTS).map(([name, text]) => [name, { text: `/enki fix\n\n${text}`, expected: "unparsed" }])),
  ({ text }) => {
    const parsed = tamePart(text).length;
    if (parsed > MOST_PARSED_CHARS) return { through: `the parser gets ${parsed} characters` };
    const commands = parseComment(text, "enki-dev");
    return cleanText(text).length > text.length || commands.length === 0 ? { through: "read as something else" } : { stopped: "unparsed" };
  },
);

describe("Markdown that people write is parsed as a whole", () => {
  const log = fill("[a] *b* {c}\n", 40_000);
  test.each([
    ["a log in a fence", `Look:\n\n\`\`\`\n${log}\`\`\`\n`],
    ["a log behind a template's hint", `<!-- paste the log here -->\n\`\`\`sh\n${log}\`\`\`\n`],
    ["a log behind a hint of several lines", `<!--\n\nPaste the log here.\n-->\n\n~~~\n${log}~~~  \nThanks.`],
    ["a log behind a folded section", `<details>\n<summary>a</summary>\n\n\`\`\`\n${log}\`\`\`\n\n</details>`],
    ["addresses with marks", fill("See https://a.example/b?c=d&e=f#g...h, www.a.example/(b).\n", 10_000)],
    ["a list of 900 items", "- an item\n".repeat(900)],
    ["a quote of 900 lines", "> a line\n".repeat(900)],
    ["many paragraphs with marks", "[a](https://a.example) *b* `c` ~~d~~\n\n".repeat(1_500)],
    ["dots between words", fill("a.......................................b\n", 10_000)],
  ])("%s", (_, text) => expect(tamePart(text)).toBe(text));
});

const HOME = { server: "https://github.com", repository: "octo/demo" };
/** Quadratic algorithms take more than a minute, linear ones a moment. */
const LONG = 400_000;

const fillLines = (line: (at: number) => string): string => Array.from({ length: LONG / 20 }, (_, at) => line(at)).join("\n");

const redactEach = (line: string): void => {
  const redactor = openLineRedactor([], () => {});
  for (let at = 0; at < LONG / 20; at += 1) redactor.write([line]);
  redactor.end();
};

/** Texts for patterns that search for an end from every start. The test's own time limit stops slow patterns. */
const SLOW_FOR: Readonly<Record<string, () => unknown>> = {
  "tildes before a backtick, behind too many openers": () => cleanText(`${fill("*", 1_001)}\n\n${fill("~")}\``),
  "backticks before a backtick, behind too many openers": () => cleanText(`${fill("*", 1_001)}\n\n${fill("`")} a \``),
  "a fence with a long word before a backtick": () => cleanText(`${fill("*", 1_001)}\n\n~~~${fill("a", LONG)}\``),
  "quotes before a fence": () => cleanText(`${fill("*", 1_001)}\n\n${fill("> ", LONG)}x`),
  "a long label without an end": () => cleanText(`${fill("*", 1_001)}\n\n${fill("[a", LONG)}`),
  "comments without an end": () => cleanText(`${fill("*", 1_001)}\n\n${fill("<!--", LONG)}`),
  "instructions without an end": () => cleanText(`${fill("*", 1_001)}\n\n${fill("<?", LONG)}`),
  "an address of dots": () => findBriefLinks(`https://github.com/${fill(".", LONG)}x`, HOME),
  "an address of several marks": () => findBriefLinks(`https://github.com/${fill(".,:;!?*_~|", LONG)}x`, HOME),
  "a workflow file of many keys": () =>
    readActionsWorkflowFile(
      "a.yml",
      fillLines((at) => `k${at}: 1`),
    ),
  "a workflow file of many jobs": () => readActionsWorkflowFile("a.yml", `jobs:\n${fillLines((at) => `  k${at}: 1`)}`),
  "a workflow file of one key again and again": () =>
    readActionsWorkflowFile(
      "a.yml",
      fillLines(() => "a: 1"),
    ),
  "a workflow file of anchors and aliases": () =>
    readActionsWorkflowFile(
      "a.yml",
      fillLines((at) => `- &a${at} 1\n- *a${at}`),
    ),
  "a workflow file of faults": () => readActionsWorkflowFile("a.yml", fill("]\n", LONG)),
  "a trailer of many words": () => defuseText(fill("a-", LONG)),
  "a trailer of many words that end like one": () => defuseText(fill("a-by-", LONG)),
  "a printed list of one number per line, as it is written": () => redactEach("1,"),
  "a printed list of larger numbers, as it is written": () => redactEach("12,"),
  "a printed list of bytes, as it is written": () => redactEach("0x61,"),
  "a trailer and many blanks": () => defuseText(`a-by${fill(" ", LONG)}x`),
};

attackFamily(
  "limits: texts that take quadratic time",
  Object.fromEntries(Object.entries(SLOW_FOR).map(([name, read]) => [name, { read, expected: "linear" }])),
  ({ read }) => {
    read();
    return { stopped: "linear" };
  },
);

/** Test reports by hostile code, which the job reads in its only thread: each within the time limit of a test. */
const REPORT_CHARS = 400_000;
const inReport = (unit: string): string => `<testsuite name="a">${fill(unit, REPORT_CHARS)}</testsuite>`;
const SLOW_REPORTS: Readonly<Record<string, string>> = {
  "line ends of Windows": inReport("\r\n"),
  "lines with ends of Windows": inReport("expected 1, got 2\r\n"),
  "line ends of old systems": inReport("x\r"),
  "line ends of Windows in an attribute": `<testsuite name="${fill("\r\n", REPORT_CHARS)}"/>`,
  "characters of two parts": inReport("😀"),
  "references to characters": inReport("x&amp;"),
  "references to nothing": inReport("&x;"),
  "open brackets": inReport("<"),
  "closed elements": inReport("x<a/>"),
  "elements that are never closed": fill("<testsuite>", REPORT_CHARS),
  "failed tests": inReport('<testcase name="a"><failure/></testcase>'),
  "attributes of one element": `<testsuite ${Array.from({ length: REPORT_CHARS / 12 }, (_, at) => `a${at}="x"`).join(" ")}/>`,
  "sections of raw text": inReport("<![CDATA[x]]>y"),
  "comments without an end": `<testsuite><!--${fill("-", REPORT_CHARS)}`,
  "a document type that declares entities": `<!DOCTYPE x [${fill("<!ENTITY a 'b'>", REPORT_CHARS)}]><testsuite/>`,
  "a document type without an end": `<!DOCTYPE x [${fill("] ", REPORT_CHARS)}`,
};

attackFamily("reports", Object.fromEntries(Object.entries(SLOW_REPORTS).map(([name, xml]) => [name, { xml }])), ({ xml }) => {
  const failed = readFailedTests(xml);
  return { stopped: failed === null ? "no-report" : "read" };
});

/** Parts of tests and settings that the coordinator compares in its only thread, before and after a step. */
const SOURCE_PARTS = [
  "#[cfg(test)]\n",
  "#[cfg(test)]\n\n// x\n#[a]\n",
  "#[cfg(test)] ",
  "#[",
  "#[a]",
  "#[a::",
  "pub(",
  "mod x {\n}\n",
  "fn ",
  '"',
  "`",
  '"""',
  "/*",
  "*/",
  "\\",
  "it(",
  "it.only ",
  "expect(",
  "a.",
  "assert ",
  "test should ",
  " ",
  "\t\n",
  "\n",
  "(",
  "= ",
  "@",
  "skip",
  "a: ",
  "- ",
  '{"a":',
  "[",
];
const JUDGED_PATHS = ["src/lib.rs", "a.test.ts", "test_a.py", "package.json"];
const SOURCE_CHARS = 20_000;
const LARGE_SOURCE_CHARS = 400_000;
const LARGE_PARTS = SOURCE_PARTS.slice(0, 3);
const SOURCES = [
  ...JUDGED_PATHS.flatMap((path) => SOURCE_PARTS.map((part) => ({ path, part, chars: SOURCE_CHARS }))),
  ...LARGE_PARTS.map((part) => ({ path: "src/lib.rs", part, chars: LARGE_SOURCE_CHARS })),
].map(
  ({ path, part, chars }) => [`${path} with ${chars} characters of ${JSON.stringify(part)}`, { path, before: fill(part, chars) }] as const,
);

attackFamily("sources", Object.fromEntries(SOURCES), ({ path, before }) => {
  const after = `${before.slice(0, -3)}\nx\n`;
  findTampering([{ path, before, after }]);
  return { stopped: `put-back-${putBackChecks({ path, before, after }).kind}` };
});
