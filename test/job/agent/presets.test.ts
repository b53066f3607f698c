import { describe, expect, test } from "vitest";
import { AGENT_PROTOCOLS, PRESET_NAMES, type PresetName } from "../../../src/core/domain/agent-command.ts";
import { AGENT_PROGRAMS } from "../../../src/core/domain/agent-program.ts";
import { PLAIN_LAUNCH, type AgentLaunch, type AgentSetting, type HeadlessEvent } from "../../../src/job/agent/agent-preset.ts";
import { AGENT_PRESETS } from "../../../src/job/agent/find-preset.ts";

const SERVER = { command: "/node", args: ["/cli.js", "mcp"], env: { ENKI_SOCKET: "/s" } };

const prepare = (name: PresetName, over: Partial<AgentSetting> = {}): AgentLaunch => ({
  ...PLAIN_LAUNCH,
  ...AGENT_PRESETS[name].prepare({ protocol: "headless", model: null, tools: null, canEdit: true, mcpServer: SERVER, env: {}, ...over }),
});

const json = (text: string | undefined): unknown => JSON.parse(text ?? "null");

describe.each(PRESET_NAMES)("the preset %s", (name) => {
  const preset = AGENT_PRESETS[name];

  test("pins its programs, and names its keys", () => {
    expect(preset.name).toBe(name);
    for (const protocol of AGENT_PROTOCOLS) {
      const { version, programs } = AGENT_PROGRAMS[name][protocol];
      expect(version).toMatch(/^\d+\.\d+\.\d+$/);
      expect(programs.length).toBeGreaterThan(0);
    }
    const names = [...preset.keys, ...preset.variables, ...Object.values(preset.clouds).flat()];
    expect(new Set(names).size).toBe(names.length);
    expect(preset.keys).toEqual(expect.arrayContaining(Object.keys(preset.clouds)));
  });

  test("passes Enki's tools on in the headless protocol only", () => {
    const inLaunch = (launch: AgentLaunch): boolean => JSON.stringify(launch).includes("ENKI_SOCKET");
    expect(inLaunch(prepare(name))).toBe(true);
    expect(inLaunch(prepare(name, { mcpServer: null }))).toBe(false);
    expect(inLaunch(prepare(name, { protocol: "acp" }))).toBe(false);
  });

  test("passes the model on", () => {
    for (const protocol of AGENT_PROTOCOLS) expect(JSON.stringify(prepare(name, { protocol, model: "the-model" }))).toContain("the-model");
  });

  test("reads no event from an unknown line", () => {
    for (const line of [{}, { type: "something" }, { type: "result2", message: 3 }, { type: "system", subtype: "init" }])
      expect(preset.readEvent(line)).toEqual([]);
  });
});

describe("what an attempt may cost", () => {
  test("Claude Code gets it over both protocols, and no limit without a budget", () => {
    const { args } = prepare("claude", { maxCostUsd: 1.5 });
    expect(args[args.indexOf("--max-budget-usd") + 1]).toBe("1.5");
    expect(prepare("claude", { protocol: "acp", maxCostUsd: 1.5 }).meta).toMatchObject({ claudeCode: { options: { maxBudgetUsd: 1.5 } } });
    expect(prepare("claude").args).not.toContain("--max-budget-usd");
    expect(JSON.stringify(prepare("claude", { protocol: "acp" }).meta)).not.toContain("maxBudgetUsd");
  });

  test("Claude Code says so when it stops there, and still reports its cost", () => {
    // Output of Claude Code 2.1.332 with --max-budget-usd 0.00001.
    const line = {
      type: "result",
      subtype: "error_max_budget_usd",
      is_error: true,
      errors: ["Reached maximum budget ($0.00001)"],
      total_cost_usd: 0.00014,
      usage: {},
    };
    expect(AGENT_PRESETS.claude.readEvent(line)).toEqual([
      { kind: "usage", usage: { inputTokens: null, outputTokens: null, cachedTokens: null, costUsd: 0.00014 } },
      { kind: "failed", text: "Reached maximum budget ($0.00001)" },
    ]);
  });
});

describe("an agent that may only read", () => {
  test("Claude Code has no tool that writes", () => {
    const { args } = prepare("claude", { canEdit: false, tools: ["read", "grep"] });
    expect(args[args.indexOf("--tools") + 1]).toBe("Read,Grep");
    expect(args[args.indexOf("--disallowedTools") + 1]?.split(",")).toEqual(
      expect.arrayContaining(["Task", "AskUserQuestion", "Write", "Edit"]),
    );
  });

  test("Gemini CLI has no tool that writes, in settings of its own", () => {
    const { homeFiles, homeFileVariable } = prepare("gemini", { canEdit: false, tools: ["read"], env: { GOOGLE_API_KEY: "x" } });
    expect(homeFileVariable).toEqual({ name: "GEMINI_CLI_SYSTEM_SETTINGS_PATH", path: ".gemini/settings.json" });
    expect(json(homeFiles[".gemini/settings.json"])).toMatchObject({
      tools: { core: ["read_file", "read_many_files"], exclude: expect.arrayContaining(["ask_user", "write_file", "replace"]) },
      security: { auth: { selectedType: "vertex-ai" } },
    });
  });

  test("opencode is denied its shared write permission if a role has neither write tool", () => {
    const denied = (over: Partial<AgentSetting>): unknown => json(prepare("opencode", over).env["OPENCODE_PERMISSION"]);
    const always = { task: "deny", question: "deny", external_directory: "allow" };
    expect(denied({ canEdit: false })).toEqual({ edit: "deny", ...always });
    expect(denied({ tools: ["read", "grep", "glob"] })).toEqual({ edit: "deny", bash: "deny", ...always });
    expect(denied({ tools: ["read", "write"] })).toEqual({ grep: "deny", glob: "deny", bash: "deny", ...always });
    expect(denied({ tools: [] })).toEqual({ read: "deny", grep: "deny", glob: "deny", edit: "deny", bash: "deny", ...always });
  });
});

test("opencode keeps the person's configuration beside Enki's", () => {
  const env = { OPENCODE_CONFIG_CONTENT: JSON.stringify({ provider: { own: {} }, mcp: { other: {} } }) };
  expect(json(prepare("opencode", { env }).env["OPENCODE_CONFIG_CONTENT"])).toMatchObject({
    provider: { own: {} },
    mcp: { other: {}, enki: { command: ["/node", "/cli.js", "mcp"] } },
  });
});

test("Codex takes either key and a gateway's address", () => {
  const { args, env } = prepare("codex", { env: { OPENAI_API_KEY: "the-key", OPENAI_BASE_URL: "http://gateway" } });
  expect(env).toMatchObject({ CODEX_API_KEY: "the-key" });
  expect(args.join(" ")).toMatch(/model_provider="gateway".*"base_url" = "http:\/\/gateway".*"supports_websockets" = false.*-$/);
});

test.each([
  ["claude", /--resume 0199a213$/],
  ["codex", /^resume .* 0199a213 -$/],
  ["gemini", /--resume 0199a213$/],
  ["opencode", /--session 0199a213$/],
] as const)("%s continues a session by its id", (name, words) => {
  expect(prepare(name, { resume: "0199a213" }).args.join(" ")).toMatch(words);
  expect(prepare(name).args.join(" ")).not.toMatch(/resume|--session/);
});

test("Codex uses Azure OpenAI with the resource's own key, and not beside a key of OpenAI", () => {
  const azure = { AZURE_OPENAI_API_KEY: "the-key", AZURE_OPENAI_ENDPOINT: "https://mine.openai.azure.com/" };
  const { args } = prepare("codex", { env: azure });
  expect(args.join(" ")).toMatch(
    /model_provider="gateway".*"base_url" = "https:\/\/mine\.openai\.azure\.com\/openai\/v1".*"env_key" = "AZURE_OPENAI_API_KEY"/,
  );
  expect(prepare("codex", { env: { ...azure, OPENAI_API_KEY: "other" } }).args.join(" ")).not.toContain("model_provider");
  expect(prepare("codex", { env: { AZURE_OPENAI_API_KEY: "the-key" } }).args.join(" ")).not.toContain("model_provider");
});

test("Gemini CLI uses a person's login, unless it has a key", () => {
  const toType = (over: Partial<AgentSetting>): unknown => json(prepare("gemini", over).homeFiles[".gemini/settings.json"]);
  expect(toType({ hasLogin: true })).toMatchObject({ security: { auth: { selectedType: "oauth-personal" } } });
  expect(toType({ hasLogin: true, env: { GEMINI_API_KEY: "k" } })).toMatchObject({
    security: { auth: { selectedType: "gemini-api-key" } },
  });
});

describe("the lines that agents print mean", () => {
  const read = (name: PresetName, lines: readonly object[]): HeadlessEvent[] =>
    lines.flatMap((line) => [...AGENT_PRESETS[name].readEvent(line as Readonly<Record<string, unknown>>)]);
  /** Abbreviates an event. */
  const tell = (event: HeadlessEvent): string => {
    if (event.kind === "usage") return `usage ${Object.values(event.usage).join(" ")}`;
    if (event.kind === "retry" || event.kind === "failed") return `${event.kind} ${event.text}`;
    if (event.kind === "finished") return event.kind;
    if (event.kind === "session") return `session ${event.id}`;
    const { update } = event;
    if (update.sessionUpdate === "tool_call") return `call ${update.toolCallId} ${update.title}`;
    if (update.sessionUpdate === "tool_call_update") return `${update.status} ${update.toolCallId}`;
    return update.sessionUpdate === "agent_message_chunk" && update.content.type === "text"
      ? `say ${update.content.text}`
      : update.sessionUpdate;
  };

  test.each<[name: PresetName, lines: object[], told: string[]]>([
    [
      "claude",
      [
        { type: "system", subtype: "init", session_id: "1", tools: ["Bash"] },
        {
          type: "assistant",
          message: {
            id: "m1",
            model: "x",
            content: [
              { type: "thinking", thinking: "hm" },
              { type: "text", text: "I look." },
            ],
          },
        },
        {
          type: "assistant",
          message: { id: "m1", model: "x", content: [{ type: "tool_use", id: "t1", name: "Bash", input: { command: "ls" } }] },
        },
        { type: "user", message: { role: "user", content: [{ type: "tool_result", tool_use_id: "t1", is_error: true, content: "no" }] } },
        { type: "system", subtype: "api_retry", attempt: 1, error_status: 401, error: "authentication_failed" },
        { type: "system", subtype: "api_retry", attempt: 1, error_status: null, error: "unknown" },
        {
          type: "assistant",
          error: "authentication_failed",
          message: { model: "<synthetic>", content: [{ type: "text", text: "Invalid API key" }] },
        },
        {
          type: "result",
          subtype: "success",
          is_error: false,
          result: "Done.",
          total_cost_usd: 0.25,
          usage: { input_tokens: 3, output_tokens: 5, cache_read_input_tokens: 7 },
        },
        { type: "result", subtype: "success", is_error: true, result: "Invalid API key · Fix external API key" },
        { type: "result", subtype: "error_max_turns", is_error: false },
      ],
      [
        "session 1",
        "agent_thought_chunk",
        "say I look.",
        "call t1 Bash",
        "failed t1",
        "retry API Error: 401 authentication_failed",
        "retry API Error: connection refused unknown",
        "usage 3 5 7 0.25",
        "finished",
        "usage    ",
        "failed Invalid API key · Fix external API key",
        "usage    ",
        "failed error_max_turns",
      ],
    ],
    [
      "codex",
      [
        { type: "thread.started", thread_id: "1" },
        { type: "turn.started" },
        { type: "item.completed", item: { id: "i0", type: "reasoning", text: "hm" } },
        { type: "item.started", item: { id: "i1", type: "command_execution", command: "ls", status: "in_progress" } },
        { type: "item.completed", item: { id: "i1", type: "command_execution", command: "ls", exit_code: 1, status: "failed" } },
        { type: "item.started", item: { id: "i2", type: "mcp_tool_call", server: "enki", tool: "enki_status" } },
        { type: "item.completed", item: { id: "i3", type: "agent_message", text: "Done." } },
        { type: "error", message: "Reconnecting... 1/5 (unexpected status 500)" },
        { type: "turn.completed", usage: { input_tokens: 3, cached_input_tokens: 7, output_tokens: 5 } },
        { type: "error", message: "unexpected status 401" },
        { type: "turn.failed", error: { message: "unexpected status 401" } },
      ],
      [
        "session 1",
        "agent_thought_chunk",
        "call i1 ls",
        "failed i1",
        "call i2 enki/enki_status",
        "say Done.",
        "retry Reconnecting... 1/5 (unexpected status 500)",
        "usage 3 5 7 ",
        "finished",
        "failed unexpected status 401",
      ],
    ],
    [
      "gemini",
      [
        { type: "init", session_id: "1", model: "auto" },
        { type: "message", role: "user", content: "Do it." },
        { type: "message", role: "assistant", content: "I look.", delta: true },
        { type: "tool_use", tool_name: "run_shell_command", tool_id: "t1", parameters: { command: "ls" } },
        { type: "tool_result", tool_id: "t1", status: "error", output: "no" },
        { type: "result", status: "success", stats: { input_tokens: 3, output_tokens: 5, cached: 7 } },
        { type: "result", status: "error", error: { message: "API key not valid" }, stats: {} },
      ],
      [
        "session 1",
        "say I look.",
        "call t1 run_shell_command",
        "failed t1",
        "usage 3 5 7 ",
        "finished",
        "usage    ",
        "failed API key not valid",
      ],
    ],
    [
      "opencode",
      [
        { type: "step_start", sessionID: "ses_1", part: {} },
        { type: "text", part: { messageID: "m1", text: "I look." } },
        { type: "tool_use", part: { callID: "t1", tool: "bash", state: { status: "error", input: { command: "ls" }, error: "no" } } },
        { type: "step_finish", part: { reason: "tool-calls", tokens: { input: 1, output: 2, cache: { read: 3 } }, cost: 0.5 } },
        { type: "step_finish", part: { reason: "stop", tokens: { input: 1, output: 2, cache: { read: 3 } }, cost: 0 } },
        { type: "error", error: { name: "APIError", data: { message: "Unauthorized", statusCode: 401 } } },
      ],
      [
        "session ses_1",
        "say I look.",
        "call t1 bash",
        "failed t1",
        "usage 1 2 3 0.5",
        "usage 1 2 3 0",
        "finished",
        "failed 401 Unauthorized",
      ],
    ],
  ])("for %s", (name, lines, told) => {
    expect(read(name, lines).map(tell)).toEqual(told);
  });
});
