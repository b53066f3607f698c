import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseComment } from "../../src/commands/parse.ts";

const kinds = (text: string): string[] => parseComment(text).map((each) => (each.ok ? each.command.kind : each.refusal.code));

describe("a comment's commands", () => {
  test.each([
    ["B-01 text that is no command", "please fix it\nenki fix it\n`/enki fix`", []],
    ["a fix with its text", "/enki fix uploads fail", ["do"]],
    ["do is fix", "/enki do it", ["do"]],
    ["two commands in one comment", "/enki status\n/enki help", ["status", "help"]],
    ["a command after prose", "Hello\n/enki plan it", ["plan"]],
    ["a command in the middle of a line", "try /enki fix it", []],
    ["another word that begins alike", "/enkify fix it", []],
    ["the bare name asks for help", "/enki", ["help"]],
    ["B-02 an unknown command", "/enki frobnicate", ["unknown-command"]],
    ["a fix without a request", "/enki fix", ["nothing-asked"]],
    ["an approval without a hash", "/enki approve", ["what-approval"]],
    ["an approval of something else", "/enki approve everything", ["bad-hash"]],
    ["an approval", "/enki approve 0123456789ab", ["approve-plan"]],
    ["an approval of a step", "/enki approve abcdef-fix@0123456789ab", ["approve-step"]],
    ["B-04 in a quote", "> /enki fix it", []],
    ["B-04 in a quote's lazy continuation", "> as they said\n/enki fix it", []],
    ["after a quote and an empty line", "> as they said\n\n/enki fix it", ["do"]],
    ["B-04 in a fence", "```\n/enki fix it\n```", []],
    ["B-04 in a longer fence that a shorter one does not close", "````\n```\n/enki fix it\n````", []],
    ["B-04 in a fence that is never closed", "~~~ sh\n/enki fix it", []],
    ["after a fence", "```\nx\n```\n/enki fix it", ["do"]],
    ["B-04 in indented code", "text\n\n    /enki fix it", []],
    ["B-04 in a tab's indentation", "\t/enki fix it", []],
    ["B-04 in a code span over lines", "see `a\n/enki fix it\nb`", []],
    ["B-04 in an HTML comment", "<!--\n/enki fix it\n-->", []],
    ["B-04 in an HTML comment inside a paragraph", "text <!-- hidden\n/enki fix it -->", []],
    ["B-04 in an HTML block", "<div>\n/enki fix it\n</div>", []],
    ["with Windows line ends", "hello\r\n/enki status\r\n", ["status"]],
  ])("%s", (_, text, expected) => {
    expect(kinds(text)).toEqual(expected);
  });

  test("B-02 a word that is nearly a command is named", () => {
    expect(parseComment("/enki aprove 0123456789ab")).toMatchObject([
      { refusal: { why: expect.stringContaining("did you mean `/enki approve`") } },
    ]);
  });

  test("a request goes on to the end of its paragraph", () => {
    expect(parseComment("/enki fix uploads\nover 1 MB fail\n\nThanks")).toEqual([
      { ok: true, command: { kind: "do", text: "uploads\nover 1 MB fail" } },
    ]);
  });

  test("any text gives an answer, and quoting it takes every command away", () => {
    const lines = fc.array(
      fc.constantFrom("/enki fix a", "```", "~~~", "> q", "    code", "<!--", "-->", "`", "text", "", "<div>", "/enki frob", "\t"),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary", maxLength: 300 }),
          lines.map((each) => each.join("\n")),
        ),
        (text) => {
          expect(Array.isArray(parseComment(text))).toBe(true);
          expect(parseComment(text.replace(/^/gm, "> "))).toEqual([]);
        },
      ),
    );
  });
});
