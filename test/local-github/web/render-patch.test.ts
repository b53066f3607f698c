import { expect, test } from "vitest";
import { readPatch, renderPatch } from "../../../src/local-github/web/render-patch.ts";
import { strange, wordsOf } from "./inspect.ts";

const patch = (lines: readonly string[], { name = "a.txt", hunk = "@@ -1,3 +1,4 @@ fn()" } = {}): string =>
  [`diff --git a/${name} b/${name}`, "index 1..2 100644", `--- a/${name}`, `+++ b/${name}`, hunk, ...lines, ""].join("\n");
const show = (text: string): string => renderPatch({ text, fullDiff: null }).markup;

test("numbers lines as in the old and the new file", () => {
  const [file] = readPatch(patch([" same", "-old", "+new", "+more", "\\ No newline at end of file"]));
  expect(file?.lines.map(({ kind, old, new: now, text }) => [kind, old, now, text])).toEqual([
    ["hunk", null, null, "@@ -1,3 +1,4 @@ fn()"],
    ["same", 1, 1, "same"],
    ["del", 2, null, "old"],
    ["add", null, 2, "new"],
    ["add", null, 3, "more"],
    ["hunk", null, null, "\\ No newline at end of file"],
  ]);
});

test("keeps lines of a file that look like git's headers", () => {
  const [file, ...others] = readPatch(
    patch(["--- a/x", "+++ b/x", "-@@ -1 +1 @@", "+diff --git a/x b/x", " a\rdiff --git a/f b/f\u2028diff --git a/f b/f"]),
  );
  expect(others).toEqual([]);
  expect(file?.path).toBe("a.txt");
  expect(file?.lines.map(({ kind }) => kind)).toEqual(["hunk", "del", "add", "del", "add", "same"]);
});

test.each([
  ["a name with b/ in it", "diff --git a/x b/y b/x b/y\nnew file mode 100644\nindex 0..e\n", "x b/y"],
  ["a name in quotes", 'diff --git "a/t\\tb" "b/t\\tb"\nindex 1..2\n--- "a/t\\tb"\n+++ "b/t\\tb"\n@@ -1 +1 @@\n-a\n+b\n', '"t\\tb"'],
  ["a removed file", "diff --git a/gone b/gone\ndeleted file mode 100644\n--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n", "gone"],
  ["a name with a space", patch(["+x"], { name: "a b" }).replaceAll(" b/a b\n", " b/a b\t\n"), "a b"],
  ["a rename", "diff --git a/old b/a/new\nsimilarity index 100%\nrename from old\nrename to a/new\n", "a/new"],
  ["a mode", "diff --git a/run b/run\nold mode 100644\nnew mode 100755\n", "run"],
  ["a picture", "diff --git a/p.png b/p.png\nindex 1..2\nBinary files a/p.png and b/p.png differ\n", "p.png"],
])("reads the path of %s", (_, text, path) => {
  expect(readPatch(text).map((file) => file.path)).toEqual([path]);
});

test("reads no files from a text that is not a patch", () => {
  for (const text of ["", "@@ -1 +1 @@\n+x", "diff --gi", "\n\n"]) expect(readPatch(text)).toEqual([]);
  expect(wordsOf(show(""))).toBe("No changes.");
});

test("escapes names and lines, and shows their control characters", () => {
  const markup = show(patch(["+<script>alert(1)</script>", "+a \u202e b \u001b[31m\r"], { name: "<img onerror=alert(1)>" }));
  expect(strange(markup)).toEqual([]);
  expect(wordsOf(markup)).toContain("+ <script>alert(1)</script>");
  expect(wordsOf(markup)).toContain("a \ufffd b \u241b[31m\u240d");
});

test("omits lines and files over the limits and reports their number", () => {
  expect(wordsOf(show(patch([`+${"x".repeat(5_000)}`])))).toContain(" … 4000 more characters");
  const long = show(patch(Array.from({ length: 7_000 }, () => "+x")) + patch(["+y"], { name: "b.txt" }));
  expect(wordsOf(long)).toMatch(
    /2 files changed a\.txt \+7000 −0 .* 1001 more lines are not shown\. b\.txt \+1 −0 2 more lines are not shown/,
  );
  expect(long).toMatch(/<details class="card"\s*>/);
  const many = show(Array.from({ length: 302 }, (_, at) => patch(["+x"], { name: `f${at}` })).join(""));
  expect(wordsOf(many)).toMatch(/302 files changed.* and 2 more files\.$/);
  const cut = renderPatch({ text: patch(["+x"]), fullDiff: { size: "9 files changed", command: "git diff 1 2" } });
  expect(wordsOf(cut.markup)).toContain("9 files changed This change is too large to show completely. To see all of it, run git diff 1 2");
});
