import { NO_USAGE } from "../../../core/domain/agent-usage.ts";
import {
  type AgentLaunch,
  type AgentPreset,
  type AgentSetting,
  type AgentToolNames,
  collectToolNames,
  type HeadlessEvent,
  PLAIN_LAUNCH,
} from "../agent-preset.ts";
import { type AgentVariables, GOOGLE_PATHS, type KeyRoute } from "../key-route.ts";
import { readNumber, readRecord, readText } from "../read-fields.ts";

const NAMES: AgentToolNames = {
  read: ["read_file", "read_many_files"],
  grep: ["search_file_content", "grep_search"],
  glob: ["glob", "list_directory"],
  write: ["write_file"],
  edit: ["replace"],
  bash: ["run_shell_command"],
};

/** Nested agents, plan mode and questions: Enki plans, starts and asks. */
const DENIED_TOOLS = [
  "invoke_agent",
  "codebase_investigator",
  "enter_plan_mode",
  "exit_plan_mode",
  "ask_user",
  "activate_skill",
  "save_memory",
];

const SETTINGS_PATH = ".gemini/settings.json";

const chooseAuthentication = ({ env, hasLogin }: Pick<AgentSetting, "env" | "hasLogin">): string => {
  if (env["GEMINI_API_KEY"] !== undefined) return "gemini-api-key";
  if (hasLogin === true) return "oauth-personal";
  return env["GOOGLE_GENAI_USE_VERTEXAI"] === "true" || env["GOOGLE_API_KEY"] !== undefined ? "vertex-ai" : "gemini-api-key";
};

const createSettings = ({ protocol, tools, canEdit, mcpServer, env, hasLogin = false }: AgentSetting): object => ({
  security: { auth: { selectedType: chooseAuthentication({ env, hasLogin }) }, folderTrust: { enabled: false } },
  privacy: { usageStatisticsEnabled: false },
  telemetry: { enabled: false },
  general: { enableAutoUpdate: false, maxAttempts: 3 },
  experimental: { enableAgents: false },
  tools: {
    // Over ACP, Gemini otherwise opens a terminal for each command, and jobs have none.
    shell: { enableInteractiveShell: false },
    ...(tools && { core: collectToolNames(tools, NAMES) }),
    exclude: [...DENIED_TOOLS, ...(canEdit ? [] : [...NAMES.write, ...NAMES.edit])],
  },
  ...(protocol === "headless" && mcpServer !== null && { mcpServers: { enki: { ...mcpServer, trust: true } } }),
});

const prepare = (setting: AgentSetting): AgentLaunch => {
  const { protocol, model, resume } = setting;
  return {
    ...PLAIN_LAUNCH,
    // Project settings override the person's, and system settings override both. Gemini ignores system settings below a directory that
    // others may write, such as `/tmp`, so the same settings are the person's too.
    homeFiles: { [SETTINGS_PATH]: JSON.stringify(createSettings(setting)) },
    homeFileVariable: { name: "GEMINI_CLI_SYSTEM_SETTINGS_PATH", path: SETTINGS_PATH },
    env: {
      // Otherwise Gemini silently starts no MCP server.
      GEMINI_CLI_TRUST_WORKSPACE: "true",
      GEMINI_CLI_NO_RELAUNCH: "true",
      ...(model === null ? {} : { GEMINI_MODEL: model }),
    },
    args: protocol === "headless" ? ["--approval-mode", "yolo", ...(resume === undefined ? [] : ["--resume", resume])] : [],
  };
};

const readEvent = (line: Readonly<Record<string, unknown>>): readonly HeadlessEvent[] => {
  const toolCallId = readText(line["tool_id"]) ?? "";
  switch (line["type"]) {
    case "init": {
      const id = readText(line["session_id"]);
      return id === null ? [] : [{ kind: "session", id }];
    }
    case "message": {
      if (line["role"] !== "assistant") return [];
      const content = { type: "text", text: readText(line["content"]) ?? "" } as const;
      return [{ kind: "update", update: { sessionUpdate: "agent_message_chunk", content } }];
    }
    case "tool_use": {
      const title = readText(line["tool_name"]) ?? "tool";
      return [
        { kind: "update", update: { sessionUpdate: "tool_call", toolCallId, title, status: "pending", rawInput: line["parameters"] } },
      ];
    }
    case "tool_result": {
      const status = line["status"] === "error" ? "failed" : "completed";
      return [{ kind: "update", update: { sessionUpdate: "tool_call_update", toolCallId, status, rawOutput: line["output"] } }];
    }
    case "error":
      return [{ kind: "retry", text: readText(line["message"]) ?? "" }];
    case "result":
      return readResult(line);
    default:
      return [];
  }
};

const readResult = (line: Readonly<Record<string, unknown>>): HeadlessEvent[] => {
  const stats = readRecord(line["stats"]);
  const usage = {
    ...NO_USAGE,
    inputTokens: readNumber(stats["input_tokens"]),
    outputTokens: readNumber(stats["output_tokens"]),
    cachedTokens: readNumber(stats["cached"]),
  };
  const text = readText(readRecord(line["error"])["message"]) ?? "";
  return [{ kind: "usage", usage }, line["status"] === "success" ? { kind: "finished" } : { kind: "failed", text }];
};

/** Vertex AI has no route. Where both keys are set, Gemini CLI uses the first one. */
const findRoutes = (env: AgentVariables): KeyRoute[] => {
  const key = env["GEMINI_API_KEY"];
  if (!key) return [];
  return [
    {
      keys: ["GEMINI_API_KEY"],
      secrets: [key.trim()],
      removed: ["GOOGLE_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI"],
      upstream: env["GOOGLE_GEMINI_BASE_URL"] || "https://generativelanguage.googleapis.com",
      headers: { "x-goog-api-key": key.trim() },
      paths: GOOGLE_PATHS,
      redirect: (given, address) => ({ ...given, GOOGLE_GEMINI_BASE_URL: address }),
    },
  ];
};

/** Gemini CLI by Google. */
export const geminiPreset: AgentPreset = {
  name: "gemini",
  label: "Gemini CLI",
  keys: ["GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI"],
  variables: ["GOOGLE_GEMINI_BASE_URL", "GOOGLE_VERTEX_BASE_URL", "GEMINI_MODEL"],
  clouds: {
    GOOGLE_GENAI_USE_VERTEXAI: ["GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION", "GOOGLE_APPLICATION_CREDENTIALS"],
  },
  needsKey: true,
  outsideKeys: ["GEMINI_API_KEY"],
  findRoutes,
  login: null,
  loginCommand: "gemini",
  names: NAMES,
  reports: { headless: "tokens", acp: "nothing" },
  sessionTotals: { tokens: false, cost: false },
  model: "GEMINI_MODEL",
  prepare,
  readEvent,
  sessions: null,
  retryNotice: /Attempt \d+ failed|Retrying with backoff/,
};
