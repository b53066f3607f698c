import { readdirSync, readFileSync } from "node:fs";
import { parse as parseYaml } from "yaml";
import { describe, expect, test } from "vitest";
import { readOptionsAndWords } from "../src/cli/command-options.ts";
import { readAgentScript } from "../src/cli/scripted-agent/agent-script.ts";
import { SUBCOMMANDS } from "../src/cli/subcommands.ts";
import { readConfig } from "../src/core/config/read-config.ts";
import { splitCommandLine } from "../src/core/domain/agent-command.ts";
import { readWorkflow } from "../src/core/workflow/read-workflow.ts";

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

const listFiles = (folder: string, end: string): string[] =>
  readdirSync(new URL(`../${folder}`, import.meta.url), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(end))
    .map((file) => `${folder}/${file}`)
    .toSorted();

type Block = { readonly document: string; readonly fence: string; readonly text: string };
const blocks = ["README.md", "AGENTS.md", "CONTRIBUTING.md", "SECURITY.md", ...listFiles("docs", ".md")].flatMap((document): Block[] =>
  [...read(document).matchAll(/^```(\w*)\n([^]*?)^```$/gm)].map(([, fence = "", text = ""]) => ({ document, fence, text })),
);
const inFence = (fence: string): readonly (readonly [string, string])[] =>
  blocks.filter((each) => each.fence === fence).map(({ document, text }) => [document, text]);

test("each block of the documents is of a kind that a test validates", () => {
  expect([...new Set(blocks.map(({ fence }) => fence))].toSorted()).toEqual(["", "markdown", "mermaid", "sh", "toml", "yaml"]);
});

const isRehearsal = (text: string): boolean => text.includes("[[scene]]");

/** Reads a configuration, role or rehearsal file by its contents; returns its faults. */
const readTomlFaults = (text: string): readonly unknown[] => {
  if (isRehearsal(text)) {
    const script = readAgentScript("rehearsal.toml", text);
    return script.ok ? [] : [script.refusal];
  }
  const path = text.includes("system_prompt") ? ".enki/roles/example.toml" : ".enki/enki.toml";
  return readConfig([{ path, text }]).faults;
};

test.each(inFence("toml"))("%s: a file in TOML is valid", (_document, text) => {
  expect(readTomlFaults(text)).toEqual([]);
  const broken = isRehearsal(text) ? text.replace("[[scene]]", "[[scenes]]") : `unknown_key = 1\n${text}`;
  expect(readTomlFaults(broken)).not.toEqual([]);
});

test.each(inFence("yaml"))("%s: a file in YAML is a workflow of Actions, or the front matter of a workflow", (_document, text) => {
  const file = parseYaml(text) as { jobs?: Record<string, { "runs-on": string; steps: readonly object[] }>; permissions?: unknown };
  if (file.jobs === undefined) {
    const body = "## planner\n\nPlan.\n\n## worker\n\n{{ .Item }}\n";
    const workflow = readWorkflow({
      name: "w",
      path: "w.md",
      text: `---\n${text}---\n\n${body}`,
      roles: [],
      models: null,
      workflows: null,
    });
    expect(workflow).toMatchObject({ ok: true });
    return;
  }
  const { inputs } = parseYaml(read("action.yml")) as { inputs: Record<string, unknown> };
  expect(file.permissions).toEqual({});
  for (const job of Object.values(file.jobs))
    for (const step of job.steps as readonly { uses?: string; with?: Record<string, string> }[])
      if (step.uses?.startsWith("enki-bot/enki@") === true)
        expect(Object.keys(step.with ?? {}).filter((name) => !(name in inputs))).toEqual([]);
});

/** Foreign programs in the documents; no test here runs their lines. */
const OTHER_PROGRAMS: ReadonlySet<string> = new Set(["gh", "npm", "npx", "git", "ssh-keygen"]);

type ShellLine = { readonly program: string; readonly args: readonly string[] };

const readShellLine = (line: string): ShellLine => {
  const command = line.replace(/\s+#.*$/, "").replace(/ < [\w.-]+$/, "");
  const [program = "", ...args] = splitCommandLine(command.replace(/^(?:[A-Z_]+=(?:\$\([^)]*\)|\S+) )+/, ""));
  return { program, args };
};

/** Fails if a call of Enki has an unknown subcommand, an unknown option or too many words. */
const checkCall = async (args: readonly string[]): Promise<void> => {
  const [name = "", ...rest] = args;
  if (name === "--version") return;
  const subcommand = SUBCOMMANDS.get(name);
  if (subcommand === undefined) throw new Error(`there is no subcommand ${name}`);
  const { options } = await subcommand.load();
  const { words } = readOptionsAndWords(rest, options, subcommand.takes === "" ? 0 : Infinity);
  const required = /^["<]/.test(subcommand.takes) && !/--(?:resume|help)/.test(rest.join(" "));
  if (required && words.length === 0) throw new Error(`enki ${name} takes ${subcommand.takes}`);
};

const lines = inFence("sh").flatMap(([document, text]) =>
  text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => [document, line] as const),
);

describe("shell blocks", () => {
  test.each(lines)("%s: `%s` calls what exists", async (_document, line) => {
    const { program, args } = readShellLine(line);
    if (program === "enki") await checkCall(args);
    else expect(OTHER_PROGRAMS).toContain(program);
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    if (program === "npm" && args[0] === "run") expect(Object.keys(scripts)).toContain(args[1]);
  });

  test.each(["enki demmo", "enki demo --onse", "enki run", "enki demo extra"])("`%s` would be found", async (line) => {
    await expect(checkCall(readShellLine(line).args)).rejects.toThrow(Error);
  });
});

test("docs/troubleshooting.md names only codes that the code has, and no code twice", () => {
  const page = read("docs/troubleshooting.md");
  const sources = listFiles("src", ".ts").map(read).join("\n");
  const codes = [...page.matchAll(/^- ((?:`[a-z-]+`(?:, )?)+): /gm)].flatMap(([, list = ""]) =>
    [...list.matchAll(/`([a-z-]+)`/g)].map(([, code = ""]) => code),
  );
  expect(codes.length).toBeGreaterThan(30);
  expect(codes.filter((code) => !sources.includes(`"${code}"`))).toEqual([]);
  expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([]);
});
