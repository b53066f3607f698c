import { access } from "node:fs/promises";
import { join } from "node:path";
import { serve, type ServerType } from "@hono/node-server";
import type { TimerStarter } from "../../storage/git/run.ts";
import type { WorkflowRunner } from "../actions/workflow-runner.ts";
import { storeAttachment } from "./attachment-routes.ts";
import { type FileAttachment } from "./file-attachment.ts";
import { openBareRepository } from "./bare-repository.ts";
import { createApp, type CreatedApp, type NewApp } from "./create-app.ts";
import { createBareRepository } from "./create-bare-repository.ts";
import { getRepository } from "./repository-access.ts";
import { isPullRequest, changeDraftState } from "./pull-events.ts";
import { DEFAULT_MERGE_SETTINGS } from "./merge-methods.ts";
import { advanceMergeQueues } from "./merge-queue.ts";
import { createForgeServer } from "./forge-server.ts";
import { ensureAccount, type WebhookDelivery, type InjectedFaults, type ForgeState, type ForgeLag, takeNextId } from "./forge-state.ts";
import { type GitHubApp, type TokenPermissions, type RepositoryRole } from "./forge-actor.ts";
import { formatRepositoryKey, type ForgeRepository, type BranchRule } from "./forge-repository.ts";
import { ensureInstallation, mintInstallationToken, mintUserToken } from "./access-tokens.ts";
import { triggerWorkflows } from "./trigger-workflows.ts";
import { createBackgroundWork } from "./background-work.ts";

export type ForgeOptions = {
  /** Bare repositories are `<directory>/<owner>/<name>.git`; those that are there are taken up. */
  readonly directory: string;
  /** On loopback; 0 for any that is free. */
  readonly port: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** 0 up to and without 1; tokens come from it, so that it must be hard to guess where strangers have access. */
  readonly random: () => number;
  readonly after: TimerStarter;
  readonly runner: WorkflowRunner;
  readonly lag?: Partial<ForgeLag>;
  readonly faults?: InjectedFaults;
  /** Told of every request, when it is answered. */
  readonly observe?: ForgeState["observe"];
  /** Requests an hour and token; 5,000 where it is not given. */
  readonly rateLimit?: number;
  /** The first id of what gets one; those of GitHub's size where it is not given. */
  readonly firstId?: number;
};

type RepositoryName = { readonly owner: string; readonly name: string };
export type RunningForge = {
  /** `http://127.0.0.1:<port>`: git under `/<owner>/<name>.git`. */
  readonly url: string;
  /** The address of the REST API. */
  readonly apiUrl: string;
  /** A person and a token of theirs; with permissions, a token that may no more than those. */
  createUser(login: string, permissions?: TokenPermissions): string;
  /** An App that is installed at every owner. */
  createApp(app: NewApp): Promise<CreatedApp>;
  /** Where an App's webhooks go from now on. */
  setWebhookUrl(app: number, url: string): void;
  /** The number of an App's installation at an owner. */
  installation(app: number, owner: string): number;
  /** A token of an App's installation for an hour, as its JSON web token would get. */
  createInstallationToken(app: number, owner: string, permissions?: TokenPermissions): string;
  /** A repository, public where nothing else is said; with `from`, with all branches and tags of that one. */
  createRepository(repository: RepositoryName & { readonly from?: string; readonly private?: boolean }): Promise<void>;
  defaultBranch(repository: RepositoryName): string;
  setSecrets(repository: RepositoryName, secrets: Readonly<Record<string, string>>): void;
  setEnvironment(
    repository: RepositoryName,
    environment: { readonly name: string; readonly secrets: Readonly<Record<string, string>> },
  ): void;
  setPermission(repository: RepositoryName, permission: { readonly login: string; readonly role: RepositoryRole | "none" }): void;
  setRules(repository: RepositoryName, rules: readonly BranchRule[]): void;
  /** Whether Actions may open and approve pull requests; they may where nothing is said. */
  setActionsPulls(repository: RepositoryName, allowed: boolean): void;
  /** What a person does in GitHub's pages; its REST API has no such thing. */
  setDraft(repository: RepositoryName, pull: { readonly number: number; readonly draft: boolean; readonly login: string }): void;
  /** Attaches a file, as a person does in GitHub's pages: its REST API has no such thing. Gives its address. */
  attach(attachment: FileAttachment): string;
  /** Deliveries of webhooks so far, oldest first. */
  deliveries(): readonly WebhookDelivery[];
  /** Resolves when webhooks are delivered, runs that are due have been started and marks are set; throws what failed meanwhile. */
  settled(): Promise<void>;
  /** Stops listening and drops what would come later. The runner is its owner's to close. */
  close(): Promise<void>;
};

const DEFAULT_LAG: ForgeLag = { runsMs: 2_000, mergedMs: 1_000 };
const DEFAULT_HOURLY_REQUESTS = 5_000;
const DEFAULT_FIRST_ID = 1_000;

const createForgeState = (options: ForgeOptions): ForgeState => ({
  directory: options.directory,
  now: options.now,
  random: options.random,
  after: options.after,
  runner: options.runner,
  lag: { ...DEFAULT_LAG, ...options.lag },
  faults: options.faults ?? {},
  observe: options.observe ?? (() => undefined),
  rateLimit: options.rateLimit ?? DEFAULT_HOURLY_REQUESTS,
  url: "",
  startedAt: options.now(),
  lastId: options.firstId ?? DEFAULT_FIRST_ID,
  accounts: new Map(),
  tokens: new Map(),
  apps: [],
  repositories: new Map(),
  attachments: new Map(),
  deliveries: [],
  requestCounts: new Map(),
  background: createBackgroundWork(options.after),
  trigger: triggerWorkflows,
  advance: advanceMergeQueues,
});

const createRepository = async (forge: ForgeState, given: Parameters<RunningForge["createRepository"]>[0]): Promise<void> => {
  const { owner, name } = given;
  // A dot in front is for GitHub's own `.github` only.
  if (![owner, name.replace(/^\.github$/, "github")].every((part) => /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(part)))
    throw new Error(`${owner}/${name} is no name of a repository`);
  if (forge.repositories.has(formatRepositoryKey(owner, name))) throw new Error(`there is a repository ${owner}/${name} already`);
  const directory = join(forge.directory, owner, `${name}.git`);
  const known = await access(join(directory, "HEAD")).then(
    () => true,
    () => false,
  );
  const defaultBranch = await createBareRepository(directory, { from: known ? null : (given.from ?? null), after: forge.after });
  const repository: ForgeRepository = {
    id: takeNextId(forge),
    owner: ensureAccount(forge, owner),
    name,
    private: given.private ?? false,
    defaultBranch,
    created: forge.now(),
    pushedAt: forge.now(),
    bare: openBareRepository(directory, forge.after),
    roles: new Map(),
    issues: new Map(),
    history: [],
    comments: new Map(),
    statuses: new Map(),
    checks: [],
    runs: new Map(),
    rules: [],
    mergeSettings: { ...DEFAULT_MERGE_SETTINGS },
    mergeQueues: new Map(),
    signedCommits: new Set(),
    actionsPulls: true,
    secrets: {},
    environments: new Map(),
    lastNumber: 0,
  };
  forge.repositories.set(formatRepositoryKey(owner, name), repository);
};

const getApp = (forge: ForgeState, id: number): GitHubApp => {
  const app = forge.apps.find((each) => each.id === id);
  if (!app) throw new Error(`there is no App ${id}`);
  return app;
};

const createInstallationToken = (forge: ForgeState, of: { id: number; owner: string; rights: TokenPermissions | null }): string => {
  const app = getApp(forge, of.id);
  ensureInstallation(forge, app, of.owner);
  return mintInstallationToken(forge, app, { owner: of.owner, rights: of.rights }).value;
};

const createSetters = (
  forge: ForgeState,
): Pick<
  RunningForge,
  "defaultBranch" | "setSecrets" | "setEnvironment" | "setPermission" | "setRules" | "setActionsPulls" | "setDraft"
> => {
  const find = ({ owner, name }: RepositoryName): ForgeRepository => getRepository(forge, owner, name);
  return {
    defaultBranch: (named) => find(named).defaultBranch,
    setSecrets: (named, secrets) => {
      find(named).secrets = secrets;
    },
    setEnvironment: (named, { name, secrets }) => void find(named).environments.set(name, secrets),
    setPermission: (named, { login, role }) => {
      const { roles } = find(named);
      const key = ensureAccount(forge, login).login.toLowerCase();
      if (role === "none") roles.delete(key);
      else roles.set(key, role);
    },
    setActionsPulls: (named, allowed) => void (find(named).actionsPulls = allowed),
    setDraft: (named, { number, draft, login }) => {
      const issue = find(named).issues.get(number);
      if (!issue || !isPullRequest(issue)) throw new Error(`there is no pull request ${number}`);
      const actor = { kind: "user" as const, account: ensureAccount(forge, login), rights: null };
      changeDraftState(forge, find(named), { issue, actor, draft });
    },
    setRules: (named, rules) => void find(named).rules.splice(0, Infinity, ...rules),
  };
};

const stopServer = (server: ServerType): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    if ("closeAllConnections" in server) server.closeAllConnections();
  });

/** Starts GitHub on this machine, on loopback: REST, git, webhooks, and the runs of workflow files. Rejects when the port is in use. */
export const startForge = async (options: ForgeOptions): Promise<RunningForge> => {
  const forge = createForgeState(options);
  const faults: unknown[] = [];
  const app = createForgeServer(forge, (error) => void faults.push(error));
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
    createUser: (login, permissions) => mintUserToken(forge, ensureAccount(forge, login), permissions ?? null).value,
    createApp: (given) => createApp(forge, given),
    setWebhookUrl: (id, url) => void (getApp(forge, id).webhookUrl = url),
    installation: (id, owner) => ensureInstallation(forge, getApp(forge, id), owner),
    createInstallationToken: (id, owner, permissions) => createInstallationToken(forge, { id, owner, rights: permissions ?? null }),
    createRepository: (given) => createRepository(forge, given),
    ...createSetters(forge),
    attach: (attachment) => storeAttachment(forge, attachment),
    deliveries: () => forge.deliveries,
    settled: async () => {
      await forge.background.settled();
      if (faults.length > 0) throw new AggregateError(faults.splice(0), "the forge failed to answer");
    },
    close: async () => {
      forge.background.close();
      for (const { mergeQueues } of forge.repositories.values())
        for (const entries of mergeQueues.values()) for (const { cancel } of entries) cancel();
      await stopServer(server);
    },
  };
};
