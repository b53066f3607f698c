import { basename } from "node:path";
import type { AgentCommand } from "../../core/domain/config.ts";
import { type ToolName, TOOL_NAMES } from "../../core/workflow/workflow.ts";

type DialectToolNames = Readonly<Record<ToolName, readonly string[]>>;

/** How a session is restricted to some tools: by environment variables, by `session/new`, or by a settings file. */
export type ToolRestriction = {
  readonly env: Readonly<Record<string, string>>;
  readonly meta: Readonly<Record<string, unknown>>;
  /** The settings file's content and the variable that names the file; null if the agent needs none. */
  readonly settings: { readonly variable: string; readonly content: string } | null;
};

/** How one agent names its tools and is restricted to some of them. */
export type AgentDialect = {
  readonly agent: string;
  /** Names of its program, or of a directory in the program's path. */
  readonly commands: readonly string[];
  /** The current name comes first; older, newer and related names follow. */
  readonly names: DialectToolNames;
  /** The variable that names the model; null if the agent reads none. */
  readonly model: string | null;
  readonly restrict: (tools: readonly ToolName[], names: DialectToolNames) => ToolRestriction;
};

const NO_RESTRICTION: ToolRestriction = { env: {}, meta: {}, settings: null };

const collectToolNames = (tools: readonly ToolName[], names: DialectToolNames): string[] => tools.flatMap((tool) => names[tool]);

const claudeDialect: AgentDialect = {
  agent: "Claude Code",
  commands: ["claude-agent-acp", "claude-code-acp"],
  names: {
    read: ["Read"],
    grep: ["Grep"],
    glob: ["Glob"],
    write: ["Write"],
    edit: ["Edit", "MultiEdit", "NotebookEdit"],
    bash: ["Bash", "BashOutput", "KillShell"],
  },
  model: "ANTHROPIC_MODEL",
  restrict: (tools, names) => ({ ...NO_RESTRICTION, meta: { claudeCode: { options: { tools: collectToolNames(tools, names) } } } }),
};

const geminiDialect: AgentDialect = {
  agent: "Gemini CLI",
  commands: ["gemini", "gemini-cli"],
  names: {
    read: ["read_file", "read_many_files"],
    grep: ["search_file_content", "grep_search"],
    glob: ["glob", "list_directory"],
    write: ["write_file"],
    edit: ["replace"],
    bash: ["run_shell_command"],
  },
  model: "GEMINI_MODEL",
  // Gemini's system settings override those of the user and the project.
  restrict: (tools, names) => ({
    ...NO_RESTRICTION,
    settings: { variable: "GEMINI_CLI_SYSTEM_SETTINGS_PATH", content: JSON.stringify({ tools: { core: collectToolNames(tools, names) } }) },
  }),
};

const opencodeDialect: AgentDialect = {
  agent: "opencode",
  commands: ["opencode", "opencode-ai"],
  names: { read: ["read"], grep: ["grep"], glob: ["glob"], write: ["write"], edit: ["edit"], bash: ["bash"] },
  model: null,
  // opencode has one permission, `edit`, for writing and editing.
  restrict: (tools) => {
    const allowed = new Set(tools.map((tool) => (tool === "write" ? "edit" : tool)));
    const denied = TOOL_NAMES.filter((tool) => tool !== "write" && !allowed.has(tool));
    return { ...NO_RESTRICTION, env: { OPENCODE_PERMISSION: JSON.stringify(Object.fromEntries(denied.map((tool) => [tool, "deny"]))) } };
  },
};

export const AGENT_DIALECTS: readonly AgentDialect[] = [claudeDialect, geminiDialect, opencodeDialect];

/**
 * The path segments that may name a program, as in `/x/claude-agent-acp/dist/index.js`, `npx @google/gemini-cli@0.61.0` or
 * `opencode.exe`.
 */
const listProgramNames = (word: string): string[] =>
  [...word.split("/"), basename(word)].map((part) => part.replace(/(?<=.)@.*$|\.(?:exe|[cm]?js)$/, ""));

/** Finds the dialect of the agent that a command starts; null if Enki does not know the agent. */
export const findDialect = ({ command, args }: Pick<AgentCommand, "command" | "args">): AgentDialect | null => {
  // Options name no program, and arguments after the first option belong to the agent.
  const first = args.findIndex((arg) => arg.startsWith("-") && arg !== "-y" && arg !== "--yes");
  const words = [command, ...(first === -1 ? args : args.slice(0, first))];
  return (
    AGENT_DIALECTS.find(({ commands }) => words.some((word) => listProgramNames(word).some((part) => commands.includes(part)))) ?? null
  );
};

/** The agent's names for these tools; an unknown agent gets the workflow's names. */
export const translateToolNames = (dialect: AgentDialect | null, tools: readonly ToolName[]): string[] =>
  tools.map((tool) => dialect?.names[tool][0] ?? tool);

/** How a session is restricted to `tools`; null means no restriction. */
export const restrictTools = (dialect: AgentDialect | null, tools: readonly ToolName[] | null): ToolRestriction =>
  dialect === null || tools === null ? NO_RESTRICTION : dialect.restrict(tools, dialect.names);
