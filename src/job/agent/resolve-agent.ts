import { access, constants } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import type { AgentCommand } from "../../core/domain/agent-command.ts";
import type { AgentProgram } from "../../core/domain/agent-program.ts";
import type { JobSandbox } from "../sandbox/job-sandbox.ts";
import type { ToolName } from "../../core/workflow/workflow.ts";
import { type AgentLaunch, type McpServerCommand, PLAIN_LAUNCH } from "./agent-preset.ts";
import type { LoginFiles } from "./agent-login.ts";
import { findPreset, type FoundPreset } from "./find-preset.ts";

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

/**
 * Searches the absolute directories of `path`, a PATH value, for an agent's program. Returns the program's absolute path, or null if no
 * directory has the program.
 */
export const findAgentProgram = async (name: string, path: string): Promise<string | null> => {
  for (const directory of path.split(delimiter).filter((each) => isAbsolute(each))) {
    const file = join(directory, name);
    if (await isExecutable(file)) return file;
  }
  return null;
};

type AgentStart = { readonly command: string; readonly args: readonly string[] };

/** Finds how to start a preset's agent: with an installed program, otherwise with npx and the pinned version. */
const findPresetStart = async ({ programs, package: name, version }: AgentProgram, path: string): Promise<AgentStart> => {
  for (const program of programs) {
    const file = await findAgentProgram(program, path);
    if (file !== null) return { command: file, args: [] };
  }
  return { command: "npx", args: ["-y", `${name}@${version}`] };
};

/** The command line that starts an agent, without what its preset adds. */
export const findAgentStart = async (agent: AgentCommand, path: string): Promise<AgentStart> => {
  const found = agent.command === null ? findPreset(agent) : null;
  const { command, args } = found === null ? { command: agent.command ?? "", args: [] } : await findPresetStart(found.program, path);
  return { command, args: [...args, ...agent.args] };
};

export type ResolvedAgent = {
  readonly found: FoundPreset | null;
  readonly source: AgentCommand["source"];
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly meta: AgentLaunch["meta"];
  readonly mode: AgentLaunch["mode"];
};

export type AgentResolution = {
  readonly agent: AgentCommand;
  /** The agent's environment, without what its preset sets. */
  readonly env: Readonly<Record<string, string>>;
  /** The absolute path of the agent's home. */
  readonly home: string;
  readonly model: string | null;
  readonly maxCostUsd?: number | undefined;
  readonly tools: readonly ToolName[] | null;
  readonly canEdit: boolean;
  readonly mcpServer: McpServerCommand | null;
  /** A person's login, which the agent reads in its home; absent without one. */
  readonly login?: LoginFiles;
  /** The id of the session in its home to continue; absent for a new session. */
  readonly resume?: string;
  /** Whether an earlier process of this attempt already uses the home, and may have renewed its login. */
  readonly isHomeUsed?: true;
  /** Writes a file that the agent's user owns. */
  readonly writeFile: JobSandbox["writeFile"];
};

/** The complete command and environment of an agent's session. Writes the preset's files to the agent's home. */
export const resolveAgent = async (resolution: AgentResolution): Promise<ResolvedAgent> => {
  const { agent, env, home, login = {} } = resolution;
  const found = findPreset(agent);
  const { command, args } = await findAgentStart(agent, env["PATH"] ?? "");
  const { source } = agent;
  if (found === null) return { found, source, command, args, env, meta: {}, mode: null };
  const { preset, protocol, program } = found;
  const launch: AgentLaunch = { ...PLAIN_LAUNCH, ...preset.prepare({ ...resolution, protocol, hasLogin: Object.keys(login).length > 0 }) };
  if (resolution.isHomeUsed !== true) {
    for (const [path, content] of Object.entries(login)) await resolution.writeFile(join(home, path), content, "private");
    for (const [path, content] of Object.entries(launch.homeFiles)) await resolution.writeFile(join(home, path), content);
  }
  const variable = launch.homeFileVariable;
  // A person's own command line may already contain the preset's arguments.
  const own = program.args.some((arg) => args.includes(arg)) ? [] : program.args;
  return {
    found,
    source,
    command,
    args: [...args, ...own, ...launch.args],
    // A configured variable wins, except for the configuration that the preset extends.
    env: { ...launch.env, ...env, ...pickExtended(launch.env, env), ...(variable && { [variable.name]: join(home, variable.path) }) },
    meta: launch.meta,
    mode: launch.mode,
  };
};

/** Variables in which a preset merges Enki's settings into the person's, or which restrict the agent. */
const EXTENDED_VARIABLES = ["OPENCODE_CONFIG_CONTENT", "OPENCODE_PERMISSION", "CODEX_CONFIG", "ANTHROPIC_MODEL", "GEMINI_MODEL"];

const pickExtended = (own: Readonly<Record<string, string>>, given: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    EXTENDED_VARIABLES.flatMap((name) => (own[name] !== undefined && given[name] !== undefined ? [[name, own[name]]] : [])),
  );
