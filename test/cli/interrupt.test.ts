import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { after } from "../support/after.ts";
import { makeRepository, openTerminal } from "./stage.ts";

const FIXTURE = new URL("../fixtures/headless.mjs", import.meta.url);
const FLOW = "---\ndescription: Writes.\nroles:\n  write: {}\n---\n\n## write\n\nWrite half.txt.\n";
const ACTS = [{ act: "write", value: "half.txt" }, { act: "hang" }];
const LOOK_MS = 20;

/** The logs of all jobs, as the machine keeps them. */
const readLogs = (directory: string): string =>
  readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".log"))
    .map((name) => readFileSync(join(directory, name), "utf8"))
    .join("\n");

test("Ctrl+C keeps what an agent has written, and --resume gives it to the next attempt without counting a fault", async () => {
  const terminal = openTerminal();
  const cwd = join(terminal.root, "own");
  const git = makeRepository(cwd, { "limit.txt": "1\n", ".enki/workflows/flow.md": FLOW });
  const agent = join(terminal.root, "claude", "index.mjs");
  mkdirSync(join(terminal.root, "claude"));
  copyFileSync(FIXTURE, agent);
  const words = [process.execPath, agent, ...ACTS.map((act) => JSON.stringify(act))];
  const command = words.map((word) => `"${word.replaceAll(/["\\]/g, "\\$&")}"`).join(" ");
  const env = { ANTHROPIC_API_KEY: "the-key-of-the-model-0123456789" };
  const running = terminal.start(["run", "--yes", "--agent", command, "--verify", "true", "--workflow", "flow"], { cwd, env });
  await running.prints(/write: running/);
  while (!readLogs(join(terminal.root, "tmp")).includes("* Write half.txt"))
    await new Promise<void>((resolve) => void after(LOOK_MS, resolve));
  running.signal("SIGINT");
  expect(await running.ended).toMatchObject({ code: 130, out: expect.stringContaining("To continue: enki run --resume") as string });
  expect(terminal.processes()).toEqual([]);
  // The next attempt writes nothing itself.
  writeFileSync(
    agent,
    readFileSync(FIXTURE, "utf8").replace('act === "write"', "false").replace('act === "hang"', "!process.env.ANTHROPIC_API_KEY"),
  );
  const { code, out } = await terminal.run(["run", "--resume"], { cwd, env });
  expect({ code, out: code === 0 ? "" : out }).toEqual({ code: 0, out: "" });
  expect(out).not.toContain("failed");
  expect(out).toContain("write: running, attempt 2");
  expect(git("show", `${/^ {2}git merge (enki\/[0-9a-f]{6})$/m.exec(out)?.[1] ?? ""}:half.txt`)).toBe("written");
  expect(terminal.processes()).toEqual([]);
});
