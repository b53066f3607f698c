import { describe, expect, test } from "vitest";
import { hasScript, inTerminal, open, playOf, screen } from "./run-stage.ts";
import { makeRepository, openTerminal } from "./stage.ts";
import { join } from "node:path";

const GATED = `---
description: Sorts, looks, and goes on as the look says.
roles:
  sort:
    run: sort -o list.txt list.txt
  look:
    tools: [read]
    output: artifact
    fields: [verdict]
  praise:
    run: echo good > praise.txt
  blame:
    run: echo bad > blame.txt
edges:
  - sort -> look
  - look -> praise if '{{ eq .look.verdict "good" }}'
  - look -> blame else
---

## look

Is {{ .Args }} in order?
`;

const LOOK = `
title = "one that looks"
[[scene]]
step = "look"
[[scene.act]]
read = "list.txt"
[[scene.act]]
say = "It is in order.\\nverdict: good"
`;

const files = { ".enki/workflows/gated.md": GATED };

describe.concurrent("enki run --workflow", () => {
  test("runs a workflow role by role, returns its result as a branch, and names skipped roles", async () => {
    const { terminal, git, run, own, branches } = open(LOOK, files);
    const before = own();
    const told = await run("--workflow", "gated", "the", "list");
    expect({ code: told.code, err: told.err }).toEqual({ code: 0, err: "" });
    expect(told.out).toMatch(/^ +[\d.]+ s {2}sort: running$/m);
    expect(told.out).toMatch(/^ +[\d.]+ s {2}praise: landed$/m);
    expect(told.out).toMatch(/^look: look\n(?: {4}.*\n)* {4}It is in order\.$/m);
    expect(told.out).toContain('blame is skipped: another condition of "look" holds.\n');
    expect(told.out).not.toMatch(/https?:|#\d|pull request|\/enki |plan/);
    const [, branch = ""] = /^ {2}git merge (enki\/[0-9a-f]{6})$/m.exec(told.out) ?? [];
    expect(branches()).toEqual([branch, "main"]);
    expect(own()).toEqual(before);
    expect(git("show", `${branch}:list.txt`)).toBe("a\nb");
    expect(git("diff", "--name-only", "main", branch).split("\n")).toEqual(["list.txt", "praise.txt"]);
    expect(terminal.leftBehind()).toEqual([]);
    expect(terminal.processes()).toEqual([]);
  });

  test("refuses an unknown model before anything starts, with a suggestion", async () => {
    const flow = GATED.replace("tools: [read]", "tools: [read]\n    model: opsu");
    const { run } = open(LOOK, { ".enki/workflows/gated.md": flow, ".enki/enki.toml": '[agent]\nmodels = ["opus"]\n' });
    const { code, err } = await run("--workflow", "gated", "the", "list");
    expect(code).not.toBe(0);
    expect(err).toMatch(/there is no model "opsu" \(did you mean opus\?\)/);
  });

  test("needs neither request nor agent if all roles are commands, and accepts a workflow of the machine", async () => {
    const terminal = openTerminal();
    const cwd = join(terminal.root, "own");
    makeRepository(cwd, { "list.txt": "b\na\n", ".enki/enki.toml": '[agent]\ncommand = "no-such-agent"\n' });
    makeRepository(join(terminal.root, "home"), {
      ".enki/workflows/tidy.md": "---\nroles:\n  sort:\n    run: sort -o list.txt list.txt\n---\n",
    });
    const told = await terminal.run(["run", "--workflow", "tidy", "--verify", "true"], { cwd });
    expect(told).toMatchObject({ code: 0, err: "" });
    expect(told.out).toMatch(/ sort: landed\n[^]*Done\. Landed work is on the branch enki\//);
  });

  test.each<[string, Record<string, string>, string[], RegExp]>([
    [
      "a workflow that there is not",
      {},
      ["--workflow", "gatet"],
      /^enki run: There is no workflow gatet\. Available workflows: .*, gated-ship, /,
    ],
    [
      "one with mistakes",
      { ".enki/workflows/bad.md": "---\nroles:\n  a: {}\n---\n" },
      ["--workflow", "bad"],
      /^enki run: The workflow has mistakes: bad\.md:3: /,
    ],
    ["an agent that is missing", files, ["--workflow", "gated"], /^enki run: the agent's command no-such-agent was not found/],
  ])("says before it begins: %s", async (_, more, args, why) => {
    const terminal = openTerminal();
    const cwd = join(terminal.root, "own");
    makeRepository(cwd, { "a.txt": "", ".enki/enki.toml": '[refinery]\nverify = ["true"]\n[agent]\ncommand = "no-such-agent"\n', ...more });
    const told = await terminal.run(["run", ...args], { cwd });
    expect(told).toMatchObject({ code: 1, out: "", err: expect.stringMatching(why) as unknown });
  });
});

const SORT = [{ id: "sort", run: "sort -o list.txt list.txt" }];

/** A planner that asks in its first attempt, and plans with the answer. */
const ASKING = `
title = "a planner that asks"
[[scene]]
role = "plan"
attempt = 1
[[scene.act]]
tool = "enki_mail_send"
must = true
arguments = { to = "user", subject = "Which way?", body = "Up or down?", msg_type = "request" }
${playOf(SORT).slice(playOf(SORT).indexOf("[[scene]]"))}`;

describe("an agent's question to a person", () => {
  test("ends the run if no one can answer, and says how to continue", async () => {
    const { terminal, run, own, branches } = open(ASKING);
    const before = own();
    const told = await run("--yes", "sort the list");
    expect({ code: told.code, err: told.err }).toEqual({ code: 3, err: "" });
    expect(told.out).toContain("The planner asks: Which way?\n    Up or down?\n");
    expect(told.out).toMatch(/No one can answer here\. Run it in a terminal, or .*\n {2}enki run "sort the list"\n$/);
    expect(told.out).not.toMatch(/\/enki /);
    expect(own()).toEqual(before);
    expect(branches()).toEqual(["main"]);
    expect(terminal.leftBehind()).toEqual([]);
  });

  test.runIf(hasScript)("is asked in the terminal, and the answer continues the run", async () => {
    const of = open(ASKING);
    const { code, out } = await inTerminal(
      of,
      ["sort the list"],
      [
        ["Your answer: ", "up, please"],
        ["[y/N]", "y"],
      ],
    );
    expect(code).toBe(0);
    expect(screen(out).join("\n")).toMatch(
      /The planner asks: Which way\?\n {4}Up or down\?\nYour answer: [^]*Start this plan\? [^]*Done\./,
    );
    expect(out.match(/Your answer/g)).toHaveLength(1);
    const [id = ""] = of.branches().flatMap((name) => /^enki\/(.*)/.exec(name)?.[1] ?? []);
    const [mail = ""] = of
      .git("ls-tree", "-r", "--name-only", `refs/enki/runs/${id}`, "mail/")
      .split("\n")
      .filter((path) => of.git("show", `refs/enki/runs/${id}:${path}`).includes('"response"'));
    expect(of.git("show", `refs/enki/runs/${id}:${mail}`)).toContain("up, please");
  });

  test.runIf(hasScript)("ends the run if the answer is empty", async () => {
    const { code, out } = await inTerminal(open(ASKING), ["sort the list"], [["Your answer: ", ""]]);
    expect(code).toBe(3);
    expect(out).toContain("No one can answer here.");
  });
});
