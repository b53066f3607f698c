import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeRepository, openTerminal } from "./stage.ts";

const FIXTURE = new URL("../fixtures/headless.mjs", import.meta.url);

test("a used-up quota makes enki run wait: it says until when, and Ctrl+C keeps the work", async () => {
  const terminal = openTerminal();
  const cwd = join(terminal.root, "own");
  makeRepository(cwd, { "limit.txt": "1\n" });
  const agent = join(terminal.root, "claude", "index.mjs");
  mkdirSync(join(terminal.root, "claude"));
  copyFileSync(FIXTURE, agent);
  const act = JSON.stringify({ act: "fail", value: "You've hit your usage limit. Try again in 2 hours." });
  const command = [process.execPath, agent, act].map((word) => `"${word.replaceAll(/["\\]/g, "\\$&")}"`).join(" ");
  const env = { ANTHROPIC_API_KEY: "the-key-of-the-model-0123456789" };
  const running = terminal.start(["run", "--yes", "--agent", command, "--verify", "true", "raise the limit"], { cwd, env });
  const [, until = ""] = await running.prints(
    /Waits for the quota of its model until (\S+ \S+) UTC, then continues by itself\. With another key: Ctrl\+C, then enki run --resume\n/,
  );
  const wait = Date.parse(`${until.replace(" ", "T")}Z`) - (performance.timeOrigin + performance.now());
  expect(wait).toBeGreaterThan(115 * 60_000);
  expect(wait).toBeLessThan(122 * 60_000);
  running.signal("SIGINT");
  const { code, out } = await running.ended;
  expect(code).toBe(130);
  expect(out).toContain("To continue: enki run --resume");
  // The resumed run tries again at once, because the person may have another key: here a wrong one.
  writeFileSync(agent, readFileSync(FIXTURE, "utf8").replace("result: value", 'result: "API Error: 401 authentication_failed"'));
  const again = await terminal.call(["run", "--resume"], { cwd, env });
  expect(again).toMatchObject({ code: 1, out: expect.stringContaining("Claude Code could not authenticate") as string });
  expect(terminal.processes()).toEqual([]);
});
