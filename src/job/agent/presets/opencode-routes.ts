import { type AgentVariables, ANTHROPIC_PATHS, GOOGLE_PATHS, type KeyRoute, OPENAI_PATHS, toBearer } from "../key-route.ts";
import { readRecord, readText } from "../read-fields.ts";
import { parseJson } from "../../../core/domain/parse-json.ts";

/** The headers with which requests to a kind of API carry the key, and the paths that a session needs. */
type ProviderApi = { readonly toHeaders: (key: string) => Readonly<Record<string, string>>; readonly paths: RegExp };

const ANTHROPIC: ProviderApi = { toHeaders: (key) => ({ "x-api-key": key.trim() }), paths: ANTHROPIC_PATHS };
const OPENAI: ProviderApi = { toHeaders: toBearer, paths: OPENAI_PATHS };
const GOOGLE: ProviderApi = { toHeaders: (key) => ({ "x-goog-api-key": key.trim() }), paths: GOOGLE_PATHS };

type KnownProvider = { readonly api: ProviderApi; readonly keys: readonly string[]; readonly upstream: string };

const PROVIDERS: Readonly<Record<string, KnownProvider>> = {
  anthropic: { api: ANTHROPIC, keys: ["ANTHROPIC_API_KEY"], upstream: "https://api.anthropic.com/v1" },
  openai: { api: OPENAI, keys: ["OPENAI_API_KEY"], upstream: "https://api.openai.com/v1" },
  google: {
    api: GOOGLE,
    keys: ["GOOGLE_GENERATIVE_AI_API_KEY", "GEMINI_API_KEY"],
    upstream: "https://generativelanguage.googleapis.com/v1beta",
  },
  openrouter: { api: OPENAI, keys: ["OPENROUTER_API_KEY"], upstream: "https://openrouter.ai/api/v1" },
  groq: { api: OPENAI, keys: ["GROQ_API_KEY"], upstream: "https://api.groq.com/openai/v1" },
  mistral: { api: OPENAI, keys: ["MISTRAL_API_KEY"], upstream: "https://api.mistral.ai/v1" },
  deepseek: { api: OPENAI, keys: ["DEEPSEEK_API_KEY"], upstream: "https://api.deepseek.com" },
  xai: { api: OPENAI, keys: ["XAI_API_KEY"], upstream: "https://api.x.ai/v1" },
};

export const PROVIDER_KEYS: readonly string[] = Object.values(PROVIDERS).flatMap(({ keys }) => keys);

/** A person's own provider speaks like the package that its configuration names. */
const API_BY_PACKAGE: Readonly<Record<string, ProviderApi>> = {
  "@ai-sdk/anthropic": ANTHROPIC,
  "@ai-sdk/openai": OPENAI,
  "@ai-sdk/openai-compatible": OPENAI,
  "@ai-sdk/google": GOOGLE,
};

const CONFIG_VARIABLE = "OPENCODE_CONFIG_CONTENT";

const parseConfig = (text: string | undefined): Readonly<Record<string, unknown>> => readRecord(parseJson(text ?? ""));

const readProvider = (config: Readonly<Record<string, unknown>>, id: string): Readonly<Record<string, unknown>> =>
  readRecord(readRecord(config["provider"])[id]);

const withProviderOptions = (env: AgentVariables, id: string, own: Readonly<Record<string, string>>): AgentVariables => {
  const config = parseConfig(env[CONFIG_VARIABLE]);
  const provider = readProvider(config, id);
  const changed = { ...provider, options: { ...readRecord(provider["options"]), ...own } };
  return { ...env, [CONFIG_VARIABLE]: JSON.stringify({ ...config, provider: { ...readRecord(config["provider"]), [id]: changed } }) };
};

/** The key of a provider: from its configuration, as text or as `{env:NAME}`, else from the first variable that is set. */
const findProviderKey = (env: AgentVariables, configured: string | null, names: readonly string[]) => {
  const [, reference] = /^\{env:(\w+)\}$/.exec(configured ?? "") ?? [];
  const variables = (reference === undefined ? names : [reference]).filter((name) => env[name]);
  const isText = configured !== null && reference === undefined && !configured.startsWith("{");
  const key = isText ? configured : configured === null || reference !== undefined ? env[variables[0] ?? ""] : undefined;
  return { key, variables: isText ? [] : variables };
};

const findProviderRoute = (env: AgentVariables, id: string): KeyRoute | null => {
  const provider = readProvider(parseConfig(env[CONFIG_VARIABLE]), id);
  const { baseURL, apiKey } = readRecord(provider["options"]);
  const known = PROVIDERS[id];
  const api = API_BY_PACKAGE[readText(provider["npm"]) ?? ""] ?? known?.api;
  const upstream = readText(baseURL) ?? known?.upstream;
  const { key, variables } = findProviderKey(env, readText(apiKey), known?.keys ?? []);
  if (api === undefined || upstream === undefined || upstream.includes("{") || !key) return null;
  return {
    keys: variables,
    secrets: [key.trim(), ...variables.flatMap((name) => env[name]?.trim() || [])],
    removed: [],
    upstream,
    headers: api.toHeaders(key),
    paths: api.paths,
    redirect: (given, address) => withProviderOptions(given, id, { baseURL: address }),
  };
};

/** A route for each provider whose key and address are known. */
export const findProviderRoutes = (env: AgentVariables): KeyRoute[] => {
  const own = Object.keys(readRecord(parseConfig(env[CONFIG_VARIABLE])["provider"]));
  return [...new Set([...Object.keys(PROVIDERS), ...own])].flatMap((id) => findProviderRoute(env, id) ?? []);
};
