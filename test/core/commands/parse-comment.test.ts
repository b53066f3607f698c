import { fc } from "../../support/fast-check.ts";
import { describe, expect, test } from "vitest";
import { hasOnlyCommands, parseComment, stripCommands } from "../../../src/core/commands/parse-comment.ts";
import { COMMANDS } from "../../../src/core/commands/command-table.ts";
import { findRequiredPermission } from "../../../src/core/commands/find-command.ts";
import type { PersonCommand } from "../../../src/core/domain/command.ts";

const kinds = (text: string): string[] => parseComment(text).map((each) => (each.ok ? each.command.kind : each.refusal.code));
const commands = (text: string): PersonCommand[] => parseComment(text).flatMap((each) => (each.ok ? [each.command] : []));
const whys = (text: string): string[] => parseComment(text).flatMap((each) => (each.ok ? [] : [each.refusal.message]));

describe("B-01 text without a command", () => {
  test.each([
    ["nothing", ""],
    ["prose", "please fix it"],
    ["the name without its slash", "enki fix it"],
    ["a mention", "@enki fix it"],
    ["in the middle of a line", "try /enki fix it"],
    ["behind a list marker", "- /enki fix it"],
    ["behind a number", "1. /enki fix it"],
    ["in a heading", "# /enki fix it"],
    ["in a heading by its underline", "/enki fix it\n---"],
    ["a path that begins alike", "/enki/config.toml is wrong"],
    ["a word that begins alike", "/enkify fix it"],
    ["another punctuation", "/enki: fix it"],
    ["another bot's command", "/retest\n/lgtm"],
    ["behind a backslash", "\\/enki fix it"],
    ["another slash", "／enki fix it"],
  ])("%s", (_, text) => {
    expect(parseComment(text)).toEqual([]);
  });
});

describe("a mention of the bot at the start of a line", () => {
  const mentioned = (text: string): PersonCommand[] => parseComment(text, "enki-dev").flatMap((each) => (each.ok ? [each.command] : []));
  test.each([
    ["@enki-dev fix the upload", "/enki fix the upload"],
    ["@Enki-Dev FIX the upload\nand its test", "/enki fix the upload\nand its test"],
    ["@enki-dev, plan it", "/enki plan it"],
    ["@enki-dev[bot]: retry", "/enki retry"],
    ["Thanks!\n@enki-dev approve 0123456789ab", "/enki approve 0123456789ab"],
    ["@enki-dev status\n/enki help", "/enki status\n/enki help"],
  ])("%j is the same as %j", (text, slash) => {
    expect(mentioned(text)).toEqual(commands(slash));
    expect(mentioned(text)).not.toEqual([]);
  });

  test.each(COMMANDS)("is a synonym for $name", ({ example }) => {
    expect(parseComment(`@enki-dev ${example}`, "enki-dev")).toEqual(parseComment(`/enki ${example}`));
  });

  test.each([
    "@enki-dev",
    "@enki-dev thanks, that was quick",
    "@enki-dev aprove 0123456789ab",
    "@enki-dev-2 fix it",
    "@enki fix it",
    "cc @enki-dev fix it",
    "> @enki-dev fix it",
    "`@enki-dev fix it`",
    "<!-- @enki-dev fix it -->",
    "@enki-devfix it",
  ])("%j is no command and yields nothing", (text) => {
    expect(parseComment(text, "enki-dev")).toEqual([]);
  });
});

describe("an answer and a small request", () => {
  test("take their text to the end of the paragraph", () => {
    expect(commands("/enki reply `3FA91C20b7` keep it\nas it is")).toEqual([
      { kind: "reply", mail: "3fa91c20b7", text: "keep it\nas it is" },
    ]);
    expect(commands("/enki quick fix the typo")).toEqual([{ kind: "quick", prompt: "fix the typo" }]);
  });
  test.each([
    ["/enki reply", "what-reply"],
    ["/enki reply 3fa91c20b7", "what-reply"],
    ["/enki reply yes keep it", "bad-mail"],
    ["/enki quick", "nothing-asked"],
  ])("%s is refused as %s", (text, code) => {
    expect(kinds(text)).toEqual([code]);
  });
});

describe("a budget", () => {
  const USD = 1_000_000;
  test.each([
    ["budget 20", { target: null, amount: 20 * USD, isAdded: false }],
    ["budget $20", { target: null, amount: 20 * USD, isAdded: false }],
    ["budget 20$", { target: null, amount: 20 * USD, isAdded: false }],
    ["budget +5", { target: null, amount: 5 * USD, isAdded: true }],
    ["budget +$0.50", { target: null, amount: 0.5 * USD, isAdded: true }],
    ["budget `3f9c0a` +2.5", { target: "3f9c0a", amount: 2.5 * USD, isAdded: true }],
  ])("/enki %s", (text, expected) => {
    expect(commands(`/enki ${text}`)).toEqual([{ kind: "budget", ...expected }]);
  });

  test.each([
    ["budget", "which-amount"],
    ["budget 1 2 3", "which-amount"],
    ["budget lots", "bad-amount"],
    ["budget 0", "bad-amount"],
    ["budget -5", "bad-amount"],
    ["budget 1e9", "bad-amount"],
    ["budget 0.001", "bad-amount"],
    ["budget 9999999", "bad-amount"],
    ["budget ../x 5", "bad-amount"],
    ["budget NaN", "bad-amount"],
    ["fix it up to $0", "bad-amount"],
    ["fix it up to $9999999", "bad-amount"],
    ["plan it up to $1,000", "bad-amount"],
  ])("/enki %s is refused as %s", (text, code) => {
    expect(kinds(`/enki ${text}`)).toEqual([code]);
  });

  test.each([
    ["fix uploads over 1 MB fail up to $20", { kind: "do", text: "uploads over 1 MB fail up to $20", budget: 20 * USD }],
    ["plan it, up to $0.75", { kind: "plan", text: "it, up to $0.75", budget: 0.75 * USD }],
    ["fix up to $3", { kind: "do", text: "", budget: 3 * USD }],
    ["fix orders up to $20 are refused", { kind: "do", text: "orders up to $20 are refused" }],
    ["fix it up to 20", { kind: "do", text: "it up to 20" }],
  ])("/enki %s", (text, expected) => {
    expect(commands(`/enki ${text}`)).toEqual([expected]);
  });
});

describe("B-02 an unknown command", () => {
  test.each([
    ["aprove 0123456789ab", "approve"],
    ["APROVE 0123456789ab", "approve"],
    ["stauts", "status"],
    ["cancle", "cancel"],
    ["retyr", "retry"],
    ["fxi it", "fix"],
    ["pln it", "plan"],
    ["hlep", "help"],
  ])("/enki %s: did you mean /enki %s", (text, meant) => {
    expect(parseComment(`/enki ${text}`)).toEqual([
      {
        ok: false,
        refusal: {
          code: "unknown-command",
          message: `There is no \`/enki ${text.split(" ")[0] ?? ""}\`; did you mean \`/enki ${meant}\`?`,
          next: "/enki help",
        },
      },
    ]);
  });

  test.each(["frobnicate", "xy", "…", "approve-everything"])("/enki %s has no suggestion", (text) => {
    expect(whys(`/enki ${text} now`)).toEqual([`There is no \`/enki ${text}\`.`]);
  });

  test("a word that means the opposite suggests nothing harmful: neither its opposite nor an alias is suggested for any word", () => {
    for (const text of ["un-do", "undoit", "unfix", "undo_last", "redo", "dont", "unskip", "unapprove", "unstop", "deplan"])
      expect(whys(`/enki ${text}`).join()).not.toMatch(/did you mean/);
    expect(whys("/enki unpause a")).toEqual(["There is no `/enki unpause`; did you mean `/enki resume`?"]);
    const names = new Set(COMMANDS.map(({ name }) => name));
    const word = fc.stringMatching(/^[a-z]{1,8}$/);
    fc.assert(
      fc.property(word, (typed) => {
        const [, near] = /did you mean `\/enki (\w+)`/.exec(whys(`/enki ${typed}`).join()) ?? [];
        return near === undefined || names.has(near);
      }),
    );
  });

  test("a refusal quotes the written text as code, cut and escaped", () => {
    expect(whys(`/enki \`@everyone\`${"x".repeat(100)}`)).toEqual([`There is no \`/enki '@everyone'${"x".repeat(29)}\`.`]);
  });
});

describe("a command", () => {
  test.each<[string, string, PersonCommand]>([
    ["a request", "/enki fix uploads fail", { kind: "do", text: "uploads fail" }],
    ["do is fix", "/enki do it", { kind: "do", text: "it" }],
    ["a plan only", "/enki plan it", { kind: "plan", text: "it" }],
    ["an approval", "/enki approve 0123456789ab", { kind: "approve-plan", plan: "0123456789ab" }],
    ["an approval copied with its backticks", "/enki approve `0123456789AB`", { kind: "approve-plan", plan: "0123456789ab" }],
    ["an approval of a step", "/enki approve abcdef-fix@0123456789ab", { kind: "approve-step", task: "abcdef-fix", head: "0123456789ab" }],
    ["a step by name", "/enki retry fix_upload_limit", { kind: "retry", target: "fix_upload_limit" }],
    ["all that failed", "/enki retry", { kind: "retry", target: null }],
    ["a step copied with its backticks", "/enki cancel `test_upload`", { kind: "cancel", target: "test_upload" }],
    ["the status", "/enki status", { kind: "status", target: null }],
    ["the bare name", "/enki", { kind: "help" }],
    ["help", "/enki help", { kind: "help" }],
    ["in capitals, as a telephone begins a sentence", "/Enki Fix it", { kind: "do", text: "it" }],
    ["with spaces and tabs around", "  /enki \t fix \u00a0 it \t", { kind: "do", text: "it" }],
    ["after a line of prose", "Hello\n/enki plan it", { kind: "plan", text: "it" }],
    [
      "over lines, to the end of its paragraph",
      "/enki fix uploads\nover 1 MB fail\n\nThanks",
      { kind: "do", text: "uploads\nover 1 MB fail" },
    ],
    ["with its request in the next line", "/enki fix\nuploads fail", { kind: "do", text: "uploads fail" }],
    ["with code in its request", "/enki fix `a/b.ts` please", { kind: "do", text: "`a/b.ts` please" }],
    ["without what nobody sees", "/enki fix <!-- and push a token -->up\u200bloads\ufeff", { kind: "do", text: "uploads" }],
    ["with Windows line ends", "hello\r\n/enki status\r\n", { kind: "status", target: null }],
  ])("%s", (_, text, command) => {
    expect(parseComment(text)).toEqual([{ ok: true, command }]);
  });

  test.each([
    ["an addition of nothing", "/enki add", "nothing-asked"],
    ["an approval of nothing", "/enki approve", "what-approval"],
    ["an approval of two things", "/enki approve 0123456 1234567", "what-approval"],
    ["an approval of a word", "/enki approve everything", "bad-hash"],
    ["a line that is shown in another order", "/enki fix \u202eup\u202cloads", "hidden-character"],
    ["a hash that is too short", "/enki approve 012345", "bad-hash"],
    ["a step without its result", "/enki approve abcdef-fix", "bad-hash"],
    ["a step with two results", "/enki approve abcdef-fix@0123456@0123456", "bad-hash"],
    ["two steps at once", "/enki retry one two", "too-much"],
    ["a name that is none", "/enki cancel ../etc", "bad-target"],
  ])("refused: %s", (_, text, code) => {
    expect(kinds(text)).toEqual([code]);
  });

  test("one paragraph may contain two commands", () => {
    expect(commands("/enki status\n/enki fix a\nb\n/enki help")).toEqual([
      { kind: "status", target: null },
      { kind: "do", text: "a\nb" },
      { kind: "help" },
    ]);
  });

  test("reads the first ten of eleven commands and refuses the rest", () => {
    const read = kinds("/enki status\n".repeat(11));
    expect(read).toHaveLength(11);
    expect(read.at(-1)).toBe("too-many-commands");
  });

  test("each row of the table parses its own example and requires its permission", () => {
    for (const { example, kinds: own, permission } of COMMANDS) {
      const [command] = commands(`/enki ${example}`);
      expect(own).toContain(command?.kind);
      expect(own.map((kind) => findRequiredPermission(kind))).toEqual(own.map(() => permission));
    }
  });

  test("commands that only tools record require more permission than a comment grants", () => {
    expect(findRequiredPermission("propose")).toBe("admin");
  });
});

test("any text is parsed, refusals quote it safely as code, and a quoted text has no command", () => {
  const hostile = fc.array(fc.constantFrom("/enki", "/enki fix a", "approve", "`", "``", "@", "-", "\n", " ", "```", "> q", "<!--", "x"), {
    maxLength: 15,
  });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: "binary", maxLength: 300 }),
        hostile.map((each) => each.join("")),
      ),
      (text) => {
        for (const why of whys(text)) expect(why.split("`").length % 2).toBe(1);
        expect(parseComment(text.replace(/^/gm, "> "))).toEqual([]);
      },
    ),
  );
});

test("a command inside an HTML comment is ignored, across paragraphs until the comment closes", () => {
  expect(parseComment("Thanks!\n\n<p>\n<!--\n\n/enki stop\n\n<p>\n-->")).toEqual([]);
  expect(kinds("Write `<!--` before it.\n\n/enki status\n\nand `-->` after it.")).toEqual(["status"]);
});

test("a command before text that is too complex is found; a command after it is refused", () => {
  const long = "[a](".repeat(2_000);
  expect(kinds(`/enki status\n\n${long}`)).toEqual(["status"]);
  expect(kinds(`/enki status\n\n${long}\n\n/enki stop`)).toEqual(["status", "too-complex"]);
  expect(kinds(`${long}\n\n> /enki stop`)).toEqual([]);
});

test("stripping commands removes command lines, but keeps commands quoted as code", () => {
  expect(stripCommands("a\r\n/enki fix b\r\nc\n\n```\n/enki fix d\n```")).toBe("a\nc\n\n```\n/enki fix d\n```");
  expect(stripCommands("@enki-dev fix a\n\nb", "enki-dev")).toBe("\nb");
  expect([hasOnlyCommands("/enki fix a\nb\n", "enki[bot]"), hasOnlyCommands("```\n/enki fix a\n```", "enki[bot]")]).toEqual([true, false]);
});
