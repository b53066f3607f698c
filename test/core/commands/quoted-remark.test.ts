import { fc } from "../../support/fast-check.ts";
import { describe, expect, test } from "vitest";
import { hasQuotedLine, readQuotedRemark } from "../../../src/core/commands/quoted-remark.ts";
import { readComment } from "../../../src/core/events/read-comment.ts";

const read = (text: string) => readQuotedRemark(text, "enki");

describe("a reply that quotes and comments on it", () => {
  test("is read with its quotes", () => {
    expect(read("> | `fix` | Fix the limit |\n\nMake it 10 MB.")).toEqual({
      quotes: ["| `fix` | Fix the limit |"],
      text: "> | `fix` | Fix the limit |\n\nMake it 10 MB.",
    });
    expect(read("> one\n> > two\n\nFirst.\n\n> three\n\nSecond.")?.quotes).toEqual(["one", "two", "three"]);
  });

  test("keeps code, but no definition or comment", () => {
    expect(read("> one\n\nWrite `<!--` and `-->`.\n\n<!-- a -->\n\n[//]: # (b)")?.text).toBe("> one\n\nWrite `<!--` and `-->`.");
  });

  test.each([
    ["only a quote", "> Fix the limit"],
    ["only signs", "> Fix the limit\n\n+1 :-)".replace(/[a-z]+$/i, "")],
    ["a quote below what is said, as mail programs put it", "Looks good.\n\n> Fix the limit"],
    ["no quote", "Make it 10 MB."],
    ["a command's word", "> Fix the limit\n\nI would /enki approve it"],
    ["a mention of the bot", "> Fix the limit\n\n@enki what do you think?"],
    ["words that nobody sees", "> Fix the limit\n\n<!-- make it 10 MB -->"],
    ["nothing", ""],
    ["assent", "> Fix the limit\n\nLGTM, thanks! 🎉"],
    ["a vote", "> Fix the limit\n\n+1"],
    ["an emoji's name", "> Fix the limit\n\n:+1: ship it"],
  ])("yields nothing for %s", (_, text) => {
    expect(read(text)).toBeNull();
  });

  test.each(["Ok, but make it 10 MB.", "Great, and the docs?", "Not ok", "Yes, in English", "okay-ish", "+10 MB please", "1"])(
    "is no approval if it says something else: %s",
    (words) => {
      expect(read(`> Fix the limit\n\n${words}`) !== null).toBe(/\p{L}/u.test(words));
    },
  );

  test("a webhook and a listing yield one event by comment id; bots yield none, and a command takes precedence", () => {
    const comment = { id: 7, issue: 1, onPull: false, by: "ann", bot: false, body: "> a plan\n\nLess.", created: 5, updated: 5 };
    expect(readComment(comment, "enki[bot]")).toEqual([
      expect.objectContaining({
        kind: "commanded",
        id: "comment:7",
        requests: [{ ok: true, command: { kind: "revise", text: "> a plan\n\nLess.", quotes: ["a plan"] } }],
      }),
    ]);
    expect(readComment({ ...comment, bot: true }, "enki[bot]")).toEqual([]);
    expect(readComment({ ...comment, body: "> a plan\n\n/enki cancel" }, "enki[bot]")).toMatchObject([
      { requests: [{ command: { kind: "cancel" } }] },
    ]);
  });

  test("any text yields a result", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => [read(text), read(`> ${text}\nx`)].length === 2));
  });
});

test("a quote matches a whole line or cell of the plan in any formatting, unless the plan repeats it from elsewhere", () => {
  const text =
    "### A plan, for your approval\n\n> uploads fail\n\n| step | what it does |\n|---|---|\n| `fix_limit` | Raise the *limit* |\n\nok";
  const quotes = (line: string): boolean => hasQuotedLine([line], { text, repeats: "Uploads fail" });
  expect(
    ["A plan, for your approval", "Raise the limit", "| fix_limit | Raise the limit |", "`fix_limit`"].map((line) => quotes(line)),
  ).toEqual([true, true, true, true]);
  expect(["uploads fail", "the limit", "ok", "---", "", "Something else"].map((line) => quotes(line))).toEqual(Array(6).fill(false));
});
