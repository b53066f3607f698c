import { createPublicKey, verify } from "node:crypto";
import { type ForgeAccount, type RequestActor, type GitHubApp, type TokenPermissions, type AccessToken } from "./forge-actor.ts";
import { ensureAccount, type ForgeState, takeNextId } from "./forge-state.ts";
import { type ForgeRepository, repositoryKey } from "./forge-repository.ts";
import { ApiRefusal } from "./api-refusal.ts";
import { HOUR_MS } from "../../core/domain/durations.ts";

const TOKEN_LIFETIME_MS = HOUR_MS;
const TOKEN_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const TOKEN_CHARS = 36;

const randomString = (forge: ForgeState, letters: string, length: number): string =>
  Array.from({ length }, () => letters[Math.floor(forge.random() * letters.length)] ?? "0").join("");

/** A secret of an App, as GitHub makes for a manifest. */
export const randomSecret = (forge: ForgeState): string => randomString(forge, "0123456789abcdef", 40);

/** Creates a version 4 GUID from the forge's random source. */
export const createGuid = (forge: ForgeState): string => {
  const hex = randomString(forge, "0123456789abcdef", 32);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
};

const mintToken = (forge: ForgeState, prefix: string, { actor, expires }: Omit<AccessToken, "value">): AccessToken => {
  let value = prefix + randomString(forge, TOKEN_ALPHABET, TOKEN_CHARS);
  while (forge.tokens.has(value)) value = prefix + randomString(forge, TOKEN_ALPHABET, TOKEN_CHARS);
  const token: AccessToken = { value, actor, expires };
  forge.tokens.set(value, token);
  return token;
};

/** Workflow files write `pull-requests`, the API writes `pull_requests`. Every token can read metadata. */
const normalizePermissions = (permissions: TokenPermissions): TokenPermissions => ({
  ...Object.fromEntries(Object.entries(permissions).map(([scope, level]) => [scope.replaceAll("-", "_"), level])),
  metadata: "read",
});

export const mintUserToken = (forge: ForgeState, account: ForgeAccount, permissions: TokenPermissions | null): AccessToken =>
  mintToken(forge, permissions ? "github_pat_" : "ghp_", {
    actor: { kind: "user", account, permissions: permissions && normalizePermissions(permissions) },
    expires: null,
  });

const USER_TOKEN_LIFETIME_MS = 8 * HOUR_MS;
/** Creates a token of a user who authorized an App, valid for eight hours. */
export const mintAuthorizedToken = (forge: ForgeState, app: GitHubApp, account: ForgeAccount): AccessToken =>
  mintToken(forge, "ghu_", {
    actor: { kind: "user", account, permissions: normalizePermissions(app.permissions), via: app },
    expires: forge.now() + USER_TOKEN_LIFETIME_MS,
  });

export const revokeAuthorizations = (forge: ForgeState, login: string): void => {
  for (const [value, { actor }] of forge.tokens)
    if (actor.kind === "user" && actor.via && actor.account.login.toLowerCase() === login.toLowerCase()) forge.tokens.delete(value);
};

export const mintJobToken = (forge: ForgeState, repository: ForgeRepository, permissions: TokenPermissions): AccessToken =>
  mintToken(forge, "ghs_", {
    actor: {
      kind: "job",
      account: ensureAccount(forge, "github-actions[bot]"),
      permissions: normalizePermissions(permissions),
      repository: repositoryKey(repository),
    },
    expires: null,
  });

/** Creates an installation token, valid for an hour. It grants every permission of the App if `permissions` is null. */
export const mintInstallationToken = (
  forge: ForgeState,
  app: GitHubApp,
  options: { owner: string; permissions: TokenPermissions | null },
): AccessToken => {
  const wanted = options.permissions ?? app.permissions;
  const more = Object.entries(wanted).find(([scope, level]) => level === "write" && app.permissions[scope] !== "write");
  if (more) throw new ApiRefusal(422, "The permissions requested are not granted to this installation.");
  const actor: RequestActor = {
    kind: "app",
    account: app.account,
    app,
    permissions: normalizePermissions(wanted),
    owner: options.owner.toLowerCase(),
  };
  return mintToken(forge, "ghs_", { actor, expires: forge.now() + TOKEN_LIFETIME_MS });
};

/** Whether an App is installed at an owner. */
export const isInstalledAt = ({ owners }: GitHubApp, owner: string): boolean =>
  owners?.some((each) => each.toLowerCase() === owner.toLowerCase()) ?? true;

/** Returns the installation number of an App at an owner and creates it on the first call. */
export const ensureInstallation = (forge: ForgeState, app: GitHubApp, owner: string): number => {
  const key = owner.toLowerCase();
  const known = app.installations.get(key);
  if (known !== undefined) return known;
  const id = takeNextId(forge);
  app.installations.set(key, id);
  return id;
};

const decodeJwtPart = (part: string | undefined): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(Buffer.from(part ?? "", "base64url").toString("utf8"));
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
};

const MAX_JWT_LIFETIME_SECONDS = 600 + 60;
const invalidJwtRefusal = (): ApiRefusal => new ApiRefusal(401, "A JSON web token could not be decoded");

/**
 * Verifies an RS256 JSON web token and returns its App. Like GitHub, refuses other algorithms, foreign keys and
 * lifetimes over ten minutes.
 */
export const verifyAppJwt = (forge: ForgeState, jwt: string): GitHubApp => {
  const [head, claims, signature] = jwt.split(".");
  if (head === undefined || claims === undefined || signature === undefined || decodeJwtPart(head)["alg"] !== "RS256")
    throw invalidJwtRefusal();
  const { iss, iat, exp } = decodeJwtPart(claims);
  const app = forge.apps.find(({ id }) => String(id) === String(iss));
  if (
    !app ||
    !verify("RSA-SHA256", Buffer.from(`${head}.${claims}`), createPublicKey(app.publicKey), Buffer.from(signature, "base64url"))
  ) {
    throw invalidJwtRefusal();
  }
  const now = forge.now() / 1_000;
  if (typeof exp !== "number" || exp < now)
    throw new ApiRefusal(
      401,
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    );
  if (exp - now > MAX_JWT_LIFETIME_SECONDS) throw new ApiRefusal(401, "'Expiration time' claim ('exp') is too far in the future");
  if (typeof iat !== "number" || iat > now + 60)
    throw new ApiRefusal(401, "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued");
  return app;
};

/** Reads the credential of an `Authorization` header (bearer, token or basic); null if the header holds none. */
export const readCredential = (header: string | undefined): string | null => {
  const [, scheme, value] = /^(bearer|token|basic) +(\S+)$/i.exec(header?.trim() ?? "") ?? [];
  if (scheme === undefined || value === undefined) return null;
  if (scheme.toLowerCase() !== "basic") return value;
  const [user = "", ...password] = Buffer.from(value, "base64").toString("utf8").split(":");
  return password.join(":") || user;
};

/** Finds the actor of a token; null if the token is unknown, expired or revoked. */
export const findActor = (forge: ForgeState, value: string): RequestActor | null => {
  const token = forge.tokens.get(value);
  return !token || (token.expires !== null && token.expires <= forge.now()) ? null : token.actor;
};
