import { createHash, createPublicKey, generateKeyPair } from "node:crypto";
import { promisify } from "node:util";
import { ensureAccount, type ForgeState, takeNextId } from "./forge-state.ts";
import { type CreatedApp, type GitHubApp, type TokenPermissions } from "./forge-actor.ts";

export type NewApp = {
  readonly name: string;
  readonly privateKeyPem?: string;
  readonly webhookUrl?: string;
  readonly secret: string;
  readonly permissions?: TokenPermissions;
  /** The events that its webhook receives; every event by default. */
  readonly events?: readonly string[];
  /** The addresses to which users may return after they authorized the App. */
  readonly callbackUrls?: readonly string[];
  /** The owners with an installation; every owner by default. */
  readonly owners?: readonly string[];
};

const DEFAULT_APP_PERMISSIONS: TokenPermissions = {
  actions: "write",
  checks: "write",
  contents: "write",
  issues: "write",
  metadata: "read",
  merge_queues: "write",
  pull_requests: "write",
  statuses: "write",
};

const generatePrivateKey = async (): Promise<string> => {
  const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2_048 });
  // The format in which GitHub hands out keys.
  return privateKey.export({ type: "pkcs1", format: "pem" }).toString();
};

/** Derived, so that the ids of a test with a seed stay the same. */
const deriveClientSecret = (privateKeyPem: string): string => createHash("sha1").update(`client secret of ${privateKeyPem}`).digest("hex");

/** Registers an App and generates a key unless one is given. */
export const createApp = async (forge: ForgeState, options: NewApp): Promise<CreatedApp> => {
  const privateKeyPem = options.privateKeyPem ?? (await generatePrivateKey());
  const id = takeNextId(forge);
  const client = { id: `Iv23${id}`, secret: deriveClientSecret(privateKeyPem), callbackUrls: [...(options.callbackUrls ?? [])] };
  const app: GitHubApp = {
    id,
    slug: options.name,
    account: ensureAccount(forge, `${options.name}[bot]`),
    publicKey: createPublicKey(privateKeyPem).export({ type: "spki", format: "pem" }).toString(),
    webhookUrl: options.webhookUrl ?? null,
    secret: options.secret,
    permissions: { metadata: "read", ...(options.permissions ?? DEFAULT_APP_PERMISSIONS) },
    events: options.events ?? null,
    client,
    owners: options.owners ?? null,
    installations: new Map(),
  };
  forge.apps.push(app);
  return { id: app.id, login: app.account.login, privateKeyPem, secret: app.secret, client };
};
