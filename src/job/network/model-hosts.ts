import type { PresetName } from "../../core/domain/agent-command.ts";
import { readAddressTarget } from "../../core/policy/network-hosts.ts";
import { type AgentVariables, NETWORK_VARIABLE } from "../agent/key-route.ts";

const NETWORK_NAME = /^no_proxy$/i;

/** The hosts in the agent's variables: its own server, or a model on this machine. */
const listNamedHosts = (variables: AgentVariables): string[] =>
  Object.entries(variables)
    .filter(([name]) => !NETWORK_VARIABLE.test(name) && !NETWORK_NAME.test(name))
    .flatMap(([, value]) => value.match(/https?:\/\/[^\s"'<>\\]+/gi) ?? [])
    .flatMap((address) => {
      const target = readAddressTarget(address);
      return target === null ? [] : [`${target.host}:${target.port}`];
    });

const listBedrockHosts = ({ AWS_REGION: region, AWS_DEFAULT_REGION: other }: AgentVariables): string[] => {
  const at = region || other || "us-east-1";
  return ["bedrock-runtime", "bedrock", "sts"].map((service) => `${service}.${at}.amazonaws.com`).concat("sts.amazonaws.com");
};

const listVertexHosts = ({ CLOUD_ML_REGION: one, GOOGLE_CLOUD_LOCATION: other }: AgentVariables): string[] => {
  const at = [one, other].flatMap((region) => (region && region !== "global" ? [`${region}-aiplatform.googleapis.com`] : []));
  return [...at, "aiplatform.googleapis.com", "oauth2.googleapis.com", "sts.googleapis.com"];
};

const listFoundryHosts = ({ ANTHROPIC_FOUNDRY_RESOURCE: resource }: AgentVariables): string[] => [
  ...(resource ? [`${resource}.services.ai.azure.com`] : []),
  "login.microsoftonline.com",
];

/** The hosts that a provider's key is for, by the variable with the key. */
const PROVIDER_HOSTS: Readonly<Record<string, string>> = {
  ANTHROPIC_API_KEY: "api.anthropic.com",
  OPENAI_API_KEY: "api.openai.com",
  GEMINI_API_KEY: "generativelanguage.googleapis.com",
  GOOGLE_GENERATIVE_AI_API_KEY: "generativelanguage.googleapis.com",
  OPENROUTER_API_KEY: "openrouter.ai",
  GROQ_API_KEY: "api.groq.com",
  MISTRAL_API_KEY: "api.mistral.ai",
  DEEPSEEK_API_KEY: "api.deepseek.com",
  XAI_API_KEY: "api.x.ai",
};

const listOwnHosts: Readonly<Record<PresetName, (variables: AgentVariables) => readonly string[]>> = {
  claude: (variables) => {
    if (variables["CLAUDE_CODE_USE_BEDROCK"]) return listBedrockHosts(variables);
    if (variables["CLAUDE_CODE_USE_VERTEX"]) return listVertexHosts(variables);
    return variables["CLAUDE_CODE_USE_FOUNDRY"] ? listFoundryHosts(variables) : ["api.anthropic.com"];
  },
  codex: () => ["api.openai.com", "chatgpt.com", "auth.openai.com"],
  gemini: (variables) => [
    "generativelanguage.googleapis.com",
    "cloudcode-pa.googleapis.com",
    ...(variables["GOOGLE_GENAI_USE_VERTEXAI"] ? listVertexHosts(variables) : ["oauth2.googleapis.com"]),
  ],
  opencode: (variables) => [
    ...Object.entries(PROVIDER_HOSTS).flatMap(([name, host]) => (variables[name] ? [host] : [])),
    ...(variables["AWS_ACCESS_KEY_ID"] || variables["AWS_BEARER_TOKEN_BEDROCK"] ? listBedrockHosts(variables) : []),
    ...(variables["GOOGLE_APPLICATION_CREDENTIALS"] ? listVertexHosts(variables) : []),
  ],
};

export type ModelRequest = {
  readonly preset: PresetName | null;
  readonly variables: AgentVariables;
  /** Whether Enki's proxy makes all requests to the model's servers. */
  readonly isModelProxied: boolean;
};

/** The hosts, with ports where they are named, that an agent reaches itself to use its model. */
export const listModelHosts = ({ preset, variables, isModelProxied }: ModelRequest): string[] => {
  const own = preset === null || isModelProxied ? [] : listOwnHosts[preset](variables);
  return [...new Set([...listNamedHosts(variables), ...own])];
};
