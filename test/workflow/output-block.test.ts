import { describe, expect, test } from "vitest";
import { outputBlock, withoutMarkers } from "../../src/workflow/output-block.ts";

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
    ["after a fence that nobody closed", "```\nx\n[OUTPUT]\none\n[/OUTPUT]", "one"],
  ])("%s", (_, answer, block) => {
    expect(outputBlock(answer)).toBe(block);
  });

  test.each([
    ["a mention in prose", "I end with [OUTPUT] as asked, and close it with [/OUTPUT]"],
    ["a mention that is not closed at the end of a line", "[OUTPUT]x[/OUTPUT] is what I write."],
    ["an empty one", "[OUTPUT]\n\n[/OUTPUT]"],
    ["one within a code fence", "```text\n[OUTPUT]\nexample\n[/OUTPUT]\n```"],
    ["only an end", "x\n[/OUTPUT]"],
  ])("is none: %s", (_, answer) => {
    expect(outputBlock(answer)).toBeNull();
  });
});

test("without its markers an answer keeps all else, and mentions of them", () => {
  expect(withoutMarkers("Done, see [OUTPUT].\n\n[OUTPUT]\nThe limit is 10.\n[/OUTPUT]\nBye.")).toBe(
    "Done, see [OUTPUT].\n\nThe limit is 10.\nBye.",
  );
  expect(withoutMarkers("[OUTPUT]one[/OUTPUT]")).toBe("one");
});
