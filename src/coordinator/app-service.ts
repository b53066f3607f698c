import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type RepositoryCoordinator, openCoordinator, type CoordinatorTimers } from "./repository-coordinator.ts";
import { readWebhook } from "../core/events/read-webhook.ts";
import { openClone } from "../storage/git/repository-clone.ts";
import { connectGitHub } from "../github/connect-github.ts";
import type { AppInstallation } from "../github/app-installation.ts";
import type { RepositoryPorts } from "./repository-loop.ts";
import type { Login, Millis } from "../core/domain/ids.ts";
import { openOrganisationConfig } from "../storage/config/organisation-config.ts";
import { readInstallationLayers } from "../storage/config/repository-config.ts";
import { connectRepositoryPorts } from "./connect-repository-ports.ts";

/** What the App has of its host: access to GitHub, a directory of its own, time and chance. */
export type AppHost = {
  readonly openInstallation: (installation: number) => AppInstallation;
  /** The installation that a repository belongs to; null where there is none. */
  readonly findInstallation: (repository: string) => Promise<number | null>;
  readonly botLogin: Login;
  /** Where git is served: `https://github.com`. */
  readonly serverUrl: string;
  /** Where this installation is, for its built-in roles. */
  readonly root: string;
  /** Where clones are kept: a cache. */
  readonly directory: string;
  readonly timers: CoordinatorTimers;
  /** 0 up to and without 1. */
  readonly random: () => number;
  readonly nonce: () => string;
  readonly log: (line: string) => void;
  /** See Snapshot.grace: 0 where no other process coordinates these repositories. */
  readonly graceMs: Millis;
  /** How often comments are listed. */
  readonly sweepIntervalMs: Millis;
  /** See Coordinating.firstSweep. */
  readonly firstSweepMs?: Millis;
  /** Stands between the loop and a repository's world: whoever tests what becomes of a process that dies at any point. */
  readonly wrapPorts?: (world: RepositoryPorts) => RepositoryPorts;
};

export type AppService = RepositoryCoordinator & {
  /** Takes a webhook in; resolves when what it led to is settled. */
  readonly receiveWebhook: (name: string, payload: unknown) => Promise<void>;
  /** Takes a repository up without a webhook, by its full name. */
  readonly addRepository: (repository: string, installation: number) => Promise<void>;
  /** Takes up the repositories that an earlier process worked for, to see what it missed. Never rejects. */
  readonly resumeRepositories: () => Promise<void>;
};

/** Outcomes that nothing waits for are written with the next write, or after this time. */
const KEEP_OUTCOMES_MS = 60_000;
/** How often an organisation is asked what it says, in milliseconds. */
const ORGANISATION_REFRESH_MS = 60_000;
const MAX_JITTER_MS = 150;
const COORDINATOR_IDENTITY = { name: "Enki", email: "enki@users.noreply.github.com" };

/** Enki as a service for all repositories that an App is installed in. */
export const openAppService = (host: AppHost): AppService => {
  const sources = new Map<string, RepositorySource>();
  const fault = (repository: string, error: unknown): void =>
    host.log(`${repository}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  const coordinator = openCoordinator({
    connect: (repository) => connectRepository(host, repository, sources.get(repository)),
    timers: host.timers,
    sweepIntervalMs: host.sweepIntervalMs,
    ...(host.firstSweepMs !== undefined && { firstSweepMs: host.firstSweepMs }),
    reportFault: fault,
  });
  const adopt = (repository: string, installation: number): Promise<void> => {
    sources.set(repository, { repository, installation });
    return coordinator.sweep(repository);
  };
  return {
    ...coordinator,
    addRepository: adopt,
    resumeRepositories: async () => {
      const takeUp = async (repository: string): Promise<void> => {
        const installation = await host.findInstallation(repository);
        if (installation !== null) await adopt(repository, installation);
      };
      // Side by side: one that hangs or breaks is no reason for the others to wait.
      await Promise.all(
        (await listClonedRepositories(host.directory)).map((each) => takeUp(each).catch((error: unknown) => fault(each, error))),
      );
    },
    receiveWebhook: async (name, payload) => {
      const from = readRepositorySource(payload);
      if (!from) return;
      sources.set(from.repository, from);
      const events = readWebhook(name, payload, host.botLogin);
      if (events.length > 0) await coordinator.receive(from.repository, events);
    },
  };
};

/** Repositories that have a clone here, by their full names. */
const listClonedRepositories = async (directory: string): Promise<string[]> => {
  const owners = await readdir(directory).catch(() => []);
  const names = await Promise.all(
    owners.map(async (owner) => (await readdir(join(directory, owner)).catch(() => [])).map((name) => `${owner}/${name}`)),
  );
  return names.flat().flatMap((name) => (name.endsWith(".git") ? [name.slice(0, -".git".length)] : []));
};

const readPayloadField = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;

type RepositorySource = { readonly repository: string; readonly installation: number; readonly defaultBranch?: string };

/** The repository and installation that a webhook speaks of; null for one about something else. */
const readRepositorySource = (payload: unknown): RepositorySource | null => {
  const repository = readPayloadField(readPayloadField(payload, "repository"), "full_name");
  const installation = readPayloadField(readPayloadField(payload, "installation"), "id");
  const defaultBranch = readPayloadField(readPayloadField(payload, "repository"), "default_branch");
  if (typeof repository !== "string" || typeof installation !== "number") return null;
  return { repository, installation, ...(typeof defaultBranch === "string" && { defaultBranch }) };
};

const connectRepository = async (host: AppHost, repository: string, source: RepositorySource | undefined): Promise<RepositoryPorts> => {
  const [owner = "", repo = ""] = repository.split("/");
  const { timers, botLogin } = host;
  const { octokit, token } = host.openInstallation(source?.installation ?? 0);
  const github = connectGitHub({
    octokit,
    owner,
    repo,
    clock: timers.now,
    serverUrl: host.serverUrl,
    ...(source?.defaultBranch !== undefined && { defaultBranch: source.defaultBranch }),
  });
  const branch = await github.defaultBranch();
  if (!branch.ok) throw new Error(`${repository} cannot be read: ${branch.failure.reason}`);
  const clone = await openClone({
    url: `${host.serverUrl}/${repository}.git`,
    directory: join(host.directory, owner, `${repo}.git`),
    token,
    identity: COORDINATOR_IDENTITY,
    after: timers.after,
  });
  const organisation = openOrganisationConfig({
    url: `${host.serverUrl}/${repository}.git`,
    directory: join(host.directory, owner, ".github"),
    after: timers.after,
    refreshMs: ORGANISATION_REFRESH_MS,
    now: timers.now,
  });
  const world = connectRepositoryPorts({
    clone,
    github,
    botLogin,
    defaultBranch: branch.value,
    layers: { ...(await readInstallationLayers(host.root)), readOrganisation: organisation },
    graceMs: host.graceMs,
    keepOutcomesMs: KEEP_OUTCOMES_MS,
    now: timers.now,
    nonce: host.nonce,
    jitter: () => host.random() * MAX_JITTER_MS,
    sleep: (delay) => new Promise((resolve) => void timers.after(delay, resolve)),
    log: (line) => host.log(`${repository}: ${line}`),
  });
  return host.wrapPorts ? host.wrapPorts(world) : world;
};
