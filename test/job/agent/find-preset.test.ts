import { describe, expect, test } from "vitest";
import { AGENT_PRESETS, findPreset, translateToolNames } from "../../../src/job/agent/find-preset.ts";
import { type AgentRights, isKindAllowed } from "../../../src/job/agent/answer-permission.ts";
import { TOOL_NAMES } from "../../../src/core/workflow/workflow.ts";
import { openSeeds } from "../../conformance/seed-stage.ts";

test.each<[string, string[], string | null]>([
  ["claude", [], "claude headless"],
  ["claude-agent-acp", [], "claude acp"],
  ["/usr/local/bin/claude-code-acp", [], "claude acp"],
  ["node", ["/x/node_modules/@agentclientprotocol/claude-agent-acp/dist/index.js"], "claude acp"],
  ["npx", ["-y", "@zed-industries/claude-code-acp@0.16.2"], "claude acp"],
  ["gemini", ["--acp"], "gemini acp"],
  ["npx", ["--yes", "@google/gemini-cli@0.61.0", "--acp"], "gemini acp"],
  ["node", ["/x/bundle/gemini.js", "--acp"], "gemini acp"],
  ["opencode", ["acp"], "opencode acp"],
  ["/x/opencode-ai/bin/opencode.exe", ["acp"], "opencode acp"],
  ["codex", [], "codex headless"],
  ["codex-acp", [], "codex acp"],
  ["my-agent", ["--like", "gemini"], null],
  ["/home/gemini-fan/agent", [], null],
])("recognises %s %j as %s", (command, args, expected) => {
  const found = findPreset({ preset: null, command, args, protocol: null });
  expect(found && `${found.preset.name} ${found.protocol}`).toBe(expected);
});

test("a named preset and protocol win over the command", () => {
  const find = (over: Partial<Parameters<typeof findPreset>[0]>) =>
    findPreset({ preset: null, command: null, args: [], protocol: null, ...over });
  expect(find({ preset: "codex" })).toMatchObject({ protocol: "headless", program: { programs: ["codex"] } });
  expect(find({ preset: "codex", protocol: "acp" })?.program.programs).toEqual(["codex-acp"]);
  expect(find({ preset: "claude", command: "/x/claude-agent-acp" })?.protocol).toBe("acp");
  expect(find({ preset: "claude", command: "my-wrapper" })?.protocol).toBe("headless");
  expect(find({ command: "my-wrapper", protocol: "headless" })).toBeNull();
});

test("a program that speaks one protocol is not started with the other one", () => {
  const find = (command: string, protocol: "acp" | "headless") => findPreset({ preset: "claude", command, args: [], protocol })?.protocol;
  // `enki run --agent claude` makes this call in a repository with `protocol = "acp"`.
  expect([find("/x/claude", "acp"), find("/x/claude", "headless")]).toEqual(["headless", "headless"]);
  expect([find("claude-agent-acp", "acp"), find("claude-agent-acp", "headless")]).toEqual(["acp", "acp"]);
  const gemini = { preset: null, command: "gemini", args: [] };
  expect([findPreset({ ...gemini, protocol: "acp" })?.protocol, findPreset({ ...gemini, protocol: "headless" })?.protocol]).toEqual([
    "acp",
    "headless",
  ]);
});

const of = (command: string) => findPreset({ preset: null, command, args: [], protocol: null });

describe("a workflow's tools", () => {
  test("have distinct names in each agent but Codex, which reads by its shell", () => {
    for (const { name, names } of Object.values(AGENT_PRESETS)) {
      const all = TOOL_NAMES.flatMap((tool) => names[tool]);
      if (name !== "codex") expect(new Set(all).size).toBe(all.length);
      expect(TOOL_NAMES.every((tool) => names[tool].length > 0)).toBe(true);
    }
  });

  test("have the agent's names, or the workflow's for an unknown agent", () => {
    expect(translateToolNames(of("claude-agent-acp"), TOOL_NAMES)).toEqual(["Read", "Grep", "Glob", "Write", "Edit", "Bash"]);
    expect(translateToolNames(of("gemini"), TOOL_NAMES)).toEqual([
      "read_file",
      "search_file_content",
      "glob",
      "write_file",
      "replace",
      "run_shell_command",
    ]);
    expect(translateToolNames(of("codex-acp"), ["read", "grep", "edit"])).toEqual(["exec_command", "apply_patch"]);
    expect(translateToolNames(of("my-agent"), ["read", "bash"])).toEqual(["read", "bash"]);
  });

  test("are refused to any agent whose role lacks them", () => {
    const may = (tools: AgentRights["tools"], canEdit = true) =>
      (["read", "search", "edit", "delete", "move", "execute", "fetch", "switch_mode", "think", "other"] as const).filter((kind) =>
        isKindAllowed(kind, { canEdit, tools }),
      );
    const free = ["think", "other"];
    expect(may(["read"])).toEqual(["read", ...free]);
    expect(may(["glob"])).toEqual(["search", ...free]);
    expect(may(["write"])).toEqual(["edit", "delete", "move", ...free]);
    expect(may(["bash"])).toEqual(["delete", "move", "execute", ...free]);
    expect(may(["bash"], false)).toEqual(["execute", ...free]);
    expect(may([])).toEqual(free);
    expect(may(null)).toEqual(["read", "search", "edit", "delete", "move", "execute", "fetch", "switch_mode", ...free]);
    expect(may(null, false)).toEqual(["read", "search", "execute", "fetch", ...free]);
  });
});

const LOOK =
  "---\nroles:\n  look: { tools: [read, grep], model: deep }\n  free: { output: artifact }\nedges: [look -> free]\n---\n\n## look\n\nLook.\n\n## free\n\nLook.\n";
const ECHO = [
  { echoMeta: true },
  {
    run: 'echo " $ANTHROPIC_MODEL $GEMINI_MODEL"; node -p "JSON.stringify(JSON.parse(fs.readFileSync(process.env.GEMINI_CLI_SYSTEM_SETTINGS_PATH)).tools.core ?? null)" 2> /dev/null || true',
  },
];

describe("starting an agent", () => {
  const play = async (program: string) => {
    const it = await openSeeds({ ".enki/workflows/w.md": LOOK, ".enki/enki.toml": '[agent]\nprotocol = "acp"\n' }, ECHO, {
      program,
      env: { ANTHROPIC_API_KEY: "the-key-of-a-test", GEMINI_API_KEY: "the-key-of-a-test" },
    }).run("--workflow", "w");
    expect({ code: it.code, out: it.code === 0 ? "" : it.out.slice(-1500) }).toMatchObject({ code: 0, out: "" });
    return {
      look: it.artifact("look").split("\n"),
      free: it.artifact("free").trim(),
      prompt: it.prompt("look"),
      all: it.prompt("free"),
    };
  };

  test("Claude Code gets the role's tools and model at the session's start", async () => {
    const { look, free, prompt, all } = await play("claude-agent-acp");
    expect(look).toHaveLength(1);
    expect(look[0]).toMatch(/^\{"claudeCode":\{"options":\{"disallowedTools":\["Agent",.*\],"tools":\["Read","Grep"\]\}\}\} deep$/);
    expect(free).toMatch(/^\{"claudeCode":\{"options":\{"disallowedTools":\[[^\]]*\]\}\}\}$/);
    expect(prompt).toContain("only these of your own tools: `Read`, `Grep`. Enki");
    expect(prompt).toContain("Your whole last message is your answer.");
    expect(all).not.toContain("no others");
  });

  test("Gemini CLI gets the role's tools and model in overriding settings", async () => {
    const { look, free, prompt } = await play("gemini-cli");
    expect(look).toEqual(["null  deep", '["read_file","read_many_files","search_file_content","grep_search"]']);
    expect(free.split("\n").at(-1)).toBe("null");
    expect(prompt).toContain("only these of your own tools: `read_file`, `search_file_content`.");
  });
});
