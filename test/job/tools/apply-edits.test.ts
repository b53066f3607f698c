import { fc } from "../../support/fast-check.ts";
import { describe, expect, test } from "vitest";
import { applyEdits, hashLine, addAnchors } from "../../../src/job/tools/apply-edits.ts";

const five = "line1\nline2\nline3\nline4\nline5\n";
const at = (line: number, text: string): string => `${line}:${hashLine(text)}|${text}`;
const edited = (content: string, ...edits: string[]): string => {
  const result = applyEdits(content, edits);
  return result.ok ? result.value : result.refusal.message;
};

describe("hashline", () => {
  test("H-01 differs: white space counts, so a changed indentation is stale", () => {
    expect(hashLine("  foo")).not.toBe(hashLine("foo"));
  });
  test("H-02 H-03 tags keep the content and pad the numbers; an empty file has none", () => {
    expect(addAnchors("a|b\nc\n").split("\n")).toEqual([`1:${hashLine("a|b")}|a|b`, `2:${hashLine("c")}|c`]);
    expect(addAnchors("x\n".repeat(12)).split("\n")[0]).toMatch(/^ 1:/);
    expect(addAnchors("")).toBe("");
  });
  test.each([
    [
      "H-07 replace between two anchors",
      [[at(2, "line2"), "new_a", "new_b", at(4, "line4")].join("\n")],
      "line1\nline2\nnew_a\nnew_b\nline4\nline5\n",
    ],
    ["H-08 insert after", [`${at(2, "line2")}\ninserted`], "line1\nline2\ninserted\nline3\nline4\nline5\n"],
    ["H-08 insert before", [`inserted\n${at(2, "line2")}`], "line1\ninserted\nline2\nline3\nline4\nline5\n"],
    ["H-09 delete between anchors", [`${at(2, "line2")}\n${at(5, "line5")}`], "line1\nline2\nline5\n"],
    ["H-12 replace the first line", [`^|\nfirst\n${at(2, "line2")}`], "first\nline2\nline3\nline4\nline5\n"],
    ["H-12 replace the last line", [`${at(4, "line4")}\nlast\n$|`], "line1\nline2\nline3\nline4\nlast\n"],
    ["several edits at once", [`${at(1, "line1")}\na`, `${at(4, "line4")}\nb`], "line1\na\nline2\nline3\nline4\nb\nline5\n"],
    ["H-10 a wrong hash", ["2:ffffff|line2\nx"], `stale hash at line 2: expected ffffff, got ${hashLine("line2")} — re-read the file`],
    ["no anchor", ["x"], "edit must contain at least one hashline anchor"],
    ["a line beyond the end", ["9:ffffff|x"], "line 9 out of range (file has 5 lines)"],
    ["anchors that go back", [`${at(4, "line4")}\n${at(2, "line2")}`], "anchors must be in ascending order, got line 2 after line 4"],
    ["edits that overlap", [`${at(1, "line1")}\n${at(3, "line3")}`, `${at(2, "line2")}\nx`], "two edits overlap at line 2"],
  ])("%s", (_, edits, expected) => {
    expect(edited(five, ...edits)).toBe(expected);
  });
  test("H-12 an empty file, H-14 a CRLF file and one without a final newline keep their form", () => {
    expect(edited("", "^|\nhello\n$|")).toBe("hello\n");
    expect(edited("a\r\nb\r\n", `${at(1, "a")}\nx`)).toBe("a\r\nx\r\nb\r\n");
    expect(edited("a\nb", `${at(1, "a")}\nx`)).toBe("a\nx\nb");
  });
  test("an edit without new content changes no file", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string().filter((line) => !/[\r\n]/.test(line)),
          { minLength: 1, maxLength: 20 },
        ),
        (lines) => {
          const content = lines.map((line) => `${line}\n`).join("");
          expect(edited(content, addAnchors(content))).toBe(content);
        },
      ),
    );
  });
});
