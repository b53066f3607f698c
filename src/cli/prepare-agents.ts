import { spawn } from "node:child_process";
import { mkdir, realpath } from "node:fs/promises";
import { basename, delimiter, dirname, join, resolve } from "node:path";
import { readConfig } from "../core/config/read-config.ts";
import { type AgentCommand, PRESET_NAMES, type PresetName } from "../core/domain/agent-command.ts";
import { type AgentProgram, findPreferredProgram } from "../core/domain/agent-program.ts";
import type { Config } from "../core/domain/config.ts";
import { formatExpiredLogin, formatMissingLogin } from "../core/messages/agent-login.ts";
import { AGENT_PRESETS, findPreset } from "../job/agent/find-preset.ts";
import { findAgentProgram } from "../job/agent/resolve-agent.ts";
import { findLogin } from "./agent-logins.ts";
import { hasKey } from "./agent-secrets.ts";
import { findAgentCommand } from "./command-line.ts";
import { CommandError, readNamedFile } from "./command-options.ts";
import { findHome } from "./find-home.ts";
import { readEffectiveLayers } from "./effective-layers.ts";
import type { AgentChoice } from "./local-machine.ts";
import { readAgentScript } from "./scripted-agent/agent-script.ts";
import type { TerminalHost } from "./terminal-host.ts";

/** Where Enki keeps the agents that it installed itself. */
const toInstallDirectory = (terminal: TerminalHost, program: AgentProgram): string =>
  join(findHome(terminal), ".cache", "enki", "agents", `${program.package.replaceAll("/", "+")}@${program.version}`);

const MAX_INSTALL_OUTPUT_CHARS = 2_000;

const installProgram = (terminal: TerminalHost, directory: string, program: AgentProgram): Promise<string> =>
  new Promise((resolve) => {
    const args = ["install", "--prefix", directory, "--no-audit", "--no-fund", "--loglevel=error", `${program.package}@${program.version}`];
    // Not in the repository, whose files tell some wrappers of npm which program to run.
    const child = spawn("npm", args, { cwd: directory, env: { ...terminal.env }, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (chunk: string) => void (text = (text + chunk).slice(-MAX_INSTALL_OUTPUT_CHARS)));
    child.on("error", ({ message }) => resolve(message));
    child.on("close", (code) => resolve(code === 0 ? "" : text));
  });

/** The directory with the program of a preset: on the PATH, or installed there by Enki, once. */
const requireProgram = async (terminal: TerminalHost, program: AgentProgram): Promise<string> => {
  const directory = toInstallDirectory(terminal, program);
  const bin = join(directory, "node_modules", ".bin");
  const path = [terminal.env["PATH"] ?? "", bin].join(delimiter);
  for (const name of program.programs) {
    const file = await findAgentProgram(name, path);
    // Jobs see the directory itself, but not a link to it.
    if (file !== null) return join(await realpath(dirname(file)), basename(file));
  }
  terminal.out(`Installing ${program.package}@${program.version} into ${directory}, once.\n`);
  await mkdir(directory, { recursive: true });
  const failed = await installProgram(terminal, directory, program);
  if (failed === "") return join(await realpath(bin), program.programs[0]);
  throw new CommandError(`${program.package} could not be installed; run npm install -g ${program.package}@${program.version} to see why`);
};

/** The first preset whose key is in the person's shell, otherwise the first one with a login on the machine; null if there is none. */
const detectPreset = async (terminal: TerminalHost): Promise<PresetName | null> => {
  const withKey = PRESET_NAMES.find((name) => AGENT_PRESETS[name].keys.some((key) => Boolean(terminal.env[key])));
  if (withKey !== undefined || terminal.env["ENKI_MODEL_KEY"]) return withKey ?? null;
  const logins = await Promise.all(PRESET_NAMES.map((name) => findLogin(terminal, name)));
  const usable = logins.findIndex((login) => login?.isExpired === false);
  return PRESET_NAMES[usable === -1 ? logins.findIndex((login) => login !== null) : usable] ?? null;
};

const choosePreset = async (terminal: TerminalHost, name: PresetName): Promise<AgentChoice> => ({
  preset: name,
  command: await requireProgram(terminal, findPreferredProgram(name)),
  args: [],
});

/** Reads the file of `enki rehearse` before anything starts. Jobs run in other directories, so the path becomes absolute. */
const checkRehearsal = async (terminal: TerminalHost, agent: AgentChoice): Promise<AgentChoice> => {
  const [word, file, ...rest] = agent.args;
  if (basename(agent.command) !== "enki" || word !== "rehearse" || file === undefined) return agent;
  const play = readAgentScript(file, await readNamedFile(terminal, file));
  if (!play.ok) throw new CommandError(play.refusal.message);
  return { ...agent, args: [word, resolve(terminal.cwd, file), ...rest] };
};

/** The agent that a person names with `--agent`: a preset, or a command line. */
export const findNamedAgent = async (terminal: TerminalHost, text: string): Promise<AgentChoice> => {
  const name = PRESET_NAMES.find((each) => each === text.trim());
  return name === undefined ? checkRehearsal(terminal, await findAgentCommand(terminal, text)) : choosePreset(terminal, name);
};

/** Refuses an agent without any key or login, before a job finds that out. */
const requireKey = async (terminal: TerminalHost, agent: AgentCommand): Promise<void> => {
  const preset = findPreset(agent)?.preset;
  if (!preset?.needsKey || hasKey(agent, toGivenVariables(terminal.env))) return;
  const login = await findLogin(terminal, preset.name);
  if (login?.isExpired === false) return;
  const remedy = {
    label: preset.label,
    command: preset.loginCommand,
    tokenCommand: preset.login,
    key: preset.keys[0],
    isInKeychain: preset.name === "claude" && process.platform === "darwin",
  };
  throw new CommandError(
    login === null ? formatMissingLogin(remedy) : formatExpiredLogin({ ...remedy, path: login.path }),
    `export ${remedy.key}=…`,
  );
};

const EMPTY_AGENT: AgentCommand = { preset: null, command: null, args: [], env: {}, protocol: null, idleMs: 0 };

const toGivenVariables = (env: TerminalHost["env"]) => ({
  agentEnv: Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value ? [[name, value]] : []))),
  modelKey: env["ENKI_MODEL_KEY"] ?? "",
});

export type PreparedAgents = {
  /** The agent for every job; null if jobs use the agents that the repository configures. */
  readonly agent: AgentChoice | null;
  /** The terminal whose PATH has the programs of the presets. */
  readonly terminal: TerminalHost;
};

type AgentRequest = {
  /** The repository's directory. */
  readonly directory: string;
  /** The agent that the person named; null for none. */
  readonly named: AgentChoice | null;
  /** Whether the run needs an agent at all. */
  readonly isNeeded: (config: Config) => boolean;
};

/** Chooses the agents of a local run: installs what is missing, and checks that each has a key. */
export const prepareAgents = async (terminal: TerminalHost, { directory, named, isNeeded }: AgentRequest): Promise<PreparedAgents> => {
  if (named !== null) {
    await requireKey(terminal, { ...EMPTY_AGENT, ...named });
    return { agent: named, terminal };
  }
  const { config, origins } = readConfig(await readEffectiveLayers({ ...terminal, cwd: directory }));
  if (!isNeeded(config)) return { agent: null, terminal };
  const isConfigured = [...origins.keys()].some((key) => /^agent\.(?:\w+\.)?(?:preset|command)$/.test(key));
  const detected = isConfigured ? null : await detectPreset(terminal);
  const agents = Object.values(config.agents);
  if (detected !== null) await requireKey(terminal, { ...EMPTY_AGENT, preset: detected });
  if (detected !== null) return { agent: await choosePreset(terminal, detected), terminal };
  for (const agent of agents) await requireKey(terminal, agent);
  const programs = new Set(agents.flatMap((agent) => (agent.command === null ? (findPreset(agent)?.program ?? []) : [])));
  const files = [];
  for (const program of programs) files.push(await requireProgram(terminal, program));
  const path = [terminal.env["PATH"] ?? "", ...files.map((file) => join(file, ".."))].join(delimiter);
  return { agent: null, terminal: { ...terminal, env: { ...terminal.env, PATH: path } } };
};
