import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { after } from "../support/after.ts";
import { makeRepository, openTerminal, type Started, type Terminal } from "./stage.ts";

const FIXTURE = new URL("../fixtures/headless.mjs", import.meta.url);
const FLOW = "---\ndescription: Writes.\nroles:\n  write: {}\n---\n\n## write\n\nWrite half.txt.\n";
const ACTS = [{ act: "write", value: "half.txt" }, { act: "hang" }];
const LOOK_MS = 20;

/** Returns the logs of the machine's jobs. */
const readLogs = (temporary: string): string =>
  readdirSync(temporary)
    .filter((name) => name.startsWith("enki-run-") && existsSync(join(temporary, name, "jobs", "logs")))
    .map((name) => join(temporary, name, "jobs", "logs"))
    .flatMap((logs) => readdirSync(logs, { recursive: true, encoding: "utf8" }).map((name) => join(logs, name)))
    .filter((path) => path.endsWith(".log"))
    .map((path) => readFileSync(path, "utf8"))
    .join("\n");

/** Starts a run whose agent writes a file and then hangs. */
const startHanging = async (terminal: Terminal, start: (...call: Parameters<Terminal["start"]>) => Started) => {
  const cwd = join(terminal.root, "own");
  const git = makeRepository(cwd, { "limit.txt": "1\n", ".enki/workflows/flow.md": FLOW });
  const agent = join(terminal.root, "claude", "index.mjs");
  mkdirSync(join(terminal.root, "claude"));
  copyFileSync(FIXTURE, agent);
  const words = [process.execPath, agent, ...ACTS.map((act) => JSON.stringify(act))];
  const command = words.map((word) => `"${word.replaceAll(/["\\]/g, "\\$&")}"`).join(" ");
  const over = { cwd, env: { ANTHROPIC_API_KEY: "the-key-of-the-model-0123456789" } };
  const running = start(["run", "--yes", "--agent", command, "--verify", "true", "--workflow", "flow"], over);
  await running.prints(/write: running/);
  const untilLogged = async (text: string): Promise<void> => {
    while (!readLogs(join(terminal.root, "tmp")).includes(text)) await new Promise<void>((resolve) => void after(LOOK_MS, resolve));
  };
  await untilLogged("* Write half.txt");
  return {
    over,
    running,
    untilLogged,
    /** Replaces the agent by one that writes nothing itself. */
    replaceAgent: (): void =>
      writeFileSync(
        agent,
        readFileSync(FIXTURE, "utf8").replace('act === "write"', "false").replace('act === "hang"', "!process.env.ANTHROPIC_API_KEY"),
      ),
    /** Reads the file from the branch in a run's output. */
    readWritten: (out: string): string => git("show", `${/^ {2}git merge (enki\/[0-9a-f]{6})$/m.exec(out)?.[1] ?? ""}:half.txt`),
  };
};

test("Ctrl+C keeps what an agent has written, and --resume gives it to the next attempt without counting a fault", async () => {
  const terminal = openTerminal();
  const { over, running, replaceAgent, readWritten } = await startHanging(terminal, terminal.start);
  running.signal("SIGINT");
  expect(await running.ended).toMatchObject({ code: 130, out: expect.stringContaining("To continue: enki run --resume") as string });
  expect(terminal.processes()).toEqual([]);
  expect((await terminal.call(["status"], over)).out).toMatch(/^[0-9a-f]{6} {2}interrupted, 0 of 1 step done, /);
  expect((await terminal.call(["explain"], over)).out).toMatch(
    /is running: enki run was interrupted, so nothing runs now\. \(interrupted\)\n {2}write is running: enki run was interrupted, [^]*\n {2}To continue: enki run --resume [0-9a-f]{6}\n$/,
  );
  expect((await terminal.call(["explain", "write"], over)).out).not.toContain("Its run will be stopped");
  expect((await terminal.call(["retry", "write"], over)).err).toMatch(
    /so GitHub does not know it; to continue: enki run --resume [0-9a-f]{6}\n$/,
  );
  replaceAgent();
  const { code, out } = await terminal.call(["run", "--resume"], over);
  expect({ code, out: code === 0 ? "" : out }).toEqual({ code: 0, out: "" });
  expect(out).not.toContain("failed");
  expect(out).toContain("write: running, attempt 2");
  expect((await terminal.call(["report"], over)).out).toContain("- `write`, attempt 2: the attempt was interrupted\n");
  expect(readWritten(out)).toBe("written");
  expect(terminal.processes()).toEqual([]);
});

test("a step that a person pauses keeps what its agent wrote, and the attempt after the pause continues with it", async () => {
  const terminal = openTerminal();
  const { over, running, untilLogged, replaceAgent, readWritten } = await startHanging(terminal, terminal.serve);
  expect(await terminal.call(["pause", "write"], over)).toMatchObject({ code: 0 });
  await untilLogged("delivered");
  replaceAgent();
  expect(await terminal.call(["resume", "write"], over)).toMatchObject({ code: 0 });
  const { code, out } = await running.ended;
  expect({ code, out: code === 0 ? "" : out }).toEqual({ code: 0, out: "" });
  expect(out).toMatch(/write: paused[^]*write: running, attempt 2/);
  expect(readWritten(out)).toBe("written");
});
