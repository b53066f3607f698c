import { describe, expect, test } from "vitest";
import { AGENT_DIALECTS, findDialect, restrictTools, translateToolNames } from "../../../src/job/agent/agent-dialect.ts";
import { isKindAllowed } from "../../../src/job/agent/answer-permission.ts";
import { TOOL_NAMES } from "../../../src/core/workflow/workflow.ts";
import { openSeeds } from "../../conformance/seed-stage.ts";

test.each<[string, string[], string | null]>([
  ["claude-agent-acp", [], "Claude Code"],
  ["/usr/local/bin/claude-code-acp", [], "Claude Code"],
  ["node", ["/x/node_modules/@agentclientprotocol/claude-agent-acp/dist/index.js"], "Claude Code"],
  ["npx", ["-y", "@zed-industries/claude-code-acp@0.16.2"], "Claude Code"],
  ["gemini", ["--acp"], "Gemini CLI"],
  ["npx", ["--yes", "@google/gemini-cli@0.61.0", "--acp"], "Gemini CLI"],
  ["node", ["/x/bundle/gemini.js", "--acp"], "Gemini CLI"],
  ["opencode", ["acp"], "opencode"],
  ["/x/opencode-ai/bin/opencode.exe", ["acp"], "opencode"],
  ["codex-acp", [], null],
  ["my-agent", ["--like", "gemini"], null],
  ["/home/gemini-fan/agent", [], null],
])("recognises %s %j as %s", (command, args, agent) => {
  expect(findDialect({ command, args })?.agent ?? null).toBe(agent);
});

const of = (command: string) => findDialect({ command, args: [] });

describe("a workflow's tools", () => {
  test("have one distinct name in each agent", () => {
    for (const { names } of AGENT_DIALECTS) {
      const all = TOOL_NAMES.flatMap((tool) => names[tool]);
      expect(new Set(all).size).toBe(all.length);
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
    expect(translateToolNames(of("codex-acp"), ["read", "bash"])).toEqual(["read", "bash"]);
  });

  test("deny opencode's shared write permission only if a role has neither write tool", () => {
    const denied = (...tools: Parameters<typeof restrictTools>[1] & string[]): unknown =>
      JSON.parse(restrictTools(of("opencode"), tools)?.env["OPENCODE_PERMISSION"] ?? "null");
    expect(denied("read", "grep", "glob")).toEqual({ edit: "deny", bash: "deny" });
    expect(denied("read", "write")).toEqual({ grep: "deny", glob: "deny", bash: "deny" });
    expect(denied()).toEqual({ read: "deny", grep: "deny", glob: "deny", edit: "deny", bash: "deny" });
  });

  test("are refused to any agent whose role lacks them", () => {
    const may = (tools: Parameters<typeof restrictTools>[1], canEdit = true) =>
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
const ECHO = [{ echoMeta: true }, { run: 'echo " $ANTHROPIC_MODEL $GEMINI_MODEL"; cat "$GEMINI_CLI_SYSTEM_SETTINGS_PATH" || true' }];

describe("starting an agent", () => {
  const play = async (program: string) => {
    const it = await openSeeds({ ".enki/workflows/w.md": LOOK }, ECHO, { program }).run("--workflow", "w");
    expect(it).toMatchObject({ code: 0, err: "" });
    return {
      look: it.artifact("look").split("\n"),
      free: it.artifact("free").trim(),
      prompt: it.prompt("look"),
      all: it.prompt("free"),
    };
  };

  test("Claude Code gets the role's tools and model at the session's start", async () => {
    const { look, free, prompt, all } = await play("claude-agent-acp");
    expect(look).toEqual(['{"claudeCode":{"options":{"tools":["Read","Grep"]}}} deep']);
    expect(free).toBe("null");
    expect(prompt).toContain("only these of your own tools: `Read`, `Grep`. Enki");
    expect(prompt).toContain("Your whole last message is your answer.");
    expect(all).not.toContain("no others");
  });

  test("Gemini CLI gets the role's tools and model in overriding settings", async () => {
    const { look, free, prompt } = await play("gemini-cli");
    expect(look).toEqual(["null  deep", '{"tools":{"core":["read_file","read_many_files","search_file_content","grep_search"]}}']);
    expect(free).toBe("null");
    expect(prompt).toContain("only these of your own tools: `read_file`, `search_file_content`.");
  });
});
