import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { hashLine } from "../../src/job/tools/apply-edits.ts";
import { createFileEditor } from "../../src/job/tools/file-editor.ts";
import { openToolBox } from "../support/tools.ts";

const five = "line1\nline2\nline3\nline4\nline5\n";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "enki-hashline-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const tools = () => openToolBox({ toolSet: "worker", editFile: createFileEditor(root) });
/** Returns the lines of the file as the tool shows them. */
const tag = async (content: string): Promise<string[]> => {
  writeFileSync(join(root, "a.txt"), content);
  const { text } = await tools().call("enki_edit_file", { path: "a.txt" });
  return text.split("\n");
};
/** Applies the edits in one call, each as a list of lines. Returns the new file, or the tool's error. */
const edit = async (...edits: string[][]): Promise<string> => {
  const answer = await tools().call("enki_edit_file", { path: "a.txt", edits: edits.map((lines) => lines.join("\n")) });
  return answer.isError ? answer.text : readFileSync(join(root, "a.txt"), "utf8");
};
const lines = async (content: string): Promise<(line: number) => string> => {
  const tagged = await tag(content);
  return (line) => tagged[line - 1] ?? "";
};

test("H-01 differs: the hash is of the exact line, so a changed indentation is stale, and blank lines of other lengths differ", async () => {
  const at = await lines("if (x)\n  foo\nend\n");
  writeFileSync(join(root, "a.txt"), "if (x)\n    foo\nend\n");
  expect(await edit([at(2), "bar", at(3)])).toContain("stale hash at line 2");
  expect(hashLine("  foo  ")).not.toBe(hashLine("foo"));
  expect(hashLine("")).not.toBe(hashLine("  "));
  expect(hashLine("foo")).toMatch(/^[0-9a-f]{6}$/);
});

test("H-02 three lines start with 1:, 2:, 3:, and keep their content behind the bar", async () => {
  const shown = await tag("a|b\n\tc\nd\n");
  expect(shown.map((line) => line.slice(0, 2))).toEqual(["1:", "2:", "3:"]);
  expect(shown.map((line) => line.slice(line.indexOf("|") + 1))).toEqual(["a|b", "\tc", "d"]);
});

test("H-03 numbers are padded to one width, and an empty file has no line", async () => {
  const shown = await tag("x\n".repeat(12));
  expect([shown[0]?.slice(0, 3), shown[9]?.slice(0, 3)]).toEqual([" 1:", "10:"]);
  expect(await tag("")).toEqual([""]);
});

test("H-06 a changed line is stale, a shorter file out of range, and nothing is written", async () => {
  const at = await lines(five);
  const changed = five.replace("line2", "other");
  writeFileSync(join(root, "a.txt"), changed);
  expect(await edit([at(2), "x", at(3)])).toContain("stale hash at line 2");
  expect(readFileSync(join(root, "a.txt"), "utf8")).toBe(changed);
  writeFileSync(join(root, "a.txt"), "line1\n");
  expect(await edit([at(2), "x", at(3)])).toMatch(/^line 2 out of range \(file has 1 lines\)\n/);
});

test("H-07 the lines between two anchors are replaced", async () => {
  const at = await lines(five);
  expect(await edit([at(2), "new_a", "new_b", at(4)])).toBe("line1\nline2\nnew_a\nnew_b\nline4\nline5\n");
});

test("H-08 a text is inserted after or before an anchor's line", async () => {
  const at = await lines(five);
  expect(await edit([at(2), "inserted"])).toBe("line1\nline2\ninserted\nline3\nline4\nline5\n");
  const again = await lines(five);
  expect(await edit(["inserted", again(2)])).toBe("line1\ninserted\nline2\nline3\nline4\nline5\n");
});

test("H-09 two anchors without a text delete the lines between them", async () => {
  const at = await lines(five);
  expect(await edit([at(2), at(5)])).toBe("line1\nline2\nline5\n");
});

test("H-10 refuses a wrong hash, and a text behind an anchor that differs from the line", async () => {
  const at = await lines(five);
  expect(await edit(["2:ffffff|line2", "x"])).toContain("stale hash at line 2");
  expect(await edit([at(2).replace("line2", "changed")])).toContain("an anchor keeps its line as it is");
  expect(readFileSync(join(root, "a.txt"), "utf8")).toBe(five);
});

test("H-12 replaces and deletes the first and last line, and edits an empty file", async () => {
  const at = await lines(five);
  expect(await edit(["^|", "first", at(2)], [at(4), "last", "$|"])).toBe("first\nline2\nline3\nline4\nlast\n");
  const again = await lines(five);
  expect(await edit(["^|", again(2)], [again(4), "$|"])).toBe("line2\nline3\nline4\n");
  await tag("");
  expect(await edit(["^|", "hello", "$|"])).toBe("hello\n");
  const one = await lines("only");
  expect(await edit(["^|", "other", "$|"])).toBe("other");
  expect(await edit([one(1), "x"])).toContain("stale hash");
});

test("applies all edits of a call, or none if one is refused", async () => {
  const at = await lines(five);
  expect(await edit([at(1), "a"], ["4:ffffff|line4", "b"])).toContain("stale hash at line 4");
  expect(await edit([at(1), "a", at(3)], [at(2), "b"])).toContain("overlap");
  expect(readFileSync(join(root, "a.txt"), "utf8")).toBe(five);
  expect(await edit([at(4), "b"], [at(1), "a"])).toBe("line1\na\nline2\nline3\nline4\nb\nline5\n");
});

test("H-14 a CRLF file keeps its line ends, a mixed file those of its unchanged lines", async () => {
  const at = await lines("a\r\nb\r\nc\r\n");
  expect(await edit([at(1), "x", "y", at(3)])).toBe("a\r\nx\r\ny\r\nc\r\n");
  const mixed = await lines("a\r\nb\nc\r\nd");
  expect(await edit([mixed(2), "x", mixed(3)])).toBe("a\r\nb\nx\nc\r\nd");
});

test("H-14 refuses every spelling of a path outside the workspace, and leaves binary files unchanged", async () => {
  const outside = mkdtempSync(join(tmpdir(), "enki-outside-"));
  try {
    writeFileSync(join(outside, "secret"), "one\n");
    symlinkSync(join(outside, "secret"), join(root, "link"));
    symlinkSync(outside, join(root, "folder"));
    mkdirSync(join(root, ".git"));
    writeFileSync(join(root, ".git", "config"), "x\n");
    for (const path of [join(outside, "secret"), join("..", basename(outside), "secret"), "link", "folder/secret", ".git/config", "."]) {
      const answer = await tools().call("enki_edit_file", { path, content: "^|\nowned\n$|" });
      expect([path, answer.isError, answer.structured["code"]]).toEqual([path, true, "outside"]);
    }
    expect(readFileSync(join(outside, "secret"), "utf8")).toBe("one\n");
    mkdirSync(join(root, "sub"));
    expect((await tools().call("enki_edit_file", { path: "sub" })).text).toContain("not a regular file");
    writeFileSync(join(root, "b.bin"), Buffer.from([0xff, 0xfe, 0x0a]));
    expect((await tools().call("enki_edit_file", { path: "b.bin", content: "^|\nx" })).text).toContain("not UTF-8 text");
    expect([...readFileSync(join(root, "b.bin"))]).toEqual([0xff, 0xfe, 0x0a]);
  } finally {
    rmSync(outside, { recursive: true, force: true });
  }
});
