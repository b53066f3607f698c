import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { makeRepository, openTerminal } from "./stage.ts";

const FIXTURE = new URL("../fixtures/headless.mjs", import.meta.url);
const KEY = "the-key-of-the-model-0123456789";

/** Sets up a person whose agent has Claude Code's name and plays these acts. */
const open = (acts: readonly object[], env: Readonly<Record<string, string>> = { ANTHROPIC_API_KEY: KEY }) => {
  const terminal = openTerminal();
  const agent = join(terminal.root, "claude", "index.mjs");
  mkdirSync(join(terminal.root, "claude"));
  copyFileSync(FIXTURE, agent);
  const cwd = join(terminal.root, "own");
  const args = JSON.stringify([agent, ...acts.map((act) => JSON.stringify(act))]);
  makeRepository(cwd, { ".enki/enki.toml": `[agent]\npreset = "claude"\ncommand = ${JSON.stringify(process.execPath)}\nargs = ${args}\n` });
  return { terminal, doctor: (...more: string[]) => terminal.call(["doctor", "--agent", ...more], { cwd, env }) };
};

describe("enki doctor --agent", () => {
  test("plays one turn with one tool call, and says what it took", async () => {
    const { doctor, terminal } = open([
      { act: "tool", value: "enki_status", input: {} },
      { act: "say", value: "tasks: 0" },
    ]);
    const { out } = await doctor();
    expect(out).toMatch(/^Claude Code answers and uses Enki's tools: \d+\.\d s, 11 tokens in, 5 cached, 7 out, \$0\.25\.\n/);
    expect(out).not.toMatch(/agent-/);
    expect(terminal.processes()).toEqual([]);
    expect(terminal.leftBehind()).toEqual([]);
  });

  test.each<[what: string, acts: object[], finding: RegExp]>([
    [
      "a wrong key",
      [{ act: "retry", value: 401 }, { act: "retry", value: 401 }, { act: "hang" }],
      /^✗ agent-auth: Claude Code could not authenticate \(API Error: 401 unknown\)\.\n {4}export ANTHROPIC_API_KEY=…\n/m,
    ],
    [
      "a crash",
      [{ act: "exit", value: 3 }],
      /^✗ agent-crashed: The agent exited with 3\.\n {4}npm install -g @anthropic-ai\/claude-code@/m,
    ],
    [
      "a model that calls no tool",
      [{ act: "say", value: "I would rather talk." }],
      /^✗ agent-tools: Claude Code answered, but its model did not call Enki's tool enki_status\.\n {4}set a \[tiers\.standard\] model that/m,
    ],
  ])("names %s in one sentence, with the line that repairs it", async (_, acts, finding) => {
    const { doctor, terminal } = open(acts);
    const { code, out } = await doctor();
    expect(code).toBe(1);
    expect(out).toMatch(finding);
    expect(out).not.toContain(KEY);
    expect(terminal.processes()).toEqual([]);
  });

  test("starts no agent without a key", async () => {
    const { out, code } = await open([{ act: "exit", value: 3 }], {}).doctor();
    expect(code).toBe(1);
    expect(out).toMatch(
      /^✗ agent-key: Claude Code has no key in this shell and no login on this machine; .+\.\n {4}export ANTHROPIC_API_KEY=…$/m,
    );
  });

  test("is one of the findings in JSON", async () => {
    const { out } = await open([{ act: "fail", value: "Invalid API key" }]).doctor("--json");
    const { findings } = JSON.parse(out) as { findings: { code: string; command: string }[] };
    expect(findings).toContainEqual(expect.objectContaining({ code: "agent-auth", command: "export ANTHROPIC_API_KEY=…" }));
  });
});
