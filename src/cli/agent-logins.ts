import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import type { PresetName } from "../core/domain/agent-command.ts";
import type { LoginFiles } from "../job/agent/agent-login.ts";
import { readNumber, readRecord, readText } from "../job/agent/read-fields.ts";
import { findHome } from "./find-home.ts";
import type { TerminalHost } from "./terminal-host.ts";
import { MINUTE_MS, SECOND_MS } from "../core/domain/durations.ts";
import { parseJson } from "../core/domain/parse-json.ts";

type Json = Readonly<Record<string, unknown>>;
type Shell = TerminalHost["env"];

/** What a job gets of a login: variables of the agent, or files in its home. */
type LoginContent = {
  readonly variables: Readonly<Record<string, string>>;
  readonly files: LoginFiles;
  /** Milliseconds since the epoch; null if the login does not expire. */
  readonly expiresAt: number | null;
};

export type FoundLogin = LoginContent & {
  /** The file with the login, for a person. */
  readonly path: string;
  readonly isExpired: boolean;
};

type LoginRequest = { readonly home: string; readonly env: Shell; readonly now: number };

/** Where an agent keeps a login, and how to read the file. */
type LoginPlace = {
  readonly toDirectory: (request: LoginRequest) => string;
  readonly file: string;
  readonly read: (login: Json, request: LoginRequest) => Promise<LoginContent | null> | LoginContent | null;
};

const parseLogin = (text: string): Json => readRecord(parseJson(text));

const readJson = async (path: string): Promise<Json> => parseLogin(await readFile(path, "utf8").catch(() => ""));

/** When a JSON web token expires; null if it does not say so. */
const readTokenExpiry = (token: string): number | null => {
  const claims = parseLogin(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
  const seconds = readNumber(claims["exp"]);
  return seconds === null ? null : seconds * SECOND_MS;
};

/**
 * A job gets no token that renews the others: the server accepts each of those once, so the person's own login would end when an agent
 * renews a copy.
 */
const NO_RENEWAL = "";

const readCodexLogin = (login: Json): LoginContent | null => {
  const tokens = readRecord(login["tokens"]);
  const [key, access] = [readText(login["OPENAI_API_KEY"]), readText(tokens["access_token"])];
  if (access !== null && access !== "") {
    const copy = { ...login, OPENAI_API_KEY: null, tokens: { ...tokens, refresh_token: NO_RENEWAL } };
    return { variables: {}, files: { ".codex/auth.json": JSON.stringify(copy) }, expiresAt: readTokenExpiry(access) };
  }
  return key === null || key === "" ? null : { variables: { OPENAI_API_KEY: key }, files: {}, expiresAt: null };
};

const readClaudeLogin = (login: Json): LoginContent | null => {
  const account = readRecord(login["claudeAiOauth"]);
  const token = readText(account["accessToken"]);
  if (token === null || token === "") return null;
  return { variables: { CLAUDE_CODE_OAUTH_TOKEN: token }, files: {}, expiresAt: readNumber(account["expiresAt"]) };
};

const toGeminiDirectory = ({ home, env }: LoginRequest): string => join(env["GEMINI_CLI_HOME"] || home, ".gemini");

/** Google accepts a renewing token many times, and an agent's session may last longer than the other token. */
const readGeminiLogin = async (login: Json, request: LoginRequest): Promise<LoginContent | null> => {
  const directory = toGeminiDirectory(request);
  const settings = await readJson(join(directory, "settings.json"));
  const chosen = readText(readRecord(readRecord(settings["security"])["auth"])["selectedType"]) ?? readText(settings["selectedAuthType"]);
  if ((chosen !== null && chosen !== "oauth-personal") || readText(login["refresh_token"]) === null) return null;
  const accounts = await readFile(join(directory, "google_accounts.json"), "utf8").catch(() => null);
  const project = request.env["GOOGLE_CLOUD_PROJECT"];
  return {
    variables: project ? { GOOGLE_CLOUD_PROJECT: project } : {},
    files: {
      ".gemini/oauth_creds.json": JSON.stringify(login),
      ...(accounts !== null && { ".gemini/google_accounts.json": accounts }),
    },
    expiresAt: null,
  };
};

/** A login of GitHub Copilot is renewed with a token that stays valid. */
const toJobEntry = ([provider, value]: readonly [string, unknown]): readonly [string, Json] => {
  const entry = readRecord(value);
  return [provider, entry["type"] !== "oauth" || provider.startsWith("github-copilot") ? entry : { ...entry, refresh: NO_RENEWAL }];
};

const readOpencodeLogin = (login: Json, { now }: LoginRequest): LoginContent | null => {
  const entries = Object.entries(login).map((entry) => toJobEntry(entry));
  if (entries.length === 0) return null;
  const usable = entries.filter(([, { refresh, expires }]) => refresh !== NO_RENEWAL || (readNumber(expires) ?? 0) > now);
  const files = { ".local/share/opencode/auth.json": JSON.stringify(Object.fromEntries(usable)) };
  return { variables: {}, files, expiresAt: usable.length > 0 ? null : 0 };
};

const LOGIN_PLACES: Readonly<Record<PresetName, LoginPlace>> = {
  claude: {
    toDirectory: ({ home, env }) => env["CLAUDE_CONFIG_DIR"] || join(home, ".claude"),
    file: ".credentials.json",
    read: readClaudeLogin,
  },
  codex: { toDirectory: ({ home, env }) => env["CODEX_HOME"] || join(home, ".codex"), file: "auth.json", read: readCodexLogin },
  gemini: { toDirectory: toGeminiDirectory, file: "oauth_creds.json", read: readGeminiLogin },
  opencode: {
    toDirectory: ({ home, env }) => join(env["XDG_DATA_HOME"] || join(home, ".local", "share"), "opencode"),
    file: "auth.json",
    read: readOpencodeLogin,
  },
};

const showPath = (home: string, path: string): string => (path.startsWith(`${home}/`) ? `~/${relative(home, path)}` : path);

/** A login that ends this soon is of no use to a job. */
const MIN_LOGIN_MS = MINUTE_MS;

/** The login of the person with this agent on this machine; null without one. */
export const findLogin = async ({ env, now }: Pick<TerminalHost, "env" | "now">, name: PresetName): Promise<FoundLogin | null> => {
  const place = LOGIN_PLACES[name];
  const request = { home: findHome({ env }), env, now: now() };
  const file = join(place.toDirectory(request), place.file);
  const content = await place.read(await readJson(file), request);
  if (content === null) return null;
  const isExpired = content.expiresAt !== null && content.expiresAt - request.now < MIN_LOGIN_MS;
  return { ...content, path: showPath(request.home, file), isExpired };
};
