import { describe, expect, test } from "vitest";
import { findOutputBlock, removeOutputMarkers } from "../../../src/core/workflow/output-block.ts";

describe("the output block of an answer", () => {
  test.each([
    ["between two lines", "Done.\n[OUTPUT]\nThe limit is 10.\n[/OUTPUT]\nBye.", "The limit is 10."],
    ["on one line, as the seed has it", "[OUTPUT]Added JWT. All tests passing.[/OUTPUT]", "Added JWT. All tests passing."],
    ["over several lines", "[OUTPUT]one\ntwo[/OUTPUT]", "one\ntwo"],
    ["with Windows' line ends", "[OUTPUT]\r\none\r\n[/OUTPUT]\r\n", "one"],
    ["the last of several", "[OUTPUT]one[/OUTPUT]\n[OUTPUT]two[/OUTPUT]", "two"],
    ["the last that is complete", "[OUTPUT]one[/OUTPUT]\n[OUTPUT]\ntwo", "one"],
    ["begun again", "[OUTPUT] comes at the end, they say\n[OUTPUT]\ntwo\n[/OUTPUT]", "two"],
    [
      "that shows one in code",
      "[OUTPUT]\nWrite:\n```\n[OUTPUT]\nx\n[/OUTPUT]\n```\nSo.\n[/OUTPUT]",
      "Write:\n```\n[OUTPUT]\nx\n[/OUTPUT]\n```\nSo.",
    ],
    ["that is the whole of a code fence at the end", "Could not.\n\n```text\n[OUTPUT]\nstatus: failed\n[/OUTPUT]\n```\n", "status: failed"],
    ["that is the whole answer, in a fence", "~~~\n\n[OUTPUT]one[/OUTPUT]\n~~~", "one"],
    ["in a fence, with a fence of its own", "````\n[OUTPUT]\n```\nx\n```\n[/OUTPUT]\n````", "```\nx\n```"],
    ["outside of code, before one in a fence", "[OUTPUT]one[/OUTPUT]\n```\n[OUTPUT]two[/OUTPUT]\n```", "one"],
    ["after a fence that nobody closed", "```\nx\n[OUTPUT]\none\n[/OUTPUT]", "one"],
  ])("%s", (_, answer, block) => {
    expect(findOutputBlock(answer)).toBe(block);
  });

  test.each([
    ["a mention in prose", "I end with [OUTPUT] as asked, and close it with [/OUTPUT]"],
    ["a mention that is not closed at the end of a line", "[OUTPUT]x[/OUTPUT] is what I write."],
    ["an empty one", "[OUTPUT]\n\n[/OUTPUT]"],
    ["one within a code fence that text follows", "I end with:\n```text\n[OUTPUT]\nexample\n[/OUTPUT]\n```\nas asked."],
    ["one within a longer code fence", "```text\nWrite:\n[OUTPUT]\nexample\n[/OUTPUT]\n```"],
    ["two in one code fence", "```\n[OUTPUT]one[/OUTPUT]\n[OUTPUT]two[/OUTPUT]\n```"],
    ["only an end", "x\n[/OUTPUT]"],
  ])("is absent: %s", (_, answer) => {
    expect(findOutputBlock(answer)).toBeNull();
  });
});

test("removing the markers keeps the rest of an answer and mentions of the markers", () => {
  expect(removeOutputMarkers("Done, see [OUTPUT].\n\n[OUTPUT]\nThe limit is 10.\n[/OUTPUT]\nBye.")).toBe(
    "Done, see [OUTPUT].\n\nThe limit is 10.\nBye.",
  );
  expect(removeOutputMarkers("[OUTPUT]one[/OUTPUT]")).toBe("one");
  expect(removeOutputMarkers("Done.\n```\n[OUTPUT]\none\n[/OUTPUT]\n```")).toBe("Done.\none");
});
