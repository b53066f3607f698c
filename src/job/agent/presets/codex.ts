import { NO_USAGE } from "../../../core/domain/agent-usage.ts";
import type {
  AgentLaunch,
  AgentPreset,
  AgentSetting,
  AgentToolNames,
  HeadlessEvent,
  McpServerCommand,
  SessionStore,
} from "../agent-preset.ts";
import { PLAIN_LAUNCH } from "../agent-preset.ts";
import { type AgentVariables, type KeyRoute, OPENAI_PATHS, toBearer } from "../key-route.ts";
import { readNumber, readRecord, readText } from "../read-fields.ts";

/** Codex reads and searches by its shell, and changes files by patches. */
const NAMES: AgentToolNames = {
  read: ["exec_command"],
  grep: ["exec_command"],
  glob: ["exec_command"],
  write: ["apply_patch"],
  edit: ["apply_patch"],
  bash: ["exec_command", "write_stdin"],
};

/** Long-term goals, and connectors of the person's account. */
const DISABLED_FEATURES = ["goals", "apps", "plugins", "memories"];

/** The API of Azure OpenAI that needs no version in its query. */
const AZURE_PATH = "/openai/v1";
const AZURE_PATHS = /^\/openai\/v1\/(?:responses(?:\/compact)?|models(?:\/[\w.:@-]+)?)$/;

type ConfigTable = { readonly [key: string]: string | number | boolean | readonly string[] | ConfigTable };

/** A gateway speaks HTTP: without a provider of its own, Codex first tries a WebSocket for seven seconds. */
const createProvider = (url: string, key: string): ConfigTable => ({
  model_provider: "gateway",
  model_providers: {
    gateway: {
      name: "gateway",
      base_url: url,
      wire_api: "responses",
      env_key: key,
      supports_websockets: false,
      request_max_retries: 2,
      stream_max_retries: 3,
    },
  },
});

/** Without `required`, a session begins before a slow server is ready, and its tools are missing in the whole turn. */
const createServer = ({ command, args, env }: McpServerCommand): ConfigTable => ({
  mcp_servers: {
    enki: { command, args, env, startup_timeout_sec: 30, required: true, tool_timeout_sec: 120, default_tools_approval_mode: "approve" },
  },
});

/** The resource of Azure OpenAI, where Azure has the only key. Its models are named by their deployments. */
const findAzureResource = (env: AgentVariables): { readonly key: string; readonly endpoint: string } | null => {
  const { AZURE_OPENAI_API_KEY: key, AZURE_OPENAI_ENDPOINT: endpoint } = env;
  return key && endpoint && !env["CODEX_API_KEY"] && !env["OPENAI_API_KEY"] ? { key, endpoint: endpoint.replace(/\/+$/, "") } : null;
};

const chooseProvider = (env: AgentVariables): ConfigTable => {
  const azure = findAzureResource(env);
  if (azure) return createProvider(`${azure.endpoint}${AZURE_PATH}`, "AZURE_OPENAI_API_KEY");
  const url = env["OPENAI_BASE_URL"];
  return url === undefined ? {} : createProvider(url, "CODEX_API_KEY");
};

const createConfig = ({ protocol, model, mcpServer, env }: AgentSetting): ConfigTable => {
  return {
    ...(model === null ? {} : { model }),
    ...chooseProvider(env),
    ...(protocol === "acp" || mcpServer === null ? {} : createServer(mcpServer)),
    // The features `multi_agent` and `multi_agent_v2` do not remove the tools if the model's catalogue has them.
    agents: { enabled: false },
    features: Object.fromEntries(DISABLED_FEATURES.map((name) => [name, false])),
  };
};

const formatTomlValue = (value: ConfigTable[string]): string => {
  if (typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((each) => JSON.stringify(each)).join(", ")}]`;
  const fields = Object.entries(value).map(([key, each]) => `${JSON.stringify(key)} = ${formatTomlValue(each)}`);
  return `{ ${fields.join(", ")} }`;
};

/** Codex has no permission for single tools: it works without its own sandbox, because a job is one, and a read-only step's files are discarded. */
const prepare = (setting: AgentSetting): AgentLaunch => {
  const { protocol, env: given, resume } = setting;
  const key = given["CODEX_API_KEY"] ?? given["OPENAI_API_KEY"];
  const env = { RUST_LOG: "error", ...(key === undefined ? {} : { CODEX_API_KEY: key, OPENAI_API_KEY: key }) };
  const config = createConfig(setting);
  if (protocol === "acp") {
    const chosen = { approval_policy: "never", sandbox_mode: "danger-full-access", ...config };
    return { ...PLAIN_LAUNCH, env: { ...env, CODEX_CONFIG: JSON.stringify(chosen), INITIAL_AGENT_MODE: "agent-full-access" } };
  }
  const overrides = Object.entries(config).flatMap(([name, value]) => ["-c", `${name}=${formatTomlValue(value)}`]);
  const continued = resume === undefined ? [] : ["resume"];
  const id = resume === undefined ? [] : [resume];
  return { ...PLAIN_LAUNCH, env, args: [...continued, "--dangerously-bypass-approvals-and-sandbox", ...overrides, ...id, "-"] };
};

const KIND_BY_ITEM: Readonly<Record<string, "execute" | "edit" | "fetch" | "other">> = {
  command_execution: "execute",
  file_change: "edit",
  web_search: "fetch",
  mcp_tool_call: "other",
};

const formatItemTitle = (item: Readonly<Record<string, unknown>>): string => {
  if (item["type"] === "mcp_tool_call") return `${readText(item["server"]) ?? ""}/${readText(item["tool"]) ?? ""}`;
  return readText(item["command"]) ?? readText(item["query"]) ?? readText(item["type"]) ?? "";
};

const readItem = (item: Readonly<Record<string, unknown>>, isStart: boolean): HeadlessEvent[] => {
  const kind = KIND_BY_ITEM[readText(item["type"]) ?? ""];
  const text = readText(item["text"]);
  if (item["type"] === "agent_message" && !isStart) {
    const messageId = readText(item["id"]);
    return [{ kind: "update", update: { sessionUpdate: "agent_message_chunk", content: { type: "text", text: text ?? "" }, messageId } }];
  }
  if (item["type"] === "reasoning" && !isStart)
    return [{ kind: "update", update: { sessionUpdate: "agent_thought_chunk", content: { type: "text", text: text ?? "" } } }];
  if (kind === undefined) return [];
  const toolCallId = readText(item["id"]) ?? "";
  const title = formatItemTitle(item);
  if (isStart)
    return [{ kind: "update", update: { sessionUpdate: "tool_call", toolCallId, title, kind, status: "in_progress", rawInput: item } }];
  const status = item["status"] === "failed" ? "failed" : "completed";
  return [{ kind: "update", update: { sessionUpdate: "tool_call_update", toolCallId, title, kind, status, rawOutput: item } }];
};

const readEvent = (line: Readonly<Record<string, unknown>>): readonly HeadlessEvent[] => {
  switch (line["type"]) {
    case "thread.started": {
      const id = readText(line["thread_id"]);
      return id === null ? [] : [{ kind: "session", id }];
    }
    case "item.started":
    case "item.completed":
      return readItem(readRecord(line["item"]), line["type"] === "item.started");
    case "error": {
      const text = readText(line["message"]) ?? "";
      return text.startsWith("Reconnecting") ? [{ kind: "retry", text }] : [];
    }
    case "turn.failed":
      return [{ kind: "failed", text: readText(readRecord(line["error"])["message"]) ?? "" }];
    case "turn.completed": {
      const used = readRecord(line["usage"]);
      const usage = {
        ...NO_USAGE,
        inputTokens: readNumber(used["input_tokens"]),
        outputTokens: readNumber(used["output_tokens"]),
        cachedTokens: readNumber(used["cached_input_tokens"]),
      };
      return [{ kind: "usage", usage }, { kind: "finished" }];
    }
    default:
      return [];
  }
};

const KEYS = ["OPENAI_API_KEY", "CODEX_API_KEY"] as const;

const findAzureRoutes = (env: AgentVariables): KeyRoute[] => {
  const azure = findAzureResource(env);
  if (azure === null) return [];
  return [
    {
      keys: ["AZURE_OPENAI_API_KEY"],
      secrets: [azure.key.trim()],
      removed: [],
      upstream: azure.endpoint,
      headers: { "api-key": azure.key.trim() },
      paths: AZURE_PATHS,
      redirect: (given, address) => ({ ...given, AZURE_OPENAI_ENDPOINT: address }),
    },
  ];
};

/** The headers that Codex sends to its own provider, but not to a gateway. */
const listAccountHeaders = ({ OPENAI_ORGANIZATION: organization, OPENAI_PROJECT: project }: AgentVariables): Record<string, string> => ({
  ...(organization && { "openai-organization": organization }),
  ...(project && { "openai-project": project }),
});

const findRoutes = (env: AgentVariables): KeyRoute[] => {
  const key = env["CODEX_API_KEY"] || env["OPENAI_API_KEY"];
  if (!key) return findAzureRoutes(env);
  return [
    {
      keys: KEYS.filter((name) => env[name]),
      secrets: KEYS.flatMap((name) => env[name]?.trim() || []),
      removed: [],
      upstream: env["OPENAI_BASE_URL"] || "https://api.openai.com/v1",
      headers: { ...listAccountHeaders(env), ...toBearer(key) },
      paths: OPENAI_PATHS,
      redirect: (given, address) => ({ ...given, OPENAI_BASE_URL: address }),
    },
  ];
};

/** Codex finds a session by the end of its file's name, in the folder of any day. */
const SESSIONS: SessionStore = {
  homeVariable: "CODEX_HOME",
  toPath: (_workspace, id) => `.codex/sessions/2026/01/01/rollout-2026-01-01T00-00-00-${id}.jsonl`,
  search: {
    directory: ".codex/sessions",
    isFile: (path, id) => /^(?:\d+\/){3}rollout-[\dT-]+$/.test(path.replace(`-${id}.jsonl`, "")) && path.endsWith(`-${id}.jsonl`),
  },
};

/** Codex by OpenAI. */
export const codexPreset: AgentPreset = {
  name: "codex",
  label: "Codex",
  keys: [...KEYS, "AZURE_OPENAI_API_KEY"],
  variables: ["OPENAI_BASE_URL", "OPENAI_ORGANIZATION", "OPENAI_PROJECT"],
  clouds: { AZURE_OPENAI_API_KEY: ["AZURE_OPENAI_ENDPOINT"] },
  needsKey: true,
  outsideKeys: [...KEYS, "AZURE_OPENAI_API_KEY"],
  findRoutes,
  login: null,
  loginCommand: "codex login",
  names: NAMES,
  reports: { headless: "tokens", acp: "tokens" },
  sessionTotals: { tokens: true, cost: false },
  model: "model",
  prepare,
  readEvent,
  sessions: SESSIONS,
  retryNotice: null,
};
