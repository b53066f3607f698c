import type { AgentCommand } from "../../core/domain/agent-command.ts";
import { LOGIN_VARIABLE } from "./agent-login.ts";
import { findPreset } from "./find-preset.ts";
import { NETWORK_VARIABLE } from "./key-route.ts";
import { isInputRecord } from "./tool-input-fields.ts";
import { parseJson } from "../../core/domain/parse-json.ts";

/** A value in `[agent] env` that is replaced by the model's key, so that no file contains the key. */
const MODEL_KEY_NAME = "ENKI_MODEL_KEY";

/** The name in a value `$NAME`; null for any other value. */
const readReference = (value: string): string | null => /^\$([A-Za-z_][A-Za-z0-9_]*)$/.exec(value)?.[1] ?? null;

/** The variables whose values an agent's configuration asks for, apart from the model's key. */
const listReferences = ({ env }: Pick<AgentCommand, "env">): string[] =>
  Object.values(env)
    .flatMap((value) => readReference(value) ?? [])
    .filter((name) => name !== MODEL_KEY_NAME);

/** The variables that a preset's agent reads. */
const listPresetVariables = (agent: AgentCommand): string[] => {
  const { preset } = findPreset(agent) ?? {};
  return preset ? [...preset.keys, ...preset.variables, ...Object.values(preset.clouds).flat()] : [];
};

type ShellRequest = {
  /** The agents as the repository configures them. */
  readonly agents: readonly AgentCommand[];
  /** The agents as the person alone configures them. */
  readonly personal: readonly AgentCommand[];
  readonly shell: Readonly<Record<string, string | undefined>>;
};

/** The variables of the shell that an agent has by its preset: those of a cloud only if the shell selects the cloud. */
const listOwnVariables = (agent: AgentCommand, shell: ShellRequest["shell"]): string[] => {
  const { preset } = findPreset(agent) ?? {};
  if (!preset) return [];
  const clouds = Object.entries(preset.clouds).flatMap(([key, names]) => (shell[key] ? names : []));
  return [...preset.keys, ...preset.variables, ...clouds];
};

/** Whether a configuration of opencode may name a server or a key: any text that is no JSON, has a provider, or refers to variables or files. */
const mayNameProvider = (text: string): boolean => {
  const config = parseJson(text);
  return !isInputRecord(config) || config["provider"] !== undefined || /\{(?:env|file):/.test(JSON.stringify(config));
};

/** Variables that decide which code or configuration a program loads. */
const LOADER_VARIABLE =
  /^(?:PATH|HOME|NODE_OPTIONS|NODE_PATH|BASH_ENV|ENV|PYTHON\w+|LD_\w+|DYLD_\w+|GIT_\w+|XDG_\w+|OPENCODE_CONFIG(?:_DIR)?|CLAUDE_CONFIG_DIR|CODEX_HOME|GEMINI_CLI_HOME)$/i;

const isRedirection = (keys: readonly string[], name: string, value: string): boolean =>
  keys.includes(name) ||
  /_URL$|_HEADERS$|_ENDPOINT$|_RESOURCE(?:_NAME)?$|^CLAUDE_CODE_USE_/.test(name) ||
  NETWORK_VARIABLE.test(name) ||
  LOADER_VARIABLE.test(name) ||
  (name === "OPENCODE_CONFIG_CONTENT" && mayNameProvider(value));

/** Whether a value passes on the person's variable under its own name. */
const passesOn = (name: string, value: string): boolean => readReference(value) === name;

/**
 * The settings, by name, with which an agent's configuration sends keys to another server, or into the agent: also a key under
 * another name. The person's own settings do not count.
 */
const listRedirections = (agent: AgentCommand, { agents, personal, shell }: ShellRequest): string[] => {
  const keys = findPreset(agent)?.preset.keys ?? [];
  // Any other reference is refused, and leaves its variable out.
  const ofPresets = new Set(agents.flatMap((each) => listOwnVariables(each, shell)));
  const given = new Set([...ofPresets, ...personal.flatMap(listReferences)]);
  const isOwn = (name: string, value: string): boolean => personal.some(({ env }) => env[name] === value);
  const names = Object.entries(agent.env)
    .filter(([name, value]) => !passesOn(name, value) && !isOwn(name, value))
    .filter(([name, value]) => {
      const reference = readReference(value);
      if (reference === null) return isRedirection(keys, name, value);
      return ofPresets.has(reference) || (given.has(reference) && isRedirection(keys, name, value));
    })
    .map(([name]) => name);
  return [...names, ...(agent.isKeyInside === true && !personal.some(({ isKeyInside }) => isKeyInside) ? ["key_proxy"] : [])];
};

/**
 * The variables of a person's shell that agents may have, by name. Anyone can write a repository's configuration, so it cannot ask for more
 * than the presets' own variables, and for what the person's own configuration asks for. The other names that it asks for are refused. If it
 * sends any agent elsewhere, no agent gets anything for its preset: all agents of a job draw from the same variables.
 */
export const selectShellVariables = ({ agents, personal, shell }: ShellRequest) => {
  const isSet = (name: string): boolean => Boolean(shell[name]);
  const redirections = [...new Set(agents.flatMap((agent) => listRedirections(agent, { agents, personal, shell })))];
  const own = redirections.length > 0 ? [] : agents.flatMap((agent) => listOwnVariables(agent, shell));
  const allowed = new Set([...own, ...personal.flatMap((agent) => listReferences(agent))].filter((name) => isSet(name)));
  const asked = new Set(agents.flatMap((agent) => listReferences(agent)).filter((name) => isSet(name)));
  return {
    given: Object.fromEntries([...allowed].map((name) => [name, shell[name] ?? ""])),
    redirections,
    refused: [...asked].filter((name) => !allowed.has(name)),
  };
};

/** What a person gives to agents: variables by name, and the model's key. */
export type GivenVariables = {
  readonly agentEnv: Readonly<Record<string, string>>;
  /** Empty if there is none. */
  readonly modelKey: string;
};

/** The agent's own variables: the person's by name, then the configured ones. A missing reference leaves its variable out. */
export const selectAgentVariables = (agent: AgentCommand, { agentEnv, modelKey }: GivenVariables): Record<string, string> => {
  const own = listPresetVariables(agent).flatMap((name) => (agentEnv[name] ? [[name, agentEnv[name]] as const] : []));
  const configured = Object.entries(agent.env).flatMap(([name, value]) => {
    const reference = readReference(value);
    if (reference === null) return [[name, value] as const];
    const given = reference === MODEL_KEY_NAME ? modelKey : reference === LOGIN_VARIABLE ? "" : agentEnv[reference];
    return given ? [[name, given] as const] : [];
  });
  const env: Record<string, string> = Object.fromEntries([...own, ...configured]);
  const { keys } = findPreset(agent)?.preset ?? {};
  // The one secret of an installation suffices for a preset: it is the preset's first key.
  if (keys && modelKey !== "" && !keys.some((key) => env[key] !== undefined) && !Object.values(env).includes(modelKey))
    env[keys[0]] = modelKey;
  return env;
};

/** Words in the names of variables and of JSON fields whose values are credentials. */
const SECRET_NAME_PATTERN = /key|token|secret|passw|credential|auth|headers/i;
/** Names of variables that match {@link SECRET_NAME_PATTERN} although their values are paths or addresses, not credentials. */
const PLAIN_NAME_PATTERN = /_FILE$|_URL$|_ENDPOINT$|^GOOGLE_APPLICATION_CREDENTIALS$/;
/** A shorter value would occur by chance. In characters. */
const MIN_SECRET_CHARS = 6;

const listJsonSecrets = (value: unknown, isSecret: boolean): string[] => {
  if (typeof value === "string") return isSecret ? [value] : [];
  if (Array.isArray(value)) return value.flatMap((each) => listJsonSecrets(each, isSecret));
  if (!isInputRecord(value)) return [];
  return Object.entries(value).flatMap(([name, each]) => listJsonSecrets(each, isSecret || SECRET_NAME_PATTERN.test(name)));
};

/** A password in an address: `https://user:password@host`. */
const listAddressSecrets = (value: string): string[] =>
  [...value.matchAll(/:\/\/[^/\s@:]*:([^/\s@]+)@/g)].map(([, password = ""]) => password);

/** The values of these variables that must not leave the job. */
export const listSecretValues = (env: Readonly<Record<string, string>>): string[] =>
  [
    ...new Set(
      Object.entries(env).flatMap(([name, value]) => [
        ...(SECRET_NAME_PATTERN.test(name) && !PLAIN_NAME_PATTERN.test(name) ? [value] : []),
        ...listJsonSecrets(parseJson(value), false),
        ...listAddressSecrets(value),
      ]),
    ),
  ].filter((value) => value.length >= MIN_SECRET_CHARS);

/** Parses the secret `ENKI_AGENT_ENV`: an object in JSON, or a line `NAME=value` for each variable. */
export const parseAgentEnv = (text: string): Record<string, string> => {
  const json = parseJson(text);
  if (isInputRecord(json))
    return Object.fromEntries(Object.entries(json).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])));
  return Object.fromEntries(
    [...text.matchAll(/^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$/gm)].map(([, name = "", value = ""]) => [
      name,
      value.trim().replace(/^(["'])(.*)\1$/, "$2"),
    ]),
  );
};
