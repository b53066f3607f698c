import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openSeeds } from "../conformance/seed-stage.ts";
import { LOOK_AND_LIST } from "./look-and-list.ts";

const KEY = ["the", "key", "of", "the", "model", "0123456789"].join("-");

test("enki run keeps a readable transcript of each step, which enki logs shows and git ignores", async () => {
  const acts = [
    { act: "say", value: "I look." },
    { act: "tool", value: "enki_status", input: {} },
    { act: "say", value: `Found with ${KEY}.\n[OUTPUT]Found.[/OUTPUT]` },
  ];
  const { run, git, terminal } = openSeeds({ ".enki/workflows/look.md": LOOK_AND_LIST }, acts, {
    program: "claude",
    fixture: "headless.mjs",
    env: { ANTHROPIC_API_KEY: KEY },
  });
  const it = await run("--workflow", "look");
  expect({ code: it.code, err: it.err }).toEqual({ code: 0, err: "" });
  const cwd = join(terminal.root, "own");
  expect(readdirSync(join(cwd, ".enki", "runs", it.id)).toSorted()).toEqual(["list-1.md", "look-1.md"]);
  expect(git("status", "--porcelain")).toBe("");
  const logs = await terminal.call(["logs", "look"], { cwd });
  expect(logs).toMatchObject({ code: 0, err: "" });
  expect(logs.out).toContain(`# work/${it.id}-look/1\n\nClaude Code (headless)\n`);
  expect(logs.out).toContain("I look.\n\n**`mcp__enki__enki_status`**\n");
  expect(logs.out).toContain("Found with [redacted].");
  expect(logs.out).not.toContain(KEY);
  const named = await terminal.call(["logs", `${it.id}-list`, "--attempt", "1"], { cwd });
  expect(named.out).toContain(`# work/${it.id}-list/1\n`);
  expect((await terminal.call(["logs", "other"], { cwd })).code).not.toBe(0);
});
