import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeRepository, openTerminal } from "./stage.ts";

const FIXTURE = new URL("../fixtures/headless.mjs", import.meta.url);
const AGENT = "claude/index.mjs";
const STEPS = [{ id: "fix", title: "Raise the limit", description: "Set the limit to 10." }];

type Act = { readonly act: string; readonly value?: string; readonly input?: object };

test("a budget that runs out pauses enki run: it names the command, which continues from another terminal", async () => {
  const terminal = openTerminal();
  const cwd = join(terminal.root, "own");
  const toAgent = (table: string, ...acts: readonly Act[]): string[] => {
    const args = [AGENT, ...acts.map((act) => JSON.stringify(act))];
    return [`[${table}]`, `command = ${JSON.stringify(process.execPath)}`, `args = ${JSON.stringify(args)}`];
  };
  // Each attempt reports 0.25 dollars.
  const config = [
    ...toAgent("agent", { act: "write", value: "half.txt" }),
    ...toAgent("agent.planner", { act: "tool", value: "enki_execution_create", input: { steps: STEPS } }),
    "[budget]",
    "execution = 1.2",
    "attempt = 1",
  ];
  const git = makeRepository(cwd, { [AGENT]: readFileSync(FIXTURE, "utf8"), ".enki/enki.toml": config.join("\n") });
  const env = { ANTHROPIC_API_KEY: "the-key-of-the-model-0123456789" };
  const running = terminal.serve(["run", "--yes", "--verify", "true", "raise the limit"], { cwd, env });
  const [, command = ""] = await running.prints(
    /Paused by its budget: \$0\.25 of \$1\.20 is spent or reserved, and the next attempt reserves \$1\.00; finished work still lands\. To continue: enki (budget [0-9a-f]{6} \+5)\n/,
  );
  expect((await terminal.call(["status"], { cwd, env })).out).toContain("Paused by its budget: $0.25 of $1.20 is spent");
  expect(await terminal.call(command.split(" "), { cwd, env })).toMatchObject({ code: 0 });
  const { code, out } = await running.ended;
  expect({ code, out: code === 0 ? "" : out }).toEqual({ code: 0, out: "" });
  expect(git("show", `${/^ {2}git merge (enki\/[0-9a-f]{6})$/m.exec(out)?.[1] ?? ""}:half.txt`)).toBe("written");
  expect(out).toContain("14 out, $0.50.\n");
  expect(terminal.processes()).toEqual([]);
});
