import { basename } from "node:path";
import type { AgentCommand } from "../../core/domain/config.ts";
import { type ToolName, TOOL_NAMES } from "../../core/workflow/workflow.ts";

type DialectToolNames = Readonly<Record<ToolName, readonly string[]>>;

/** How a session is begun with these tools and no others: what goes into the environment, into `session/new`, and into a settings file. */
export type ToolRestriction = {
  readonly env: Readonly<Record<string, string>>;
  readonly meta: Readonly<Record<string, unknown>>;
  /** A file of settings, and the variable that names it; null where there is none. */
  readonly settings: { readonly variable: string; readonly content: string } | null;
};

/** An agent that Enki knows: what it calls the tools, and how it is told. */
export type AgentDialect = {
  readonly agent: string;
  /** Its program, or a directory on the way to it. */
  readonly commands: readonly string[];
  /** The first is the one that its people know; others are older or newer names of the same, or belong to it. */
  readonly names: DialectToolNames;
  /** The variable that names the model; null where it has none. */
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
  // Its system settings go over those of the user and of the project.
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
  // Its one permission `edit` is for both.
  restrict: (tools) => {
    const allowed = new Set(tools.map((tool) => (tool === "write" ? "edit" : tool)));
    const denied = TOOL_NAMES.filter((tool) => tool !== "write" && !allowed.has(tool));
    return { ...NO_RESTRICTION, env: { OPENCODE_PERMISSION: JSON.stringify(Object.fromEntries(denied.map((tool) => [tool, "deny"]))) } };
  },
};

export const AGENT_DIALECTS: readonly AgentDialect[] = [claudeDialect, geminiDialect, opencodeDialect];

/** `/x/claude-agent-acp/dist/index.js`, `npx @google/gemini-cli@0.61.0`, `opencode.exe`: the parts of a word that may name a program. */
const listProgramNames = (word: string): string[] =>
  [...word.split("/"), basename(word)].map((part) => part.replace(/(?<=.)@.*$|\.(?:exe|[cm]?js)$/, ""));

/** The agent that a command starts; null for one that Enki does not know. */
export const findDialect = ({ command, args }: Pick<AgentCommand, "command" | "args">): AgentDialect | null => {
  // Options are no programs, and what follows the first of them is the agent's own.
  const first = args.findIndex((arg) => arg.startsWith("-") && arg !== "-y" && arg !== "--yes");
  const words = [command, ...(first === -1 ? args : args.slice(0, first))];
  return (
    AGENT_DIALECTS.find(({ commands }) => words.some((word) => listProgramNames(word).some((part) => commands.includes(part)))) ?? null
  );
};

/** What an agent calls these tools; of an agent that is not known, the names of the workflow. */
export const translateToolNames = (dialect: AgentDialect | null, tools: readonly ToolName[]): string[] =>
  tools.map((tool) => dialect?.names[tool][0] ?? tool);

/** How its session is begun; null for `tools` leaves it all of them. */
export const restrictTools = (dialect: AgentDialect | null, tools: readonly ToolName[] | null): ToolRestriction =>
  dialect === null || tools === null ? NO_RESTRICTION : dialect.restrict(tools, dialect.names);
