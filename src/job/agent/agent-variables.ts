import type { AgentCommand } from "../../core/domain/agent-command.ts";
import { findPreset } from "./find-preset.ts";
import { NETWORK_VARIABLE } from "./key-route.ts";
import { isInputRecord } from "./tool-input-fields.ts";

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

/** A value that names a server or a key of opencode's providers. */
const PROVIDER_PATTERN = /baseURL|apiKey|\{(?:env|file):/;

const isRedirection = (keys: readonly string[], name: string, value: string): boolean =>
  keys.includes(name) ||
  /_URL$|_HEADERS$|_RESOURCE$/.test(name) ||
  NETWORK_VARIABLE.test(name) ||
  (name === "OPENCODE_CONFIG_CONTENT" && PROVIDER_PATTERN.test(value));

/** The settings, by name, with which an agent's configuration sends keys to another server, or into the agent. The person's own do not count. */
const listRedirections = (agent: AgentCommand, personal: readonly AgentCommand[]): string[] => {
  const keys = findPreset(agent)?.preset.keys ?? [];
  const isOwn = (name: string, value: string): boolean => personal.some(({ env }) => env[name] === value);
  const names = Object.entries(agent.env)
    .filter(([name, value]) => readReference(value) === null && isRedirection(keys, name, value) && !isOwn(name, value))
    .map(([name]) => name);
  return [...names, ...(agent.isKeyInside === true && !personal.some(({ isKeyInside }) => isKeyInside) ? ["key_proxy"] : [])];
};

/**
 * The variables of a person's shell that agents may have, by name. Anyone can write a repository's configuration, so it cannot ask for more
 * than the presets' own variables, and for what the person's own configuration asks for. The other names that it asks for are refused. It
 * gets no key at all for an agent that it sends elsewhere.
 */
export const selectShellVariables = ({ agents, personal, shell }: ShellRequest) => {
  const isSet = (name: string): boolean => Boolean(shell[name]);
  const own = agents.flatMap((agent) => {
    const { preset } = findPreset(agent) ?? {};
    if (!preset) return [];
    if (listRedirections(agent, personal).length > 0) return preset.variables;
    const clouds = Object.entries(preset.clouds).flatMap(([key, names]) => (isSet(key) ? names : []));
    return [...preset.keys, ...preset.variables, ...clouds];
  });
  const allowed = new Set([...own, ...personal.flatMap((agent) => listReferences(agent))].filter((name) => isSet(name)));
  const asked = new Set(agents.flatMap((agent) => listReferences(agent)).filter((name) => isSet(name)));
  return {
    given: Object.fromEntries([...allowed].map((name) => [name, shell[name] ?? ""])),
    redirections: [...new Set(agents.flatMap((agent) => listRedirections(agent, personal)))],
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
    const given = reference === MODEL_KEY_NAME ? modelKey : agentEnv[reference];
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
/** Names that have such a word, but hold a path, an address or a switch. */
const PLAIN_NAME_PATTERN = /_FILE$|_URL$|_ENDPOINT$|^GOOGLE_APPLICATION_CREDENTIALS$/;
/** A shorter value would occur by chance. In characters. */
const MIN_SECRET_CHARS = 6;

const listJsonSecrets = (value: unknown, isSecret: boolean): string[] => {
  if (typeof value === "string") return isSecret ? [value] : [];
  if (Array.isArray(value)) return value.flatMap((each) => listJsonSecrets(each, isSecret));
  if (!isInputRecord(value)) return [];
  return Object.entries(value).flatMap(([name, each]) => listJsonSecrets(each, isSecret || SECRET_NAME_PATTERN.test(name)));
};

const parseJson = (text: string): unknown => {
  try {
    return /^\s*[{[]/.test(text) ? JSON.parse(text) : null;
  } catch {
    return null;
  }
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
