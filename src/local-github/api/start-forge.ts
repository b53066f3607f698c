import type { TimerStarter } from "../../storage/git/run-git.ts";
import type { WorkflowRunner } from "../actions/workflow-runner.ts";
import { storeAttachment } from "./attachment-routes.ts";
import { type FileAttachment } from "./file-attachment.ts";
import { createApp, type NewApp } from "./create-app.ts";
import { getRepository } from "./repository-access.ts";
import { isPullRequest, changeDraftState } from "./pull-events.ts";
import { advanceMergeQueues } from "./merge-queue.ts";
import { createForgeServer } from "./forge-server.ts";
import { serveOnLoopback } from "./loopback-server.ts";
import { createRepository, type NewRepository, type RepositoryName } from "./create-repository.ts";
import { openForgeStorage, readStoredForge, type ForgeStorage, type StoredForge } from "./forge-storage.ts";
import { resumeForge, restoreForge } from "./resume-forge.ts";
import { ensureAccount, type WebhookDelivery, type InjectedFaults, type ForgeState, type ForgeLag } from "./forge-state.ts";
import { type CreatedApp, type GitHubApp, type TokenPermissions, type RepositoryRole } from "./forge-actor.ts";
import type { ForgeRepository, BranchRule } from "./forge-repository.ts";
import { createGuid, ensureInstallation, findActor, mintInstallationToken, mintUserToken, revokeAuthorizations } from "./access-tokens.ts";
import { triggerWorkflows } from "./trigger-workflows.ts";
import { createBackgroundWork } from "./background-work.ts";
import { createSealingKeys } from "./sealed-box.ts";

export type ForgeOptions = {
  /** Bare repositories are at `<directory>/<owner>/<name>.git`. Existing ones are reused. */
  readonly directory: string;
  /** The port on loopback; 0 for any free port. */
  readonly port: number;
  /** The clock, in milliseconds since the epoch. */
  readonly now: () => number;
  /**
   * A number from 0 inclusive to 1 exclusive. Tokens are made from it: use a cryptographic source if strangers have
   * access.
   */
  readonly random: () => number;
  readonly after: TimerStarter;
  readonly runner: WorkflowRunner;
  /** How requests reach the forge: through a listener on loopback by default. */
  readonly serve?: typeof serveOnLoopback;
  readonly lag?: Partial<ForgeLag>;
  readonly faults?: InjectedFaults;
  /** Receives every answered request. */
  readonly observe?: ForgeState["observe"];
  /** Whether the forge is a GitHub Enterprise Server, without the features and artifact actions that only github.com has. */
  readonly enterpriseServer?: boolean;
  /** The number of requests that a token may make per hour; 5,000 by default. */
  readonly rateLimit?: number;
  /** The first id that the forge assigns; 1,000 by default. */
  readonly firstId?: number;
  /** The file with the state besides the repositories, for a later process; the state is lost without a file. */
  readonly stateFile?: string;
  /** Receives why the state could not be stored, once until it is stored again. */
  readonly reportUnsaved?: (reason: string) => void;
};

export type RunningForge = {
  /** `http://127.0.0.1:<port>`; git uses `/<owner>/<name>.git` below it. */
  readonly url: string;
  readonly apiUrl: string;
  /** Creates a person and returns a token of theirs, restricted to the permissions if any are given. */
  createUser(login: string, permissions?: TokenPermissions): string;
  /** Ends all authorizations of Apps by a person, as the person does in the settings. */
  revoke(login: string): void;
  /** Creates an App that is installed at every owner. */
  createApp(app: NewApp): Promise<CreatedApp>;
  /** Sets the address that an App's webhooks are sent to. */
  setWebhookUrl(app: number, url: string): void;
  /** Adds an address to which people may return after they authorized the App. */
  addCallbackUrl(app: number, url: string): void;
  /** The number of an App's installation at an owner. */
  installation(app: number, owner: string): number;
  /** Creates a token of an App's installation that is valid for one hour. */
  createInstallationToken(app: number, owner: string, permissions?: TokenPermissions): string;
  /** Creates a repository, public by default. */
  createRepository(repository: NewRepository): Promise<void>;
  defaultBranch(repository: RepositoryName): string;
  setSecrets(repository: RepositoryName, secrets: Readonly<Record<string, string>>): void;
  setEnvironment(
    repository: RepositoryName,
    environment: { readonly name: string; readonly secrets: Readonly<Record<string, string>>; readonly branches?: readonly string[] },
  ): void;
  setPermission(repository: RepositoryName, permission: { readonly login: string; readonly role: RepositoryRole | "none" }): void;
  setRules(repository: RepositoryName, rules: readonly BranchRule[]): void;
  /** Sets whether Actions may open and approve pull requests; allowed by default. */
  setActionsPulls(repository: RepositoryName, allowed: boolean): void;
  /** Changes the draft state as a person does on GitHub's pages. The REST API cannot do this. */
  setDraft(repository: RepositoryName, pull: { readonly number: number; readonly draft: boolean; readonly login: string }): void;
  /** Starts the default branch's workflows that have this cron expression, as GitHub's scheduler does. GitHub sends no webhook for it. */
  startScheduled(repository: RepositoryName, cron: string): void;
  /** Uploads a file as a person does on GitHub's pages and returns its address. The REST API cannot do this. */
  attach(attachment: FileAttachment): string;
  /** The address that signs a person in on the pages, by their token, and leads to a path. */
  signIn(token: string, path: string): string;
  /** All webhook deliveries so far, oldest first. */
  deliveries(): readonly WebhookDelivery[];
  /**
   * Waits until webhooks are delivered, due runs are started and merges are marked; throws the failures of that work.
   */
  waitUntilIdle(): Promise<void>;
  /** Whether the forge continues the state of an earlier process. */
  readonly isResumed: boolean;
  /** Continues the unfinished runs and pushes of the earlier process. */
  resume(): Promise<void>;
  /** Stores the present state. */
  save(): Promise<void>;
  /** Stops storing, so another process continues from here. */
  freeze(): void;
  /** Stops listening and drops pending work. The owner of the runner closes the runner. */
  close(): Promise<void>;
};

const DEFAULT_LAG: ForgeLag = { runsMs: 2_000, mergedMs: 1_000 };
const DEFAULT_HOURLY_REQUESTS = 5_000;
const DEFAULT_FIRST_ID = 1_000;

const createForgeState = (options: ForgeOptions, stored: StoredForge | null, storage: ForgeStorage | null): ForgeState => ({
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
  startedAt: stored?.startedAt ?? options.now(),
  lastId: options.firstId ?? DEFAULT_FIRST_ID,
  accounts: new Map(),
  tokens: new Map(),
  apps: [],
  manifestCodes: new Map(),
  userCodes: new Map(),
  repositories: new Map(),
  attachments: new Map(),
  deliveries: [],
  sessions: new Map(),
  requestCounts: new Map(),
  isEnterpriseServer: options.enterpriseServer ?? false,
  sealingKeys: createSealingKeys(),
  background: createBackgroundWork(options.after, storage?.save),
  save: storage?.save ?? (() => Promise.resolve()),
  trigger: triggerWorkflows,
  advance: advanceMergeQueues,
});

const getApp = (forge: ForgeState, id: number): GitHubApp => {
  const app = forge.apps.find((each) => each.id === id);
  if (!app) throw new Error(`App ${id} does not exist.`);
  return app;
};

const createInstallationToken = (
  forge: ForgeState,
  { id, owner, permissions }: { id: number; owner: string; permissions: TokenPermissions | null },
): string => {
  const app = getApp(forge, id);
  ensureInstallation(forge, app, owner);
  return mintInstallationToken(forge, app, { owner, permissions }).value;
};

const createSetters = (
  forge: ForgeState,
): Pick<
  RunningForge,
  "defaultBranch" | "setSecrets" | "setEnvironment" | "setPermission" | "setRules" | "setActionsPulls" | "setDraft" | "startScheduled"
> => {
  const find = ({ owner, name }: RepositoryName): ForgeRepository => getRepository(forge, owner, name);
  return {
    defaultBranch: (repository) => find(repository).defaultBranch,
    setSecrets: (repository, secrets) => {
      find(repository).secrets = secrets;
    },
    setEnvironment: (repository, { name, secrets, branches }) => {
      const { environments, environmentBranches } = find(repository);
      environments.set(name, secrets);
      if (branches) environmentBranches.set(name, branches);
    },
    setPermission: (repository, { login, role }) => {
      const { roles } = find(repository);
      const key = ensureAccount(forge, login).login.toLowerCase();
      if (role === "none") roles.delete(key);
      else roles.set(key, role);
    },
    setActionsPulls: (repository, allowed) => void (find(repository).actionsPulls = allowed),
    setDraft: (repository, { number, draft, login }) => {
      const issue = find(repository).issues.get(number);
      if (!issue || !isPullRequest(issue)) throw new Error(`Pull request ${number} does not exist.`);
      const actor = { kind: "user" as const, account: ensureAccount(forge, login), permissions: null };
      changeDraftState(forge, find(repository), { issue, actor, draft });
    },
    startScheduled: (repository, schedule) => {
      const account = find(repository).owner;
      const actor = { kind: "user" as const, account, permissions: null };
      forge.trigger(forge, find(repository), { event: "schedule", payload: { schedule }, actor });
    },
    setRules: (repository, rules) => void find(repository).rules.splice(0, Infinity, ...rules),
  };
};

const createSignInAddress = (forge: ForgeState, token: string, path: string): string => {
  const actor = findActor(forge, token);
  if (actor?.kind !== "user") throw new Error("Only a user can sign in.");
  const key = createGuid(forge);
  forge.sessions.set(key, { login: actor.account.login, token });
  return `${forge.url}/session/${key}?to=${encodeURIComponent(path)}`;
};

/**
 * Starts the local GitHub on loopback: REST, GraphQL, git, webhooks and workflow runs. Rejects if the port is in use.
 */
export const startForge = async (options: ForgeOptions): Promise<RunningForge> => {
  const { stateFile } = options;
  const stored = stateFile === undefined ? null : await readStoredForge(stateFile);
  const storage = stateFile === undefined ? null : openForgeStorage(() => forge, stateFile, options.reportUnsaved ?? (() => undefined));
  const forge = createForgeState(options, stored, storage);
  if (stored) restoreForge(forge, stored);
  const faults: unknown[] = [];
  const app = createForgeServer(forge, (error) => void faults.push(error));
  const server = await (options.serve ?? serveOnLoopback)(app, options.port, (url) => void (forge.url = url));
  return {
    url: forge.url,
    apiUrl: `${forge.url}/api/v3`,
    createUser: (login, permissions) => mintUserToken(forge, ensureAccount(forge, login), permissions ?? null).value,
    revoke: (login) => revokeAuthorizations(forge, login),
    createApp: (newApp) => createApp(forge, newApp),
    setWebhookUrl: (id, url) => void (getApp(forge, id).webhookUrl = url),
    addCallbackUrl: (id, url) => void getApp(forge, id).client?.callbackUrls.push(url),
    installation: (id, owner) => ensureInstallation(forge, getApp(forge, id), owner),
    createInstallationToken: (id, owner, permissions) => createInstallationToken(forge, { id, owner, permissions: permissions ?? null }),
    createRepository: (repository) => createRepository(forge, repository),
    ...createSetters(forge),
    attach: (attachment) => storeAttachment(forge, attachment),
    signIn: (token, path) => createSignInAddress(forge, token, path),
    deliveries: () => forge.deliveries,
    waitUntilIdle: async () => {
      await forge.background.waitUntilIdle();
      if (faults.length > 0) throw new AggregateError(faults.splice(0), "The local GitHub failed to answer a request.");
    },
    isResumed: stored !== null,
    resume: () => resumeForge(forge),
    save: forge.save,
    freeze: () => storage?.freeze(),
    close: async () => {
      forge.background.close();
      for (const { mergeQueues } of forge.repositories.values())
        for (const entries of mergeQueues.values()) for (const { cancel } of entries) cancel();
      await server.close();
    },
  };
};
