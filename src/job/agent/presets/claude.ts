import { NO_USAGE } from "../../../core/domain/agent-usage.ts";
import { isInputRecord } from "../tool-input-fields.ts";
import {
  type AgentLaunch,
  type AgentPreset,
  type AgentSetting,
  type AgentToolNames,
  collectToolNames,
  type HeadlessEvent,
  PLAIN_LAUNCH,
  type SessionStore,
} from "../agent-preset.ts";
import { listRecords, readNumber, readRecord, readText } from "../read-fields.ts";
import { CLAUDE_OUTSIDE_KEYS, findClaudeRoutes } from "./claude-routes.ts";

const NAMES: AgentToolNames = {
  read: ["Read"],
  grep: ["Grep"],
  glob: ["Glob"],
  write: ["Write"],
  edit: ["Edit", "MultiEdit", "NotebookEdit"],
  bash: ["Bash", "BashOutput", "KillShell"],
};

/** Nested agents, schedulers, plan mode and questions: Enki plans, starts and asks. */
const DENIED_TOOLS = [
  "Agent",
  "Task",
  "Workflow",
  "ListAgents",
  "SendMessage",
  "Monitor",
  "RemoteTrigger",
  "ScheduleWakeup",
  "CronCreate",
  "CronDelete",
  "CronList",
  "EnterPlanMode",
  "ExitPlanMode",
  "EnterWorktree",
  "ExitWorktree",
  "AskUserQuestion",
  "TaskCreate",
  "TaskUpdate",
  "TaskGet",
  "TaskList",
  "TaskStop",
  "TaskOutput",
];

const AWS_VARIABLES = [
  "AWS_REGION",
  "AWS_DEFAULT_REGION",
  "AWS_PROFILE",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_BEARER_TOKEN_BEDROCK",
];

/** Waits of 0.5, 1, 2 and 4 seconds between tries, instead of minutes in silence. */
const MAX_RETRIES = "4";

const SETTINGS = {
  CLAUDE_CODE_MAX_RETRIES: MAX_RETRIES,
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
  DISABLE_AUTOUPDATER: "1",
  DISABLE_TELEMETRY: "1",
  // With tool search, the model sees only the names of Enki's tools and must look up each tool before it can call it.
  ENABLE_TOOL_SEARCH: "false",
  // A job is a sandbox: it has no credential that can write. Without this, Claude Code refuses to run as root.
  IS_SANDBOX: "1",
};

const prepare = ({ protocol, model, maxCostUsd, tools, canEdit, mcpServer, resume }: AgentSetting): AgentLaunch => {
  const denied = [...DENIED_TOOLS, ...(canEdit ? [] : [...NAMES.write, ...NAMES.edit])];
  const permitted = tools && collectToolNames(tools, NAMES);
  const env = { ...SETTINGS, ...(model === null ? {} : { ANTHROPIC_MODEL: model }) };
  if (protocol === "acp") {
    const limits = maxCostUsd === undefined ? {} : { maxBudgetUsd: maxCostUsd };
    const options = { disallowedTools: denied, ...limits, ...(permitted && { tools: permitted }) };
    return { ...PLAIN_LAUNCH, env, meta: { claudeCode: { options } }, mode: "default" };
  }
  const servers = mcpServer === null ? {} : { enki: { type: "stdio", ...mcpServer } };
  return {
    ...PLAIN_LAUNCH,
    env,
    args: [
      "--permission-mode",
      "bypassPermissions",
      "--strict-mcp-config",
      "--mcp-config",
      JSON.stringify({ mcpServers: servers }),
      "--disallowedTools",
      denied.join(","),
      ...(maxCostUsd === undefined ? [] : ["--max-budget-usd", String(maxCostUsd)]),
      ...(permitted ? ["--tools", permitted.join(",")] : []),
      ...(resume === undefined ? [] : ["--resume", resume]),
    ],
  };
};

const KIND_BY_TOOL: Readonly<Record<string, "read" | "search" | "edit" | "execute" | "fetch">> = {
  Read: "read",
  Grep: "search",
  Glob: "search",
  Write: "edit",
  Edit: "edit",
  MultiEdit: "edit",
  NotebookEdit: "edit",
  Bash: "execute",
  WebFetch: "fetch",
};

const readBlock = (block: Readonly<Record<string, unknown>>, messageId: string | null): HeadlessEvent[] => {
  const toolCallId = readText(block["id"]) ?? "";
  switch (block["type"]) {
    case "text":
      return [
        {
          kind: "update",
          update: { sessionUpdate: "agent_message_chunk", content: { type: "text", text: readText(block["text"]) ?? "" }, messageId },
        },
      ];
    case "thinking":
      return [
        {
          kind: "update",
          update: { sessionUpdate: "agent_thought_chunk", content: { type: "text", text: readText(block["thinking"]) ?? "" } },
        },
      ];
    case "tool_use": {
      const title = readText(block["name"]) ?? "tool";
      const kind = KIND_BY_TOOL[title] ?? "other";
      return [
        { kind: "update", update: { sessionUpdate: "tool_call", toolCallId, title, kind, status: "pending", rawInput: block["input"] } },
      ];
    }
    case "tool_result": {
      const status = block["is_error"] === true ? "failed" : "completed";
      const update = { sessionUpdate: "tool_call_update", toolCallId: readText(block["tool_use_id"]) ?? "", status } as const;
      return [{ kind: "update", update: { ...update, rawOutput: block["content"] } }];
    }
    default:
      return [];
  }
};

const readResult = (line: Readonly<Record<string, unknown>>): HeadlessEvent[] => {
  const used = readRecord(line["usage"]);
  const usage = {
    inputTokens: readNumber(used["input_tokens"]),
    outputTokens: readNumber(used["output_tokens"]),
    cachedTokens: readNumber(used["cache_read_input_tokens"]),
    costUsd: readNumber(line["total_cost_usd"]),
  };
  const failed = line["is_error"] === true || line["subtype"] !== "success";
  const [error] = Array.isArray(line["errors"]) ? line["errors"] : [];
  const text = readText(line["result"]) ?? readText(error) ?? readText(line["subtype"]) ?? "";
  return [{ kind: "usage", usage: { ...NO_USAGE, ...usage } }, failed ? { kind: "failed", text } : { kind: "finished" }];
};

/** A subscription's limit, with the second at which it is renewed. */
const readRateLimit = ({ status, resetsAt }: Readonly<Record<string, unknown>>): HeadlessEvent[] => {
  if (status !== "rejected") return [];
  const at = readNumber(resetsAt);
  return [{ kind: "retry", text: `usage limit reached${at === null ? "" : `|${Math.round(at)}`}` }];
};

const readSystemLine = (line: Readonly<Record<string, unknown>>): HeadlessEvent[] => {
  const id = readText(line["session_id"]);
  if (line["subtype"] === "init" && id !== null) return [{ kind: "session", id }];
  if (line["subtype"] !== "api_retry") return [];
  const status = readNumber(line["error_status"]);
  return [{ kind: "retry", text: `API Error: ${status ?? "connection refused"} ${readText(line["error"]) ?? ""}`.trim() }];
};

const readEvent = (line: Readonly<Record<string, unknown>>): readonly HeadlessEvent[] => {
  if (line["type"] === "result") return readResult(line);
  if (line["type"] === "rate_limit_event") return readRateLimit(readRecord(line["rate_limit_info"]));
  if (line["type"] === "system") return readSystemLine(line);
  const message = line["message"];
  if (!isInputRecord(message)) return [];
  // The adapter's own messages about a failure are no answer.
  if (typeof line["error"] === "string" || message["model"] === "<synthetic>") return [];
  return listRecords(message["content"]).flatMap((block) => readBlock(block, readText(message["id"])));
};

/** Claude Code shortens the name of a longer directory. */
const MAX_PROJECT_NAME_CHARS = 200;

const SESSIONS: SessionStore = {
  homeVariable: "CLAUDE_CONFIG_DIR",
  toPath: (workspace, id) =>
    workspace.length > MAX_PROJECT_NAME_CHARS ? null : `.claude/projects/${workspace.replaceAll(/[^a-zA-Z0-9]/g, "-")}/${id}.jsonl`,
};

/** Claude Code by Anthropic. */
export const claudePreset: AgentPreset = {
  name: "claude",
  label: "Claude Code",
  keys: [
    "ANTHROPIC_API_KEY",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "ANTHROPIC_AUTH_TOKEN",
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_VERTEX",
    "CLAUDE_CODE_USE_FOUNDRY",
  ],
  variables: [
    "ANTHROPIC_BASE_URL",
    "ANTHROPIC_CUSTOM_HEADERS",
    "ANTHROPIC_MODEL",
    "ANTHROPIC_SMALL_FAST_MODEL",
    "ANTHROPIC_DEFAULT_OPUS_MODEL",
    "ANTHROPIC_DEFAULT_SONNET_MODEL",
    "ANTHROPIC_DEFAULT_HAIKU_MODEL",
  ],
  clouds: {
    CLAUDE_CODE_USE_BEDROCK: ["ANTHROPIC_BEDROCK_BASE_URL", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", ...AWS_VARIABLES],
    CLAUDE_CODE_USE_VERTEX: [
      "ANTHROPIC_VERTEX_PROJECT_ID",
      "ANTHROPIC_VERTEX_BASE_URL",
      "CLOUD_ML_REGION",
      "GOOGLE_APPLICATION_CREDENTIALS",
    ],
    CLAUDE_CODE_USE_FOUNDRY: [
      "ANTHROPIC_FOUNDRY_API_KEY",
      "ANTHROPIC_FOUNDRY_RESOURCE",
      "ANTHROPIC_FOUNDRY_BASE_URL",
      "AZURE_CLIENT_ID",
      "AZURE_TENANT_ID",
      "AZURE_CLIENT_SECRET",
    ],
  },
  needsKey: true,
  outsideKeys: CLAUDE_OUTSIDE_KEYS,
  findRoutes: findClaudeRoutes,
  login: "claude setup-token",
  loginCommand: "claude auth login",
  names: NAMES,
  reports: { headless: "cost", acp: "cost" },
  sessionTotals: { tokens: false, cost: true },
  model: "ANTHROPIC_MODEL",
  prepare,
  readEvent,
  sessions: SESSIONS,
  retryNotice: null,
};
