import { NO_USAGE } from "../../../core/domain/agent-usage.ts";
import { TOOL_NAMES } from "../../../core/workflow/workflow.ts";
import type { AgentLaunch, AgentPreset, AgentSetting, AgentToolNames, HeadlessEvent } from "../agent-preset.ts";
import { PLAIN_LAUNCH } from "../agent-preset.ts";
import { findProviderRoutes, PROVIDER_KEYS } from "./opencode-routes.ts";
import { readNumber, readRecord, readText } from "../read-fields.ts";
import { parseJson } from "../../../core/domain/parse-json.ts";

const NAMES: AgentToolNames = { read: ["read"], grep: ["grep"], glob: ["glob"], write: ["write"], edit: ["edit"], bash: ["bash"] };

/** opencode has one permission, `edit`, for writing and editing. */
const listDenied = ({ tools, canEdit }: AgentSetting): string[] => {
  const allowed = new Set((tools ?? TOOL_NAMES).map((tool) => (tool === "write" ? "edit" : tool)));
  const denied = TOOL_NAMES.filter((tool) => tool !== "write" && !allowed.has(tool));
  // Nested agents and questions: Enki starts and asks.
  return [...new Set([...denied, ...(canEdit ? [] : ["edit"]), "task", "question"])];
};

const parseConfig = (text: string | undefined): Readonly<Record<string, unknown>> => readRecord(parseJson(text ?? ""));

const createConfig = ({ protocol, model, mcpServer, env }: AgentSetting): object => {
  const own = parseConfig(env["OPENCODE_CONFIG_CONTENT"]);
  const server = mcpServer && { type: "local", command: [mcpServer.command, ...mcpServer.args], environment: mcpServer.env, enabled: true };
  return {
    autoupdate: false,
    share: "disabled",
    ...own,
    ...(model === null ? {} : { model }),
    ...(protocol === "headless" && server ? { mcp: { ...readRecord(own["mcp"]), enki: server } } : {}),
  };
};

const prepare = (setting: AgentSetting): AgentLaunch => ({
  ...PLAIN_LAUNCH,
  env: {
    OPENCODE_DISABLE_AUTOUPDATE: "1",
    OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
    OPENCODE_CONFIG_CONTENT: JSON.stringify(createConfig(setting)),
    OPENCODE_PERMISSION: JSON.stringify({
      ...Object.fromEntries(listDenied(setting).map((tool) => [tool, "deny"])),
      external_directory: "allow",
    }),
  },
  // Without its log, opencode tries again for minutes in silence.
  args: ["--print-logs", "--log-level", "ERROR", ...(setting.resume === undefined ? [] : ["--session", setting.resume])],
});

const readTool = (part: Readonly<Record<string, unknown>>): HeadlessEvent[] => {
  const state = readRecord(part["state"]);
  const toolCallId = readText(part["callID"]) ?? "";
  const title = readText(part["tool"]) ?? "tool";
  const status = state["status"] === "error" ? "failed" : "completed";
  // opencode reports a call when it has ended.
  return [
    { kind: "update", update: { sessionUpdate: "tool_call", toolCallId, title, status: "pending", rawInput: state["input"] } },
    { kind: "update", update: { sessionUpdate: "tool_call_update", toolCallId, status, rawOutput: state["output"] ?? state["error"] } },
  ];
};

const readStepFinish = (part: Readonly<Record<string, unknown>>): HeadlessEvent[] => {
  const tokens = readRecord(part["tokens"]);
  const usage = {
    ...NO_USAGE,
    inputTokens: readNumber(tokens["input"]),
    outputTokens: readNumber(tokens["output"]),
    cachedTokens: readNumber(readRecord(tokens["cache"])["read"]),
    costUsd: readNumber(part["cost"]),
  };
  return [{ kind: "usage", usage }, ...(part["reason"] === "stop" ? [{ kind: "finished" } as const] : [])];
};

const readEvent = (line: Readonly<Record<string, unknown>>): readonly HeadlessEvent[] => {
  const part = readRecord(line["part"]);
  switch (line["type"]) {
    case "step_start": {
      const id = readText(line["sessionID"]);
      return id === null ? [] : [{ kind: "session", id }];
    }
    case "text": {
      const content = { type: "text", text: readText(part["text"]) ?? "" } as const;
      return [{ kind: "update", update: { sessionUpdate: "agent_message_chunk", content, messageId: readText(part["messageID"]) } }];
    }
    case "tool_use":
      return readTool(part);
    case "step_finish":
      return readStepFinish(part);
    case "error": {
      const error = readRecord(line["error"]);
      const data = readRecord(error["data"]);
      const status = readNumber(data["statusCode"]);
      const text = `${status ?? ""} ${readText(data["message"]) ?? readText(error["name"]) ?? ""}`.trim();
      const wait = readText(readRecord(data["responseHeaders"])["retry-after"]);
      return [{ kind: "failed", text: wait === null ? text : `${text} (retry-after: ${wait})` }];
    }
    default:
      return [];
  }
};

/** opencode, with any provider's model. */
export const opencodePreset: AgentPreset = {
  name: "opencode",
  label: "opencode",
  keys: [
    "ANTHROPIC_API_KEY",
    "OPENAI_API_KEY",
    "OPENROUTER_API_KEY",
    "OPENCODE_API_KEY",
    "GEMINI_API_KEY",
    "GOOGLE_GENERATIVE_AI_API_KEY",
    "GROQ_API_KEY",
    "MISTRAL_API_KEY",
    "DEEPSEEK_API_KEY",
    "XAI_API_KEY",
    "AZURE_API_KEY",
    "AWS_BEARER_TOKEN_BEDROCK",
    "GITHUB_COPILOT_TOKEN",
  ],
  variables: ["OPENCODE_CONFIG_CONTENT", "VERTEX_LOCATION"],
  clouds: { AWS_BEARER_TOKEN_BEDROCK: ["AWS_REGION"], AZURE_API_KEY: ["AZURE_RESOURCE_NAME"] },
  needsKey: false,
  outsideKeys: PROVIDER_KEYS,
  findRoutes: findProviderRoutes,
  login: null,
  loginCommand: "opencode auth login",
  names: NAMES,
  reports: { headless: "cost", acp: "cost" },
  sessionTotals: { tokens: false, cost: false },
  model: "model",
  prepare,
  readEvent,
  sessions: null,
  retryNotice: /AI_APICallError|Cannot connect to API|ECONNREFUSED|statusCode[=:] ?[45]\d\d/,
};
