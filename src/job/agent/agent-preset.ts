import type { AgentProtocol, PresetName } from "../../core/domain/agent-command.ts";
import type { AgentUsage } from "../../core/domain/agent-usage.ts";
import type { ToolName } from "../../core/workflow/workflow.ts";
import type { AgentVariables, KeyRoute } from "./key-route.ts";
import type { AgentUpdate } from "./message-collector.ts";

/** The MCP server with Enki's tools, started by the agent in its working directory. */
export type McpServerCommand = {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

/** What an agent's session is given, apart from its prompt. */
export type AgentSetting = {
  readonly protocol: AgentProtocol;
  readonly model: string | null;
  /** What the session may cost, in US dollars; absent without a limit. Not every agent can keep it. */
  readonly maxCostUsd?: number | undefined;
  /** The only tools that a workflow permits; null for all. */
  readonly tools: readonly ToolName[] | null;
  readonly canEdit: boolean;
  readonly mcpServer: McpServerCommand | null;
  /** The person's variables and the configured ones, by name. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether the agent's home holds a person's login. */
  readonly hasLogin?: boolean;
  /** The id of a session in the agent's home to continue; absent for a new session. */
  readonly resume?: string;
};

/** How one session of an agent is started. */
export type AgentLaunch = {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Files to write in the agent's home, by path relative to it. */
  readonly homeFiles: Readonly<Record<string, string>>;
  /** A variable that names the absolute path of a file in the agent's home; null for none. */
  readonly homeFileVariable: { readonly name: string; readonly path: string } | null;
  /** `_meta` of ACP's `session/new`. */
  readonly meta: Readonly<Record<string, unknown>>;
  /** The session mode to choose over ACP, if the agent offers it; null for its default. */
  readonly mode: string | null;
};

export const PLAIN_LAUNCH: AgentLaunch = { args: [], env: {}, homeFiles: {}, homeFileVariable: null, meta: {}, mode: null };

/** What a line of a headless agent means. */
export type HeadlessEvent =
  | { readonly kind: "update"; readonly update: AgentUpdate }
  /** Tokens and money since the last report. */
  | { readonly kind: "usage"; readonly usage: AgentUsage }
  /** The agent could not reach its model and tries again. */
  | { readonly kind: "retry"; readonly text: string }
  | { readonly kind: "session"; readonly id: string }
  | { readonly kind: "finished" }
  | { readonly kind: "failed"; readonly text: string };

/** The place of an agent's sessions. */
export type SessionStore = {
  /** The variable that moves the sessions out of the home. */
  readonly homeVariable: string;
  /** The path in the home at which the agent finds a session's file; null if this working directory has none. */
  readonly toPath: (workspace: string, id: string) => string | null;
  /** Recognizes the file that the agent itself wrote below a directory of the home; absent if the agent uses the path above. */
  readonly search?: { readonly directory: string; readonly isFile: (path: string, id: string) => boolean };
};

export type AgentToolNames = Readonly<Record<ToolName, readonly string[]>>;

/** Enki's knowledge of an agent. */
export type AgentPreset = {
  readonly name: PresetName;
  /** The name that people know. */
  readonly label: string;
  /** Variables of which one is enough to authenticate; the first one receives the secret `ENKI_MODEL_KEY`. */
  readonly keys: readonly [string, ...string[]];
  /** Further variables that are passed on to the agent: addresses, regions, models. */
  readonly variables: readonly string[];
  /** Variables of a cloud, by the key that selects it. A shell has them for other purposes too, so they are passed on only together with it. */
  readonly clouds: Readonly<Record<string, readonly string[]>>;
  /** Whether the agent may work without any of these keys, for example with a model on the machine. */
  readonly needsKey: boolean;
  /** The keys that can stay outside the agent, because the agent can be pointed to Enki's proxy. */
  readonly outsideKeys: readonly string[];
  /** The ways to the models' servers for these variables of the agent; empty if the agent needs its keys itself. */
  readonly findRoutes: (env: AgentVariables) => readonly KeyRoute[];
  /** A command with which a person gets a key from a subscription; null if there is none. */
  readonly login: string | null;
  /** The command with which a person logs in on one machine. */
  readonly loginCommand: string;
  /** The workflow's tools by the agent's names, the current one first. */
  readonly names: AgentToolNames;
  /** What the agent reports of its tokens and its cost. */
  readonly reports: Readonly<Record<AgentProtocol, "cost" | "tokens" | "nothing">>;
  /** Whether a headless process that continues a session reports its tokens, and its cost, since the start of the session. */
  readonly sessionTotals: { readonly tokens: boolean; readonly cost: boolean };
  /** How the model is chosen, for the documentation. */
  readonly model: string;
  readonly prepare: (setting: AgentSetting) => AgentLaunch;
  /** Reads a line of JSON of the headless protocol. */
  readonly readEvent: (line: Readonly<Record<string, unknown>>) => readonly HeadlessEvent[];
  /** The sessions that a later attempt can continue; null for none. */
  readonly sessions: SessionStore | null;
  /** A line on stderr by which the agent says that it could not reach its model and tries again. */
  readonly retryNotice: RegExp | null;
};

export const collectToolNames = (tools: readonly ToolName[], names: AgentToolNames): string[] => tools.flatMap((tool) => names[tool]);
