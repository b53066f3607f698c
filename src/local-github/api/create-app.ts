import { createPublicKey, generateKeyPair } from "node:crypto";
import { promisify } from "node:util";
import { ensureAccount, type ForgeState, takeNextId } from "./forge-state.ts";
import { type GitHubApp, type TokenPermissions } from "./forge-actor.ts";

export type NewApp = {
  readonly name: string;
  readonly privateKeyPem?: string;
  readonly webhookUrl?: string;
  readonly secret: string;
  readonly permissions?: TokenPermissions;
  /** The events that its webhook is told of; all where none are given. */
  readonly events?: readonly string[];
};
export type CreatedApp = { readonly id: number; readonly login: string; readonly privateKeyPem: string; readonly secret: string };

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
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
};

/** Registers an App, with a new key where none is given. */
export const createApp = async (forge: ForgeState, given: NewApp): Promise<CreatedApp> => {
  const privateKeyPem = given.privateKeyPem ?? (await generatePrivateKey());
  const app: GitHubApp = {
    id: takeNextId(forge),
    slug: given.name,
    account: ensureAccount(forge, `${given.name}[bot]`),
    publicKey: createPublicKey(privateKeyPem).export({ type: "spki", format: "pem" }).toString(),
    webhookUrl: given.webhookUrl ?? null,
    secret: given.secret,
    rights: { metadata: "read", ...(given.permissions ?? DEFAULT_APP_PERMISSIONS) },
    events: given.events ?? null,
    installations: new Map(),
  };
  forge.apps.push(app);
  return { id: app.id, login: app.account.login, privateKeyPem, secret: app.secret };
};
