import { join } from "node:path";
import { z } from "zod";
import type { Login, Millis } from "../core/domain/ids.ts";
import { NOBODY, toBotIdentity } from "../core/domain/product.ts";
import type { SpanSink } from "../core/telemetry/telemetry-span.ts";
import type { GitHubCredential } from "../github/github-credential.ts";
import { connectGitHub } from "../github/connect-github.ts";
import { openOrganisationConfig } from "../storage/config/organisation-config.ts";
import { readInstallationLayers } from "../storage/config/repository-config.ts";
import type { CommitIdentity } from "../storage/git/git-objects.ts";
import { openClone } from "../storage/git/repository-clone.ts";
import type { LedgerKeys } from "../storage/ledger/ledger-keys.ts";
import type { ReadVariable } from "./post-notice.ts";
import { connectRepositoryPorts } from "./connect-repository-ports.ts";
import type { CoordinatorTimers } from "./repository-coordinator.ts";
import type { RepositoryPorts } from "./repository-loop.ts";
import { MINUTE_MS } from "../core/domain/durations.ts";

/** What a process that coordinates repositories provides: a directory, time and randomness. */
export type CoordinatorHost = {
  readonly botLogin: Login;
  /** The server for git and the web, such as `https://github.com`. */
  readonly serverUrl: string;
  /** This program's directory, with its built-in roles. */
  readonly root: string;
  /** The directory of the clones, which are a cache. */
  readonly directory: string;
  /** The repository's own directory on this machine, by full name; see CloneOptions.near. */
  readonly findNear?: (repository: string) => string | undefined;
  readonly timers: CoordinatorTimers;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
  readonly nonce: () => string;
  readonly log: (line: string) => void;
  /** Signs and verifies the ledgers; null if they are not signed. */
  readonly ledgerKeys: LedgerKeys | null;
  /** See Snapshot.graceMs; 0 if no other process coordinates these repositories. */
  readonly graceMs: Millis;
  /** See RepositoryPorts.keepOutcomesMs. */
  readonly keepOutcomesMs: Millis;
  /** Reads a variable that `[notify]` names; without this function, no variable is set. */
  readonly readVariable?: ReadVariable;
  /** Receives the spans of finished work; absent without telemetry. */
  readonly telemetry?: SpanSink | undefined;
  /** See Snapshot.endsWhenIdle. */
  readonly endsWhenIdle?: true;
  /** See Snapshot.runners. */
  readonly runners?: number;
};

export type RepositoryAccess = {
  /** The repository's full name. */
  readonly repository: string;
  readonly access: GitHubCredential;
  /** The default branch, if known. */
  readonly defaultBranch?: string | undefined;
};

/** How often an organisation's configuration is fetched, in milliseconds. */
const ORGANISATION_REFRESH_MS = MINUTE_MS;
const MAX_JITTER_MS = 150;

/** Connects one repository: its clone, GitHub, its configuration and its ledger. Throws if GitHub does not show the repository. */
export const connectRepository = async (host: CoordinatorHost, connected: RepositoryAccess): Promise<RepositoryPorts> => {
  const { repository, access, defaultBranch } = connected;
  const [owner = "", repo = ""] = repository.split("/");
  const { timers, serverUrl } = host;
  const url = `${serverUrl}/${repository}.git`;
  const github = connectGitHub({
    octokit: access.octokit,
    owner,
    repo,
    clock: timers.now,
    serverUrl,
    ...(defaultBranch !== undefined && { defaultBranch }),
  });
  const branch = await github.defaultBranch();
  if (!branch.ok) throw new Error(`${repository} cannot be read: ${branch.failure.reason}`);
  const clone = await openClone({
    url,
    directory: join(host.directory, owner, `${repo}.git`),
    token: access.token,
    identity: await readIdentity(access, host),
    after: timers.after,
    near: host.findNear?.(repository),
  });
  const organisation = openOrganisationConfig({
    url,
    directory: join(host.directory, owner, ".github"),
    after: timers.after,
    refreshMs: ORGANISATION_REFRESH_MS,
    now: timers.now,
  });
  return connectRepositoryPorts({
    clone,
    github,
    botLogin: host.botLogin,
    defaultBranch: branch.value,
    layers: { ...(await readInstallationLayers(host.root)), readOrganisation: organisation },
    seal: host.ledgerKeys === null ? undefined : { keys: host.ledgerKeys, repository },
    graceMs: host.graceMs,
    keepOutcomesMs: host.keepOutcomesMs,
    endsWhenIdle: host.endsWhenIdle,
    runners: host.runners,
    now: timers.now,
    nonce: host.nonce,
    readVariable: host.readVariable,
    telemetry: host.telemetry,
    jitter: () => host.random() * MAX_JITTER_MS,
    sleep: (delay) => new Promise((resolve) => void timers.after(delay, resolve)),
    log: (line) => host.log(`${repository}: ${line}`),
  });
};

const accountSchema = z.object({ id: z.number() });

/** The bot's own address, so that GitHub never credits a person with a similar name. */
const readIdentity = async ({ octokit }: GitHubCredential, { botLogin, serverUrl }: CoordinatorHost): Promise<CommitIdentity> => {
  const answer = await octokit.request("GET /users/{username}", { username: botLogin }).catch(() => null);
  const account = accountSchema.safeParse(answer?.data);
  return account.success ? toBotIdentity({ login: botLogin, id: account.data.id, serverUrl }) : NOBODY;
};
