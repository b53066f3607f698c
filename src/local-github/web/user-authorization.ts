import { createHash } from "node:crypto";
import type { Context, Hono } from "hono";
import { z } from "zod";
import { createGuid, mintAuthorizedToken } from "../api/access-tokens.ts";
import type { AppClient, GitHubApp } from "../api/forge-actor.ts";
import { ensureAccount, type ForgeState } from "../api/forge-state.ts";
import { PRIVATE_HEADERS } from "./page-layout.ts";
import { findSession } from "./page-session.ts";

const CODE_LIFETIME_MS = 600_000;
/** The challenge of PKCE is a SHA-256 hash in base64url. */
const CHALLENGE_PATTERN = /^[A-Za-z0-9_-]{43}$/;
const NOT_SIGNED_IN = "Sign in with the address that enki local printed, and try again.";

type AppWithClient = GitHubApp & { readonly client: AppClient };

const findClient = (forge: ForgeState, id: string): AppWithClient | null => {
  const app = forge.apps.find(({ client }) => client?.id === id);
  return app?.client ? { ...app, client: app.client } : null;
};

const refuse = (context: Context, status: 403 | 404, text: string): Response => context.text(`${text}\n`, status, PRIVATE_HEADERS);

/** https://docs.github.com/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-authorization-request-errors */
const MISMATCH = {
  error: "redirect_uri_mismatch",
  error_description: "The redirect_uri MUST match the registered callback URL for this application.",
};

const returnTo = (context: Context, address: string, fields: Readonly<Record<string, string>>): Response => {
  const back = new URL(address);
  for (const [name, value] of Object.entries(fields)) back.searchParams.set(name, value);
  const state = context.req.query("state");
  if (state !== undefined) back.searchParams.set("state", state);
  return context.redirect(back.href, 302);
};

const isChallenge = (challenge: string | undefined, method: string | undefined): boolean =>
  challenge === undefined || (method === "S256" && CHALLENGE_PATTERN.test(challenge));

/** Authorizes an App for the signed-in person at once; GitHub shows a page with a button at the first time. */
const authorize = (forge: ForgeState, context: Context): Response => {
  const { client_id = "", redirect_uri, code_challenge, code_challenge_method } = context.req.query();
  const app = findClient(forge, client_id);
  const [first] = app?.client.callbackUrls ?? [];
  if (!app || first === undefined) return refuse(context, 404, "There is no such App, or the App has no callback URL.");
  const session = findSession(forge, context);
  if (!session) return refuse(context, 403, NOT_SIGNED_IN);
  if (redirect_uri !== undefined && !app.client.callbackUrls.includes(redirect_uri)) return returnTo(context, first, MISMATCH);
  if (!isChallenge(code_challenge, code_challenge_method))
    return refuse(context, 404, "A code_challenge is a SHA-256 hash, with the code_challenge_method S256.");
  const code = createGuid(forge).replaceAll("-", "").slice(0, 20);
  const redirectUri = redirect_uri ?? first;
  const expires = forge.now() + CODE_LIFETIME_MS;
  forge.userCodes.set(code, { app: app.id, login: session.login, redirectUri, challenge: code_challenge ?? null, expires });
  return returnTo(context, redirectUri, { code });
};

const exchangeSchema = z.object({
  client_id: z.string().default(""),
  client_secret: z.string().default(""),
  code: z.string().default(""),
  redirect_uri: z.string().optional(),
  code_verifier: z.string().default(""),
});
type ExchangeFields = z.output<typeof exchangeSchema>;

/** The fields of the address, of a form or of a JSON object. */
const readExchange = async ({ req }: Context): Promise<ExchangeFields> => {
  const isJson = req.header("content-type")?.startsWith("application/json") === true;
  const body: unknown = isJson ? await req.json().catch(() => ({})) : await req.parseBody().catch(() => ({}));
  return exchangeSchema.parse({ ...req.query(), ...exchangeSchema.partial().safeParse(body).data });
};

/** GitHub describes errors with status 200, as a form, or as JSON for those who accept it. */
const answer = (context: Context, fields: Readonly<Record<string, string | number>>): Response => {
  const headers = { "cache-control": "no-store" };
  if (context.req.header("accept")?.includes("application/json") === true) return context.json(fields, 200, headers);
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) form.set(name, String(value));
  return context.body(form.toString(), 200, { ...headers, "content-type": "application/x-www-form-urlencoded; charset=utf-8" });
};

/** https://docs.github.com/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors */
const TOKEN_ERRORS = {
  incorrect_client_credentials: "The client_id and/or client_secret passed are incorrect.",
  redirect_uri_mismatch: MISMATCH.error_description,
  bad_verification_code: "The code passed is incorrect or expired.",
} as const;

const fits = (verifier: string, challenge: string | null): boolean =>
  challenge === null || createHash("sha256").update(verifier).digest("base64url") === challenge;

/** Exchanges a code for a user's token. Each code works once, for its own App, address and verifier. */
const exchange = async (forge: ForgeState, context: Context): Promise<Response> => {
  const fields = await readExchange(context);
  const fail = (error: keyof typeof TOKEN_ERRORS): Response => answer(context, { error, error_description: TOKEN_ERRORS[error] });
  const app = forge.apps.find(({ client }) => client?.id === fields.client_id);
  if (!app) return refuse(context, 404, "Not Found");
  if (app.client?.secret !== fields.client_secret) return fail("incorrect_client_credentials");
  const found = forge.userCodes.get(fields.code);
  if (!found || found.app !== app.id || found.expires < forge.now()) return fail("bad_verification_code");
  if (fields.redirect_uri !== undefined && fields.redirect_uri !== found.redirectUri) return fail("redirect_uri_mismatch");
  forge.userCodes.delete(fields.code);
  if (!fits(fields.code_verifier, found.challenge)) return fail("bad_verification_code");
  const { value, expires } = mintAuthorizedToken(forge, app, ensureAccount(forge, found.login));
  const seconds = Math.floor(((expires ?? forge.now()) - forge.now()) / 1_000);
  return answer(context, { access_token: value, expires_in: seconds, scope: "", token_type: "bearer" });
};

/** Adds the pages on which users authorize an App: https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app */
export const addUserAuthorization = (forge: ForgeState, app: Hono): void => {
  app.get("/login/oauth/authorize", (context) => authorize(forge, context));
  app.post("/login/oauth/access_token", (context) => exchange(forge, context));
};
