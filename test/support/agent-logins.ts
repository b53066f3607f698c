import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Tokens that no server has issued. */
export const ACCESS = ["access", "of", "a", "person"].join("-");
export const RENEWAL = ["renewal", "of", "a", "person"].join("-");

const HOUR_MS = 3_600_000;

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Returns a ChatGPT token with this expiry. */
export const toWebToken = (expiresAt: number): string => {
  const account = { chatgpt_plan_type: "plus", chatgpt_account_id: "one", chatgpt_user_id: "one" };
  return [
    encode({ alg: "none" }),
    encode({ exp: Math.round(expiresAt / 1_000), email: "a@example.com", "https://api.openai.com/auth": account, word: ACCESS }),
    "signature",
  ].join(".");
};

/** Returns the files of the agents' own logins, by path below the home; the logins expire an hour later. */
export const toLoginFiles = (now: number) => {
  const expiresAt = now + HOUR_MS;
  const token = toWebToken(expiresAt);
  return {
    claude: {
      ".claude/.credentials.json": { claudeAiOauth: { accessToken: ACCESS, refreshToken: RENEWAL, expiresAt, scopes: ["user:inference"] } },
    },
    codex: {
      ".codex/auth.json": {
        auth_mode: "chatgpt",
        OPENAI_API_KEY: null,
        tokens: { id_token: token, access_token: token, refresh_token: RENEWAL, account_id: "one" },
        last_refresh: new Date(now).toISOString(),
      },
    },
    gemini: {
      ".gemini/oauth_creds.json": { access_token: ACCESS, refresh_token: RENEWAL, token_type: "Bearer", expiry_date: expiresAt },
      ".gemini/google_accounts.json": { active: "a@example.com", old: [] },
      ".gemini/settings.json": { security: { auth: { selectedType: "oauth-personal" } } },
    },
    opencode: {
      ".local/share/opencode/auth.json": {
        openai: { type: "oauth", access: ACCESS, refresh: RENEWAL, expires: expiresAt },
        groq: { type: "api", key: ACCESS },
        "github-copilot": { type: "oauth", access: ACCESS, refresh: RENEWAL, expires: 0 },
      },
    },
  };
};

/** Returns the same files as text. */
export const toLoginTexts = (files: Readonly<Record<string, object>>): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([path, value]) => [path, JSON.stringify(value)]));

export const writeLogin = (home: string, files: Readonly<Record<string, object>>): void => {
  for (const [path, text] of Object.entries(toLoginTexts(files))) {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text, { mode: 0o600 });
  }
};
