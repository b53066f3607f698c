import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { CLI } from "../support/cli.ts";
import { makeRepository, openTerminal } from "./stage.ts";

export type StepPlay = { readonly id: string; readonly run: string; readonly more?: string };

/** Returns the script of a planner with these steps, each with a command of its own. */
export const playOf = (steps: readonly StepPlay[]): string => `
title = "steps that are commands"
[[scene]]
role = "plan"
[[scene.act]]
tool = "enki_execution_create"
must = true
[scene.act.arguments]
steps = [
${steps.map(({ id, run, more = "" }) => `  { id = "${id}", title = "Do ${id}", description = "Told to ${id}.", run = ${JSON.stringify(run)}${more} },`).join("\n")}
]
`;

export const SORT: StepPlay = { id: "sort", run: "sort -o list.txt list.txt" };

/** Sets up a person in a repository with an uncommitted change, and an agent that plays. */
export const open = (play: string = playOf([SORT]), files: Readonly<Record<string, string>> = {}) => {
  const terminal = openTerminal();
  const cwd = join(terminal.root, "own");
  const git = makeRepository(cwd, { "list.txt": "b\na\n", "notes.txt": "old\n", ...files });
  writeFileSync(join(cwd, "notes.txt"), "mine\n");
  const file = join(terminal.root, "play.toml");
  writeFileSync(file, play);
  const agent = ["--agent", `'${process.execPath}' '${CLI}' rehearse '${file}'`];
  const verify = ["--verify", 'test "$(head -n 1 list.txt)" = a'];
  const run = (...args: string[]) => terminal.run(["run", ...agent, ...verify, ...args], { cwd });
  const call = (...args: string[]) => terminal.call(["run", ...agent, ...verify, ...args], { cwd });
  const ownFolder = join(cwd, ".enki");
  /** Reads the person's files, which may not change. The transcripts in `.enki/runs` belong to Enki, and git ignores them. */
  const own = (): unknown => [
    readdirSync(cwd)
      .filter((name) => name !== ".enki")
      .toSorted(),
    existsSync(ownFolder) ? readdirSync(ownFolder).filter((name) => name !== "runs") : [],
    readFileSync(join(cwd, "list.txt"), "utf8"),
    readFileSync(join(cwd, "notes.txt"), "utf8"),
    git("status", "--porcelain"),
    git("rev-parse", "HEAD", "main"),
    git("symbolic-ref", "HEAD"),
    git("config", "--list", "--local"),
  ];
  return { terminal, cwd, git, agent, verify, run, call, own, branches: () => git("branch", "--format=%(refname:short)").split("\n") };
};

export const ESCAPE = "\u001b";

export const hasScript = spawnSync("script", ["-qec", "true", "/dev/null"]).status === 0;

/** Runs the command in a terminal of its own, with each answer typed after its question. */
export const inTerminal = async (
  of: ReturnType<typeof open>,
  args: readonly string[],
  answers: readonly (readonly [question: string, answer: string])[],
): Promise<{ code: number | null; out: string }> => {
  const words = [process.execPath, CLI, "run", ...of.agent, ...of.verify, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  const { root } = of.terminal;
  mkdirSync(join(root, "tmp"), { recursive: true });
  const child = spawn("script", ["-qec", words.join(" "), "/dev/null"], {
    cwd: of.cwd,
    env: { PATH: process.env["PATH"] ?? "", HOME: join(root, "home"), TMPDIR: join(root, "tmp"), SHELL: "/bin/sh", TERM: "xterm" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let out = "";
  const open = [...answers];
  let read = 0;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
    const [question, answer] = open[0] ?? [];
    if (question === undefined || !out.slice(read).includes(question)) return;
    read = out.length;
    open.shift();
    child.stdin.write(`${answer ?? ""}\n`);
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, out };
};

/** Returns the lines that a terminal shows after this output. The output uses only two sequences: cursor up, and clear to the end. */
export const screen = (out: string): string[] => {
  const lines: string[] = [""];
  // oxlint-disable-next-line no-control-regex -- the pattern looks for the escape character
  for (const part of out.replaceAll("\r", "").split(/(\u001b\[\d+A\u001b\[J|\n)/)) {
    // oxlint-disable-next-line no-control-regex -- as above
    const up = /^\u001b\[(\d+)A/.exec(part)?.[1];
    if (up !== undefined) lines.splice(lines.length - 1 - Number(up), lines.length, "");
    else if (part === "\n") lines.push("");
    else lines.push(`${lines.pop() ?? ""}${part}`);
  }
  return lines;
};
