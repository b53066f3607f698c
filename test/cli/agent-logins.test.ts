import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readGivenVariables } from "../../src/cli/agent-secrets.ts";
import { findLogin } from "../../src/cli/agent-logins.ts";
import type { AgentChoice } from "../../src/cli/local-machine.ts";
import { LOGIN_VARIABLE } from "../../src/job/agent/agent-login.ts";
import type { AgentCommand, PresetName } from "../../src/core/domain/agent-command.ts";
import { ACCESS, RENEWAL, toLoginFiles, toWebToken, writeLogin } from "../support/agent-logins.ts";

const NOW = 1_000_000_000_000;
const HOUR_MS = 3_600_000;
const FILES = toLoginFiles(NOW);

let home = "";
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "enki-login-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const find = async (name: PresetName, { now = NOW, env = {} }: { now?: number; env?: Record<string, string> } = {}) => {
  const found = await findLogin({ env: { HOME: home, ...env }, now: () => now }, name);
  const files = Object.entries(found?.files ?? {}).map(([path, text]) => [path, JSON.parse(text) as Record<string, unknown>] as const);
  return found && { ...found, files: Object.fromEntries(files) };
};

describe("the login of", () => {
  test("Claude Code is a variable, so that its token stays outside the agent", async () => {
    writeLogin(home, FILES.claude);
    expect(await find("claude")).toEqual({
      variables: { CLAUDE_CODE_OAUTH_TOKEN: ACCESS },
      files: {},
      expiresAt: NOW + HOUR_MS,
      path: "~/.claude/.credentials.json",
      isExpired: false,
    });
  });

  test("Codex with ChatGPT is a file without the token that renews the others", async () => {
    writeLogin(home, FILES.codex);
    const found = await find("codex");
    expect(found).toMatchObject({ variables: {}, path: "~/.codex/auth.json", isExpired: false, expiresAt: NOW + HOUR_MS });
    const { tokens, ...rest } = FILES.codex[".codex/auth.json"];
    expect(found?.files).toEqual({ ".codex/auth.json": { ...rest, tokens: { ...tokens, refresh_token: "" } } });
  });

  test("Codex with a key is the key's variable", async () => {
    writeLogin(home, { ".codex/auth.json": { auth_mode: "apikey", OPENAI_API_KEY: ACCESS } });
    expect(await find("codex")).toMatchObject({ variables: { OPENAI_API_KEY: ACCESS }, files: {}, expiresAt: null });
  });

  test("Gemini CLI is its files, which Google does not invalidate when a copy is renewed", async () => {
    writeLogin(home, FILES.gemini);
    const found = await find("gemini", { env: { GOOGLE_CLOUD_PROJECT: "mine" } });
    expect(found?.variables).toEqual({ GOOGLE_CLOUD_PROJECT: "mine" });
    const { ".gemini/settings.json": settings, ...files } = FILES.gemini;
    expect(settings).toBeDefined();
    expect(found?.files).toEqual(files);
  });

  test.each(["gemini-api-key", "vertex-ai"])("Gemini CLI is not used if its settings choose %s", async (selectedType) => {
    writeLogin(home, { ...FILES.gemini, ".gemini/settings.json": { security: { auth: { selectedType } } } });
    expect(await find("gemini")).toBe(null);
  });

  test("opencode is its file without tokens that renew others, and without what has expired", async () => {
    writeLogin(home, FILES.opencode);
    const entries = FILES.opencode[".local/share/opencode/auth.json"];
    const path = ".local/share/opencode/auth.json";
    expect((await find("opencode"))?.files).toEqual({ [path]: { ...entries, openai: { ...entries.openai, refresh: "" } } });
    const { groq, "github-copilot": copilot } = entries;
    expect((await find("opencode", { now: NOW + 2 * HOUR_MS }))?.files).toEqual({ [path]: { groq, "github-copilot": copilot } });
  });

  test.each(["claude", "codex"] as const)("%s has expired a minute before its token ends", async (name) => {
    writeLogin(home, FILES[name]);
    expect((await find(name, { now: NOW + HOUR_MS - 61_000 }))?.isExpired).toBe(false);
    expect((await find(name, { now: NOW + HOUR_MS - 59_000 }))?.isExpired).toBe(true);
  });

  test.each([
    ["claude", "CLAUDE_CONFIG_DIR", ".claude"],
    ["codex", "CODEX_HOME", ".codex"],
    ["gemini", "GEMINI_CLI_HOME", ""],
    ["opencode", "XDG_DATA_HOME", ".local/share"],
  ] as const)("%s is where %s says", async (name, variable, directory) => {
    writeLogin(join(home, "elsewhere"), FILES[name]);
    expect(await find(name)).toBe(null);
    const found = await find(name, { env: { [variable]: join(home, "elsewhere", directory) } });
    expect(found?.path).toMatch(/^~\/elsewhere\//);
  });

  test("an agent without a login, or with another file, is none", async () => {
    for (const name of ["claude", "codex", "gemini", "opencode"] as const) {
      expect(await find(name)).toBe(null);
      for (const path of Object.keys(FILES[name])) writeLogin(home, { [path]: [] });
      expect(await find(name)).toBe(null);
    }
  });

  test("a token that does not say when it expires does not expire", async () => {
    const tokens = { access_token: ACCESS, refresh_token: RENEWAL, id_token: toWebToken(NOW) };
    writeLogin(home, { ".codex/auth.json": { tokens } });
    expect(await find("codex")).toMatchObject({ expiresAt: null, isExpired: false });
  });
});

test("no agent gets a login if the repository gives a command line to a single one: all agents of a job draw from the same logins", async () => {
  writeLogin(home, FILES.codex);
  const own: AgentCommand = { preset: "codex", command: null, args: [], env: {}, protocol: null, idleMs: 1 };
  const read = async (planner: Partial<AgentCommand>, chosen: AgentChoice | null = null) => {
    const printed: string[] = [];
    const print = (text: string): void => void printed.push(text);
    const agents = { planner: { ...own, ...planner }, worker: own, merger: own, sidecar: own };
    const terminal = { env: { HOME: home }, out: print, err: print, now: () => NOW };
    const { agentEnv } = await readGivenVariables(terminal, { agents, chosen });
    return [Object.keys(agentEnv), printed.join("")];
  };
  expect(await read({})).toEqual([[LOGIN_VARIABLE], expect.stringContaining("Codex uses the login in ~/.codex/auth.json")]);
  expect(await read({ preset: null, command: "sh", args: ["x.sh"] })).toEqual([[], ""]);
  expect(await read({ args: ["--config", "x"] })).toEqual([[], ""]);
});
