import { access } from "node:fs/promises";
import { join } from "node:path";
import { serve, type ServerType } from "@hono/node-server";
import type { After } from "../git/run.ts";
import type { Runner } from "../runner/contract.ts";
import { attach, type Attachment } from "./attachments.ts";
import { openBare } from "./bare.ts";
import { createApp, type CreatedApp, type NewApp } from "./create-app.ts";
import { createBare } from "./create-bare.ts";
import { repositoryNamed } from "./access.ts";
import { isPull, setDraft } from "./pull-events.ts";
import { MERGE_SETTINGS } from "./merge-methods.ts";
import { advance } from "./merge-queue.ts";
import { createServer } from "./server.ts";
import {
  accountOf,
  type App,
  type Delivery,
  type Faults,
  type Forge,
  keyOf,
  type Lag,
  nextId,
  type Repository,
  type Rights,
  type Role,
  type Rule,
} from "./state.ts";
import { installationOf, mintInstallationToken, mintUserToken } from "./tokens.ts";
import { trigger } from "./trigger.ts";
import { openWork } from "./work.ts";

export type ForgeOptions = {
  /** Bare repositories are `<directory>/<owner>/<name>.git`; those that are there are taken up. */
  readonly directory: string;
  /** On loopback; 0 for any that is free. */
  readonly port: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** 0 up to and without 1; tokens come from it, so that it must be hard to guess where strangers have access. */
  readonly random: () => number;
  readonly after: After;
  readonly runner: Runner;
  readonly lag?: Partial<Lag>;
  readonly faults?: Faults;
  /** Told of every request, when it is answered. */
  readonly observe?: Forge["observe"];
  /** Requests an hour and token; 5,000 where it is not given. */
  readonly rateLimit?: number;
  /** The first id of what gets one; those of GitHub's size where it is not given. */
  readonly firstId?: number;
};

type Named = { readonly owner: string; readonly name: string };
export type RunningForge = {
  /** `http://127.0.0.1:<port>`: git under `/<owner>/<name>.git`. */
  readonly url: string;
  /** The address of the REST API. */
  readonly apiUrl: string;
  /** A person and a token of theirs; with permissions, a token that may no more than those. */
  createUser(login: string, permissions?: Rights): string;
  /** An App that is installed at every owner. */
  createApp(app: NewApp): Promise<CreatedApp>;
  /** Where an App's webhooks go from now on. */
  setWebhookUrl(app: number, url: string): void;
  /** The number of an App's installation at an owner. */
  installation(app: number, owner: string): number;
  /** A token of an App's installation for an hour, as its JSON web token would get. */
  createInstallationToken(app: number, owner: string, permissions?: Rights): string;
  /** A repository, public where nothing else is said; with `from`, with all branches and tags of that one. */
  createRepository(repository: Named & { readonly from?: string; readonly private?: boolean }): Promise<void>;
  defaultBranch(repository: Named): string;
  setSecrets(repository: Named, secrets: Readonly<Record<string, string>>): void;
  setEnvironment(repository: Named, environment: { readonly name: string; readonly secrets: Readonly<Record<string, string>> }): void;
  setPermission(repository: Named, permission: { readonly login: string; readonly role: Role | "none" }): void;
  setRules(repository: Named, rules: readonly Rule[]): void;
  /** Whether Actions may open and approve pull requests; they may where nothing is said. */
  setActionsPulls(repository: Named, allowed: boolean): void;
  /** What a person does in GitHub's pages; its REST API has no such thing. */
  setDraft(repository: Named, pull: { readonly number: number; readonly draft: boolean; readonly login: string }): void;
  /** Attaches a file, as a person does in GitHub's pages: its REST API has no such thing. Gives its address. */
  attach(attachment: Attachment): string;
  /** Deliveries of webhooks so far, oldest first. */
  deliveries(): readonly Delivery[];
  /** Resolves when webhooks are delivered, runs that are due have been started and marks are set; throws what failed meanwhile. */
  settled(): Promise<void>;
  /** Stops listening and drops what would come later. The runner is its owner's to close. */
  close(): Promise<void>;
};

const LAG: Lag = { runs: 2_000, merged: 1_000 };
const RATE_LIMIT = 5_000;
const FIRST_ID = 1_000;

const openForge = (options: ForgeOptions): Forge => ({
  directory: options.directory,
  now: options.now,
  random: options.random,
  after: options.after,
  runner: options.runner,
  lag: { ...LAG, ...options.lag },
  faults: options.faults ?? {},
  observe: options.observe ?? (() => undefined),
  rateLimit: options.rateLimit ?? RATE_LIMIT,
  url: "",
  started: options.now(),
  ids: options.firstId ?? FIRST_ID,
  accounts: new Map(),
  tokens: new Map(),
  apps: [],
  repositories: new Map(),
  attachments: new Map(),
  deliveries: [],
  used: new Map(),
  work: openWork(options.after),
  trigger,
  advance,
});

const createRepository = async (forge: Forge, given: Parameters<RunningForge["createRepository"]>[0]): Promise<void> => {
  const { owner, name } = given;
  // A dot in front is for GitHub's own `.github` only.
  if (![owner, name.replace(/^\.github$/, "github")].every((part) => /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(part)))
    throw new Error(`${owner}/${name} is no name of a repository`);
  if (forge.repositories.has(keyOf(owner, name))) throw new Error(`there is a repository ${owner}/${name} already`);
  const directory = join(forge.directory, owner, `${name}.git`);
  const known = await access(join(directory, "HEAD")).then(
    () => true,
    () => false,
  );
  const defaultBranch = await createBare(directory, { from: known ? null : (given.from ?? null), after: forge.after });
  const repository: Repository = {
    id: nextId(forge),
    owner: accountOf(forge, owner),
    name,
    private: given.private ?? false,
    defaultBranch,
    created: forge.now(),
    pushed: forge.now(),
    bare: openBare(directory, forge.after),
    roles: new Map(),
    issues: new Map(),
    history: [],
    comments: new Map(),
    statuses: new Map(),
    checks: [],
    runs: new Map(),
    rules: [],
    merging: { ...MERGE_SETTINGS },
    queues: new Map(),
    signed: new Set(),
    actionsPulls: true,
    secrets: {},
    environments: new Map(),
    numbers: 0,
  };
  forge.repositories.set(keyOf(owner, name), repository);
};

const appNumbered = (forge: Forge, id: number): App => {
  const app = forge.apps.find((each) => each.id === id);
  if (!app) throw new Error(`there is no App ${id}`);
  return app;
};

const createInstallationToken = (forge: Forge, of: { id: number; owner: string; rights: Rights | null }): string => {
  const app = appNumbered(forge, of.id);
  installationOf(forge, app, of.owner);
  return mintInstallationToken(forge, app, { owner: of.owner, rights: of.rights }).value;
};

const settersOf = (
  forge: Forge,
): Pick<
  RunningForge,
  "defaultBranch" | "setSecrets" | "setEnvironment" | "setPermission" | "setRules" | "setActionsPulls" | "setDraft"
> => {
  const find = ({ owner, name }: Named): Repository => repositoryNamed(forge, owner, name);
  return {
    defaultBranch: (named) => find(named).defaultBranch,
    setSecrets: (named, secrets) => {
      find(named).secrets = secrets;
    },
    setEnvironment: (named, { name, secrets }) => void find(named).environments.set(name, secrets),
    setPermission: (named, { login, role }) => {
      const { roles } = find(named);
      const key = accountOf(forge, login).login.toLowerCase();
      if (role === "none") roles.delete(key);
      else roles.set(key, role);
    },
    setActionsPulls: (named, allowed) => void (find(named).actionsPulls = allowed),
    setDraft: (named, { number, draft, login }) => {
      const issue = find(named).issues.get(number);
      if (!issue || !isPull(issue)) throw new Error(`there is no pull request ${number}`);
      const actor = { kind: "user" as const, account: accountOf(forge, login), rights: null };
      setDraft(forge, find(named), { issue, actor, draft });
    },
    setRules: (named, rules) => void find(named).rules.splice(0, Infinity, ...rules),
  };
};

const stop = (server: ServerType): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    if ("closeAllConnections" in server) server.closeAllConnections();
  });

/** Starts GitHub on this machine, on loopback: REST, git, webhooks, and the runs of workflow files. Rejects when the port is in use. */
export const startForge = async (options: ForgeOptions): Promise<RunningForge> => {
  const forge = openForge(options);
  const faults: unknown[] = [];
  const app = createServer(forge, (error) => void faults.push(error));
  const server = await new Promise<ServerType>((resolve, reject) => {
    const opened = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: options.port }, ({ port }) => {
      forge.url = `http://127.0.0.1:${port}`;
      resolve(opened);
    });
    opened.once("error", reject);
  });
  return {
    url: forge.url,
    apiUrl: `${forge.url}/api/v3`,
    createUser: (login, permissions) => mintUserToken(forge, accountOf(forge, login), permissions ?? null).value,
    createApp: (given) => createApp(forge, given),
    setWebhookUrl: (id, url) => void (appNumbered(forge, id).webhookUrl = url),
    installation: (id, owner) => installationOf(forge, appNumbered(forge, id), owner),
    createInstallationToken: (id, owner, permissions) => createInstallationToken(forge, { id, owner, rights: permissions ?? null }),
    createRepository: (given) => createRepository(forge, given),
    ...settersOf(forge),
    attach: (attachment) => attach(forge, attachment),
    deliveries: () => forge.deliveries,
    settled: async () => {
      await forge.work.settled();
      if (faults.length > 0) throw new AggregateError(faults.splice(0), "the forge failed to answer");
    },
    close: async () => {
      forge.work.close();
      for (const { queues } of forge.repositories.values())
        for (const entries of queues.values()) for (const { cancel } of entries) cancel();
      await stop(server);
    },
  };
};
