import { afterEach, describe, expect, test } from "vitest";
import { type AgentCommand, PRESET_NAMES, type PresetName } from "../../../src/core/domain/agent-command.ts";
import { AGENT_PRESETS } from "../../../src/job/agent/find-preset.ts";
import { keepKeyOutside, type OutsideKey } from "../../../src/job/proxy/keep-key-outside.ts";
import { openModelServer } from "./model-server.ts";

const KEY = ["a", "key", "that", "nobody", "else", "has"].join("-");
const OTHER = ["some", "other", "credential"].join("-");

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

type Given = Readonly<Record<string, string>>;

const keep = async (preset: PresetName | null, variables: Given, over: Partial<AgentCommand> = {}) => {
  const notes: string[] = [];
  const agent = { preset, command: preset === null ? "my-agent" : null, args: [], env: {}, protocol: null, idleMs: 0, ...over };
  const kept = await keepKeyOutside({ agent, variables, onNote: (sentence) => void notes.push(sentence) });
  closing.push(kept.close);
  return { ...kept, notes };
};

const findAddress = ({ variables }: Pick<OutsideKey, "variables">): string =>
  Object.values(variables).flatMap((value) => /http:\/\/127\.0\.0\.1:\d+\/[\w-]+/.exec(value) ?? [])[0] ?? "";

/** Sends a request to this path; returns the headers at the person's own server. */
const reach = async (preset: PresetName, toVariables: (url: string) => Given, path: string) => {
  const model = await openModelServer((_, response) => void response.end("{}"));
  closing.push(model.close);
  const kept = await keep(preset, toVariables(model.url));
  expect(JSON.stringify(kept.variables)).not.toContain(KEY);
  const answer = await fetch(`${findAddress(kept)}${path}`, { method: "POST", body: "{}", headers: { authorization: "Bearer dummy" } });
  expect(answer.status).toBe(200);
  return { ...kept, headers: model.seen[0]?.headers ?? {}, url: model.seen[0]?.url };
};

const provider = (options: object): string =>
  JSON.stringify({ provider: { own: { npm: "@ai-sdk/openai-compatible", options } }, theme: "dark" });

describe("the key of", () => {
  test.each([
    ["claude", "ANTHROPIC_API_KEY", "x-api-key", KEY],
    ["claude", "ANTHROPIC_AUTH_TOKEN", "authorization", `Bearer ${KEY}`],
    ["claude", "CLAUDE_CODE_OAUTH_TOKEN", "authorization", `Bearer ${KEY}`],
  ] as const)("%s in %s is added as %s", async (preset, name, header, value) => {
    const { headers, variables } = await reach(preset, (url) => ({ [name]: KEY, ANTHROPIC_BASE_URL: url }), "/v1/messages");
    expect(headers[header]).toBe(value);
    expect(variables[name]).toMatch(/^enki-outside-[0-9a-f]{32}$/);
  });

  test("claude goes with the person's own headers, which the agent does not get", async () => {
    const given = (url: string) => ({
      ANTHROPIC_API_KEY: `${KEY}\n`,
      ANTHROPIC_BASE_URL: url,
      ANTHROPIC_CUSTOM_HEADERS: `X-Team: blue\nX-Gateway-Token: ${OTHER}`,
    });
    const { headers, variables, sentence } = await reach("claude", given, "/v1/messages");
    expect(headers).toMatchObject({ "x-api-key": KEY, "x-team": "blue", "x-gateway-token": OTHER });
    expect(Object.keys(variables).toSorted()).toEqual(["ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"]);
    expect(sentence).toMatch(/^The model's key is outside the agent: Enki's proxy adds it to requests to `127\.0\.0\.1:\d+`\.$/);
  });

  test.each(["OPENAI_API_KEY", "CODEX_API_KEY"])("codex in %s is added with the person's organization", async (name) => {
    const given = (url: string) => ({ [name]: KEY, OPENAI_BASE_URL: `${url}/v1`, OPENAI_ORGANIZATION: "org-1" });
    const { headers, url } = await reach("codex", given, "/responses");
    expect([headers.authorization, headers["openai-organization"], url]).toEqual([`Bearer ${KEY}`, "org-1", "/v1/responses"]);
  });

  test("gemini is added, and no key of another service is left", async () => {
    const given = (url: string) => ({ GEMINI_API_KEY: KEY, GOOGLE_API_KEY: OTHER, GOOGLE_GEMINI_BASE_URL: url });
    const path = "/v1beta/models/gemini-9-pro:streamGenerateContent?alt=sse";
    const { headers, variables, url } = await reach("gemini", given, path);
    expect([headers["x-goog-api-key"], url]).toEqual([KEY, path]);
    expect(Object.keys(variables).toSorted()).toEqual(["GEMINI_API_KEY", "GOOGLE_GEMINI_BASE_URL"]);
  });

  test.each([
    ["in a variable", "{env:OPENAI_API_KEY}"],
    ["as text", KEY],
  ])("opencode's own provider, %s, is added, and the other settings stay", async (_, apiKey) => {
    const given = (url: string) => ({ OPENAI_API_KEY: KEY, OPENCODE_CONFIG_CONTENT: provider({ baseURL: `${url}/x`, apiKey }) });
    const kept = await reachOwn(given);
    expect(kept.headers.authorization).toBe(`Bearer ${KEY}`);
    const config = JSON.parse(kept.variables["OPENCODE_CONFIG_CONTENT"] ?? "") as Record<string, unknown>;
    expect(config).toMatchObject({ theme: "dark", provider: { own: { npm: "@ai-sdk/openai-compatible" } } });
    expect(kept.sentence).toMatch(/`127\.0\.0\.1:\d+`\.$/);
  });

  const reachOwn = async (toVariables: (url: string) => Given) => {
    const model = await openModelServer((_, response) => void response.end("{}"));
    closing.push(model.close);
    const kept = await keep("opencode", toVariables(model.url));
    expect(JSON.stringify(kept.variables)).not.toContain(KEY);
    const { provider: all } = JSON.parse(kept.variables["OPENCODE_CONFIG_CONTENT"] ?? "") as {
      provider: Record<string, { options: { baseURL: string } }>;
    };
    await fetch(`${all["own"]?.options.baseURL}/chat/completions`, { method: "POST", body: "{}" });
    expect(model.seen[0]?.url).toBe("/x/chat/completions");
    return { ...kept, headers: model.seen[0]?.headers ?? {} };
  };

  test("Azure OpenAI stays outside Codex, and goes to the resource only", async () => {
    const given = (url: string) => ({ AZURE_OPENAI_API_KEY: KEY, AZURE_OPENAI_ENDPOINT: `${url}/` });
    const { headers, url, variables } = await reach("codex", given, "/openai/v1/responses");
    expect({ key: headers["api-key"], url }).toEqual({ key: KEY, url: "/openai/v1/responses" });
    expect(variables["AZURE_OPENAI_API_KEY"]).toMatch(/^enki-outside-/);
  });

  test("each of opencode's known providers goes to that provider only", async () => {
    const kept = await keep("opencode", { ANTHROPIC_API_KEY: KEY, GROQ_API_KEY: OTHER });
    const { provider: all } = JSON.parse(kept.variables["OPENCODE_CONFIG_CONTENT"] ?? "") as { provider: Record<string, object> };
    expect(Object.keys(all).toSorted()).toEqual(["anthropic", "groq"]);
    expect(kept.sentence).toBe(
      "The model's key is outside the agent: Enki's proxy adds it to requests to `api.anthropic.com`, `api.groq.com`.",
    );
  });
});

describe("an agent that needs its key itself", () => {
  test.each([
    [
      "an unknown agent",
      null,
      { MY_KEY: KEY },
      {},
      "The model's key is inside the agent (`MY_KEY`), because Enki cannot point this agent to another address.",
    ],
    [
      "a cloud",
      "claude",
      { CLAUDE_CODE_USE_BEDROCK: "1", AWS_SECRET_ACCESS_KEY: KEY, ANTHROPIC_API_KEY: OTHER },
      {},
      "The model's key is inside the agent (`AWS_SECRET_ACCESS_KEY`, `ANTHROPIC_API_KEY`), because Claude Code uses credentials like these itself.",
    ],
    [
      "a cloud whose credentials are in files",
      "claude",
      { CLAUDE_CODE_USE_VERTEX: "1" },
      {},
      "The model's key is inside the agent (`CLAUDE_CODE_USE_VERTEX`), because Claude Code uses credentials like these itself.",
    ],
    [
      "Vertex AI",
      "gemini",
      { GOOGLE_API_KEY: KEY },
      {},
      "The model's key is inside the agent (`GOOGLE_API_KEY`), because Gemini CLI uses credentials like these itself.",
    ],
    [
      "a proxy of its own",
      "codex",
      { OPENAI_API_KEY: KEY, HTTPS_PROXY: "http://p:1" },
      {},
      "The model's key is inside the agent (`OPENAI_API_KEY`), because the agent has a proxy or certificates of its own.",
    ],
    [
      "`key_proxy = false`",
      "codex",
      { OPENAI_API_KEY: KEY },
      { isKeyInside: true },
      "The model's key is inside the agent (`OPENAI_API_KEY`), because `[agent] key_proxy` is off.",
    ],
    ["no key", "opencode", { OPENCODE_CONFIG_CONTENT: "{}" }, {}, ""],
  ] as const)("keeps its variables: %s", async (_, preset, variables, over, sentence) => {
    const kept = await keep(preset, variables, over);
    expect(kept.variables).toEqual(variables);
    expect(kept.sentence).toBe(sentence);
  });

  test("is told apart from one with further credentials beside the key", async () => {
    const kept = await keep("codex", { OPENAI_API_KEY: KEY, AZURE_OPENAI_API_KEY: OTHER, MY_NOTE: `key is ${KEY}` });
    expect(kept.variables["MY_NOTE"]).toBe(`key is ${kept.variables["OPENAI_API_KEY"]}`);
    expect(kept.sentence).toBe(
      "The model's key is outside the agent: Enki's proxy adds it to requests to `api.openai.com`. The agent has these credentials itself: `AZURE_OPENAI_API_KEY`.",
    );
  });

  test("keeps an address that is not HTTP", async () => {
    const kept = await keep("claude", { ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: "unix:/run/model" });
    expect(kept.variables["ANTHROPIC_API_KEY"]).toBe(KEY);
  });
});

test("each refused request is a sentence, and after fifty only their number", async () => {
  const kept = await keep("claude", { ANTHROPIC_API_KEY: KEY });
  for (let at = 0; at < 52; at += 1) await fetch(`${findAddress(kept)}/v1/files/${at}`);
  await kept.close();
  await kept.close();
  expect(kept.notes).toHaveLength(51);
  expect(kept.notes[0]).toBe("Enki's proxy for the model's key refused `GET /v1/files/0`: the proxy forwards only what a session needs.");
  expect(kept.notes.at(-1)).toBe("Enki's proxy for the model's key refused 52 requests in all.");
});

describe.each(PRESET_NAMES)("the preset %s", (name) => {
  const { outsideKeys, keys, findRoutes } = AGENT_PRESETS[name];

  test("has a route, over https and to its own server, for exactly the keys that it says", () => {
    for (const key of keys) {
      // Azure's server is unknown without the address of a resource.
      const routes = findRoutes({ AZURE_OPENAI_ENDPOINT: "https://mine.openai.azure.com", [key]: KEY });
      expect([key, routes.length]).toEqual([key, outsideKeys.includes(key) ? 1 : 0]);
      for (const { upstream, headers, secrets, keys: named } of routes) {
        expect(upstream).toMatch(/^https:\/\/[\w.]+(?:\/[\w/]*)?$/);
        expect(Object.values(headers).join(" ")).toContain(KEY);
        expect([new Set(secrets), named]).toEqual([new Set([KEY]), [key]]);
      }
    }
  });
});
