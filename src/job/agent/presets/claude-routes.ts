import { type AgentVariables, ANTHROPIC_PATHS, type KeyRoute, parseHeaderLines, toBearer } from "../key-route.ts";

const CLOUD_SWITCHES = ["CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY"];
/** The keys that Claude Code can do without. */
export const CLAUDE_OUTSIDE_KEYS = ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"];

/** The route of Claude Code to its model. The clouds sign each request with credentials of their own, so they have no route. */
export const findClaudeRoutes = (env: AgentVariables): KeyRoute[] => {
  if (CLOUD_SWITCHES.some((name) => env[name])) return [];
  const { ANTHROPIC_API_KEY: key, ANTHROPIC_AUTH_TOKEN: token, CLAUDE_CODE_OAUTH_TOKEN: subscription } = env;
  const bearer = token || (key ? "" : subscription);
  if (!key && !bearer) return [];
  const keys = CLAUDE_OUTSIDE_KEYS.filter((name) => env[name] && (name !== "CLAUDE_CODE_OAUTH_TOKEN" || bearer === subscription));
  return [
    {
      keys,
      secrets: [key, bearer].flatMap((secret) => (secret ? [secret.trim()] : [])),
      removed: [...CLAUDE_OUTSIDE_KEYS.filter((name) => !keys.includes(name)), "ANTHROPIC_CUSTOM_HEADERS"],
      upstream: env["ANTHROPIC_BASE_URL"] || "https://api.anthropic.com",
      headers: {
        ...(key && { "x-api-key": key.trim() }),
        ...(bearer && toBearer(bearer)),
        ...parseHeaderLines(env["ANTHROPIC_CUSTOM_HEADERS"] ?? ""),
      },
      paths: ANTHROPIC_PATHS,
      redirect: (given, address) => ({ ...given, ANTHROPIC_BASE_URL: address }),
    },
  ];
};
