import { createPublicKey, verify } from "node:crypto";
import {
  type Account,
  accountOf,
  type Actor,
  type App,
  type Forge,
  nextId,
  type Repository,
  repositoryKey,
  type Rights,
  type Token,
} from "./state.ts";
import { Refusal } from "./refusal.ts";

const HOUR = 3_600_000;
const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LENGTH = 36;

const randomText = (forge: Forge, letters: string, length: number): string =>
  Array.from({ length }, () => letters[Math.floor(forge.random() * letters.length)] ?? "0").join("");

/** A version 4 GUID from the forge's own randomness. */
export const guid = (forge: Forge): string => {
  const hex = randomText(forge, "0123456789abcdef", 32);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
};

const mint = (forge: Forge, prefix: string, { actor, expires }: Omit<Token, "value">): Token => {
  let value = prefix + randomText(forge, LETTERS, LENGTH);
  while (forge.tokens.has(value)) value = prefix + randomText(forge, LETTERS, LENGTH);
  const token: Token = { value, actor, expires };
  forge.tokens.set(value, token);
  return token;
};

/** Workflow files write `pull-requests`, the API `pull_requests`. */
const normal = (rights: Rights): Rights => ({
  ...Object.fromEntries(Object.entries(rights).map(([scope, level]) => [scope.replaceAll("-", "_"), level])),
  metadata: "read",
});

export const mintUserToken = (forge: Forge, account: Account, rights: Rights | null): Token =>
  mint(forge, rights ? "github_pat_" : "ghp_", { actor: { kind: "user", account, rights: rights && normal(rights) }, expires: null });

export const mintJobToken = (forge: Forge, repository: Repository, rights: Rights): Token =>
  mint(forge, "ghs_", {
    actor: { kind: "job", account: accountOf(forge, "github-actions[bot]"), rights: normal(rights), repository: repositoryKey(repository) },
    expires: null,
  });

/** A token of an installation for an hour, with all rights of the App or fewer. */
export const mintInstallationToken = (forge: Forge, app: App, of: { owner: string; rights: Rights | null }): Token => {
  const wanted = of.rights ?? app.rights;
  const more = Object.entries(wanted).find(([scope, level]) => level === "write" && app.rights[scope] !== "write");
  if (more) throw new Refusal(422, "The permissions requested are not granted to this installation.");
  const actor: Actor = { kind: "app", account: app.account, app, rights: normal(wanted), owner: of.owner.toLowerCase() };
  return mint(forge, "ghs_", { actor, expires: forge.now() + HOUR });
};

/** The installation of an App at an owner; the same one each time. */
export const installationOf = (forge: Forge, app: App, owner: string): number => {
  const key = owner.toLowerCase();
  const known = app.installations.get(key);
  if (known !== undefined) return known;
  const id = nextId(forge);
  app.installations.set(key, id);
  return id;
};

const decode = (part: string | undefined): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(Buffer.from(part ?? "", "base64url").toString("utf8"));
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
};

const LONGEST = 600 + 60;
const badJwt = (): Refusal => new Refusal(401, "A JSON web token could not be decoded");

/** The App of an RS256 JSON web token; refuses what GitHub refuses: other algorithms, foreign keys, more than ten minutes. */
export const appOfJwt = (forge: Forge, jwt: string): App => {
  const [head, claims, signature] = jwt.split(".");
  if (head === undefined || claims === undefined || signature === undefined || decode(head)["alg"] !== "RS256") throw badJwt();
  const { iss, iat, exp } = decode(claims);
  const app = forge.apps.find(({ id }) => String(id) === String(iss));
  if (
    !app ||
    !verify("RSA-SHA256", Buffer.from(`${head}.${claims}`), createPublicKey(app.publicKey), Buffer.from(signature, "base64url"))
  ) {
    throw badJwt();
  }
  const now = forge.now() / 1_000;
  if (typeof exp !== "number" || exp < now)
    throw new Refusal(
      401,
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    );
  if (exp - now > LONGEST) throw new Refusal(401, "'Expiration time' claim ('exp') is too far in the future");
  if (typeof iat !== "number" || iat > now + 60)
    throw new Refusal(401, "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued");
  return app;
};

/** What an `Authorization` header carries, in any of the forms that GitHub takes; null for none. */
export const credentialOf = (header: string | undefined): string | null => {
  const [, scheme, value] = /^(bearer|token|basic) +(\S+)$/i.exec(header?.trim() ?? "") ?? [];
  if (scheme === undefined || value === undefined) return null;
  if (scheme.toLowerCase() !== "basic") return value;
  const [user = "", ...password] = Buffer.from(value, "base64").toString("utf8").split(":");
  return password.join(":") || user;
};

/** Who a token stands for; null where it is unknown, expired or revoked. */
export const actorOf = (forge: Forge, value: string): Actor | null => {
  const token = forge.tokens.get(value);
  return !token || (token.expires !== null && token.expires <= forge.now()) ? null : token.actor;
};
