import { join } from "node:path";
import { readConfig } from "../core/config/read-config.ts";
import type { AgentCommand, PresetName } from "../core/domain/agent-command.ts";
import type { Config } from "../core/domain/config.ts";
import { formatUsedLogin } from "../core/messages/agent-login.ts";
import { formatLogins, LOGIN_VARIABLE, type LoginFiles } from "../job/agent/agent-login.ts";
import { type GivenVariables, selectAgentVariables, selectShellVariables } from "../job/agent/agent-variables.ts";
import { AGENT_PRESETS, findPreset } from "../job/agent/find-preset.ts";
import { readConfigLayers } from "../storage/config/config-layers.ts";
import { findLogin } from "./agent-logins.ts";
import { findHome } from "./find-home.ts";
import type { AgentChoice } from "./local-machine.ts";
import type { TerminalHost } from "./terminal-host.ts";

/** Variables that show that an agent finds its login elsewhere. */
const HOME_VARIABLES = ["HOME", "CLAUDE_CONFIG_DIR", "CODEX_HOME", "GEMINI_CLI_HOME"];

/** Whether an agent has one of its preset's keys, or a home with a login of its own. */
export const hasKey = (agent: AgentCommand, given: GivenVariables): boolean => {
  const variables = selectAgentVariables(agent, given);
  return [...(findPreset(agent)?.preset.keys ?? []), ...HOME_VARIABLES].some((name) => variables[name] !== undefined);
};

type LoginTerminal = Pick<TerminalHost, "env" | "out" | "err" | "now">;

type AgentsRequest = Pick<Config, "agents"> & {
  /** The agent that the person chose for the run; null for the configured ones. */
  readonly chosen: AgentChoice | null;
};

const isSameCommand = (one: AgentCommand, other: AgentCommand): boolean =>
  one.command === other.command && one.args.join("\0") === other.args.join("\0");

/**
 * The presets that work with a login of the person, because no key is given. None if a single agent has a command line of the repository:
 * all agents of a job draw from the same logins, and its command could send them elsewhere.
 */
const listLoginPresets = ({ agents, chosen }: AgentsRequest, personal: readonly AgentCommand[], given: GivenVariables): PresetName[] => {
  const isOwn = (agent: AgentCommand): boolean =>
    chosen !== null || (agent.command === null && agent.args.length === 0) || personal.some((each) => isSameCommand(each, agent));
  const all = Object.values(agents);
  const without = all.every((agent) => isOwn(agent)) ? all.filter((agent) => !hasKey(agent, given)) : [];
  return [...new Set(without.flatMap((agent) => findPreset(agent)?.preset.name ?? []))];
};

/** The variables with these presets' logins. Says which logins are used. */
const readLogins = async (terminal: LoginTerminal, presets: readonly PresetName[]): Promise<Record<string, string>> => {
  const files: Partial<Record<PresetName, LoginFiles>> = {};
  let variables: Readonly<Record<string, string>> = {};
  for (const name of presets) {
    const login = await findLogin(terminal, name);
    if (login?.isExpired !== false) continue;
    const { label } = AGENT_PRESETS[name];
    terminal.err(`${formatUsedLogin({ label, path: login.path }, login.expiresAt && login.expiresAt - terminal.now())}\n`);
    variables = { ...variables, ...login.variables };
    if (Object.keys(login.files).length > 0) files[name] = login.files;
  }
  return { ...variables, ...(Object.keys(files).length > 0 && { [LOGIN_VARIABLE]: formatLogins(files) }) };
};

/** The variables and logins of the person that the repository's agents may have. Says which ones Enki uses or keeps back. */
export const readGivenVariables = async (terminal: LoginTerminal, request: AgentsRequest): Promise<GivenVariables> => {
  const { env, out } = terminal;
  const { agents } = request;
  const { agents: personal } = readConfig(await readConfigLayers([join(findHome(terminal), ".enki")])).config;
  const { given, refused, redirections } = selectShellVariables({
    agents: Object.values(agents),
    personal: Object.values(personal),
    shell: env,
  });
  for (const name of refused)
    out(
      `The repository's configuration asks for $${name} of this shell, and Enki keeps it back. To pass it to the agent, add to ~/.enki/enki.toml:\n  [agent]\n  env = { ${name} = "$${name}" }\n`,
    );
  if (redirections.length === 0) {
    const own = { agentEnv: given, modelKey: env["ENKI_MODEL_KEY"] ?? "" };
    const logins = await readLogins(terminal, listLoginPresets(request, Object.values(personal), own));
    return { ...own, agentEnv: { ...given, ...logins } };
  }
  out(
    `The repository's configuration decides where the keys of this shell go (${redirections.join(", ")}), so Enki keeps them back. To allow it, set the same in [agent] of ~/.enki/enki.toml.\n`,
  );
  return { agentEnv: given, modelKey: "" };
};

/** The secrets of a local repository: the variables that its agents may have, and the model's key. */
export const collectAgentSecrets = async (terminal: LoginTerminal, request: AgentsRequest): Promise<Record<string, string>> => {
  const { agentEnv, modelKey } = await readGivenVariables(terminal, request);
  return {
    ...(Object.keys(agentEnv).length > 0 && { ENKI_AGENT_ENV: JSON.stringify(agentEnv) }),
    ...(modelKey !== "" && { ENKI_MODEL_KEY: modelKey }),
  };
};
