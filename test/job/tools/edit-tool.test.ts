import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hashLine } from "../../../src/job/tools/apply-edits.ts";
import { openJob } from "./stage.ts";

let job = await openJob({ toolSet: "worker" });
beforeEach(async () => {
  await job.close();
  job = await openJob({ toolSet: "worker" });
  mkdirSync(join(job.root, "src"));
  writeFileSync(join(job.root, "src/a.txt"), "one\ntwo\nthree\n");
});
afterEach(() => job.close());

describe("the tool that edits files", () => {
  test("describes its grammar by an example that works with a file's own hashes", async () => {
    const agent = await job.connect();
    const tool = (await agent.tools()).find(({ name }) => name === "enki_edit_file");
    const { description = "" } = (tool?.inputSchema.properties?.["edits"] ?? {}) as { description?: string };
    const [, example = "[]"] = /Example: (\[.*\])$/.exec(description) ?? [];
    const shown = JSON.parse(example) as string[];
    expect(shown).toHaveLength(2);
    const own = shown.map((edit) =>
      edit.replaceAll(
        /^(\d):[0-9a-f]{6}\|/gm,
        (_, line: string) => `${line}:${hashLine(["one", "two", "three"][Number(line) - 1] ?? "")}|`,
      ),
    );
    for (const edit of own)
      expect(await agent.call("enki_edit_file", { path: "src/a.txt", edits: [edit] })).toEqual({ isError: false, text: "ok" });
    expect(readFileSync(join(job.root, "src/a.txt"), "utf8")).toBe("one\nthe new second line\nthree\na new last line\n");
  });

  test.each<[what: string, path: string, edit: string, remedy: RegExp]>([
    [
      "an old anchor",
      "src/a.txt",
      "2:ffffff|\nx",
      /^stale hash at line 2: .*\nNothing was changed\. To continue: call enki_edit_file with `path` alone/,
    ],
    ["no anchor", "src/a.txt", "x", /at least one hashline anchor\nNothing .* such as 12:a1b2c3\|; to append, end with \$\|\.$/],
    ["anchors in a wrong order", "src/a.txt", `3:${hashLine("three")}|\n1:${hashLine("one")}|`, /To continue: order the anchors/],
    ["new text in an anchor", "src/a.txt", `1:${hashLine("one")}|uno`, /To continue: copy the anchors of the lines before and after/],
    ["a new file", "src/b.txt", "^|\nx", /no such file\nNothing .* To continue: create a new file with your own tools/],
    ["a file elsewhere", "/etc/hostname", "^|\nx", /outside of this step's workspace\n.*relative path\.$/],
  ])("refuses %s, and says how to continue", async (_, path, edit, remedy) => {
    const { isError, text } = await (await job.connect()).call("enki_edit_file", { path, content: edit });
    expect({ isError, text }).toEqual({ isError: true, text: expect.stringMatching(remedy) as string });
    expect(readFileSync(join(job.root, "src/a.txt"), "utf8")).toBe("one\ntwo\nthree\n");
  });
});
