import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { AGENT_PROTOCOLS, type AgentProtocol, PRESET_NAMES, type PresetName } from "../../src/core/domain/agent-command.ts";
import { AGENT_PROGRAMS, type AgentProgram } from "../../src/core/domain/agent-program.ts";

/**
 * The directory of installed agents, outside of the lock file. The agents stay, because they have up to 400 MB each. `enki run` uses the same
 * directory.
 */
const DIRECTORY = process.env["ENKI_AGENTS_DIRECTORY"] ?? join(homedir(), ".cache", "enki", "agents");
const INSTALL_LIMIT_MS = 180_000;

const toBin = ({ package: name, version }: AgentProgram): string =>
  join(DIRECTORY, `${name.replaceAll("/", "+")}@${version}`, "node_modules", ".bin");

/** Installs the pinned version of a missing program. Returns the reason of a failure. */
const installProgram = (program: AgentProgram): string | null => {
  const bin = toBin(program);
  const [name] = program.programs;
  const works = (): boolean => spawnSync(join(bin, name), ["--version"], { stdio: "ignore", timeout: 30_000 }).status === 0;
  if (works()) return null;
  const prefix = join(bin, "..", "..");
  mkdirSync(prefix, { recursive: true });
  const spec = `${program.package}@${program.version}`;
  const { status, stderr, error } = spawnSync("npm", ["install", "--prefix", prefix, "--no-audit", "--no-fund", "--loglevel=error", spec], {
    encoding: "utf8",
    timeout: INSTALL_LIMIT_MS,
  });
  if (status === 0) return null;
  rmSync(prefix, { recursive: true, force: true });
  return `npm cannot install ${spec}: ${(stderr || error?.message || "no answer").trim().split("\n")[0] ?? ""}`;
};

/** The presets of a run: `ENKI_AGENTS=claude,opencode`, or every preset. */
export const CHOSEN_PRESETS: readonly PresetName[] = PRESET_NAMES.filter((name) =>
  (process.env["ENKI_AGENTS"] ?? PRESET_NAMES.join(",")).split(",").includes(name),
);

export type InstalledAgents = {
  /** The PATH with the agent's programs for these protocols. */
  readonly path: string;
  /** The reason for a missing agent; null if the agent is installed. */
  readonly missing: string | null;
};

export const installPreset = (name: PresetName, protocols: readonly AgentProtocol[] = AGENT_PROTOCOLS): InstalledAgents => {
  const programs = protocols.map((protocol) => AGENT_PROGRAMS[name][protocol]);
  const missing = programs.map((program) => installProgram(program)).find((each) => each !== null) ?? null;
  return { path: [...new Set(programs.map((program) => toBin(program))), process.env["PATH"] ?? ""].join(delimiter), missing };
};

export const GATEWAY_KEY = ["sk", "scripted", "0123456789"].join("-");

/** Returns the variables with which a person connects an agent to their own model server. */
export const toGatewayVariables = (name: PresetName, url: string): Record<string, string> => {
  const key = GATEWAY_KEY;
  switch (name) {
    case "claude":
      return { ANTHROPIC_API_KEY: key, ANTHROPIC_BASE_URL: url };
    case "codex":
      return { OPENAI_API_KEY: key, OPENAI_BASE_URL: `${url}/v1` };
    case "gemini":
      return { GEMINI_API_KEY: key, GOOGLE_GEMINI_BASE_URL: url };
    case "opencode": {
      const model = { tool_call: true, limit: { context: 100_000, output: 4_096 } };
      const options = { baseURL: `${url}/v1`, apiKey: "{env:OPENAI_API_KEY}" };
      const scripted = { npm: "@ai-sdk/openai-compatible", options, models: { scripted: model } };
      const config = { model: "own/scripted", small_model: "own/scripted", enabled_providers: ["own"], provider: { own: scripted } };
      return { OPENAI_API_KEY: key, OPENCODE_CONFIG_CONTENT: JSON.stringify(config) };
    }
  }
};
