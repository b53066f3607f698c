import { expect, test } from "vitest";
import { open, playOf } from "./run-stage.ts";

/** The merger reads both sides as the prompt says, and keeps both. */
const MERGER = `
[[scene]]
role = "resolve"
[[scene.act]]
run = "grep -q '^<<<<<<<' list.txt && git diff --quiet HEAD && { git show HEAD^1:list.txt; git show HEAD^2:list.txt; } | sort -u > list.txt"
[[scene.act]]
say = "[OUTPUT]Both lines stay.[/OUTPUT]"
`;

test("54 two parallel steps change the same line, with the real runner and a scripted agent: both land", async () => {
  const it = open(
    `${playOf([
      { id: "first", run: "sed -i 's/^b$/one/' list.txt" },
      { id: "second", run: "sed -i 's/^b$/two/' list.txt" },
    ])}${MERGER}`,
    { "list.txt": "a\nb\n" },
  );
  const { code, out } = await it.run("--yes", "name it");
  expect({ code, out }).toMatchObject({ code: 0 });
  const [, branch = ""] = /^ {2}git log --graph main\.\.(\S+)$/m.exec(out) ?? [];
  expect(it.git("show", `${branch}:list.txt`)).toBe("a\none\ntwo");
  expect(it.git("log", "--format=%s", `main..${branch}`)).toMatch(/^Merge main at [0-9a-f]{12} into [0-9a-f]{6}-(first|second)$/m);
}, 120_000);
