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
import { UnsignedLedgerError } from "../storage/ledger/guard-ledger.ts";
import type { LedgerKeys } from "../storage/ledger/ledger-keys.ts";
import { connectRepositoryPorts } from "./connect-repository-ports.ts";

/** What the host provides to the App: access to GitHub, a directory, time and randomness. */
export type AppHost = {
  readonly openInstallation: (installation: number) => AppInstallation;
  /** A repository's installation; null if it has none. */
  readonly findInstallation: (repository: string) => Promise<number | null>;
  readonly botLogin: Login;
  /** The server for git and the web, such as `https://github.com`. */
  readonly serverUrl: string;
  /** This program's directory, with its built-in roles. */
  readonly root: string;
  /** The directory of the clones, which are a cache. */
  readonly directory: string;
  readonly timers: CoordinatorTimers;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
  readonly nonce: () => string;
  readonly log: (line: string) => void;
  /** Signs and verifies the ledgers; null if they are not signed. */
  readonly ledgerKeys: LedgerKeys | null;
  /** See Snapshot.graceMs; 0 if no other process coordinates these repositories. */
  readonly graceMs: Millis;
  readonly sweepIntervalMs: Millis;
  /** See CoordinatorOptions.firstSweepMs. */
  readonly firstSweepMs?: Millis;
  /** Wraps a repository's ports, for tests that kill the process at any point. */
  readonly wrapPorts?: (ports: RepositoryPorts) => RepositoryPorts;
};

export type AppService = RepositoryCoordinator & {
  /** Receives a webhook; resolves when its events are processed. Never rejects. */
  readonly receiveWebhook: (name: string, payload: unknown) => Promise<void>;
  /** Starts to coordinate a repository, by its full name, without a webhook. */
  readonly addRepository: (repository: string, installation: number) => Promise<void>;
  /** Resumes the repositories of an earlier process, to sweep what it missed. Never rejects. */
  readonly resumeRepositories: () => Promise<void>;
};

/** Outcomes that nothing waits for are saved with the next write, or after this time. */
const KEEP_OUTCOMES_MS = 60_000;
/** How often an organisation's configuration is fetched, in milliseconds. */
const ORGANISATION_REFRESH_MS = 60_000;
const MAX_JITTER_MS = 150;
const COORDINATOR_IDENTITY = { name: "Enki", email: "enki@users.noreply.github.com" };

/** Runs Enki for all repositories in which the App is installed. */
export const openAppService = (host: AppHost): AppService => {
  const sources = new Map<string, RepositorySource>();
  const fault = (repository: string, error: unknown): void => host.log(`${repository}: ${describeFault(error)}`);
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
      // Concurrent, so that a repository that hangs or fails does not delay the others.
      await Promise.all(
        (await listClonedRepositories(host.directory)).map((each) => takeUp(each).catch((error: unknown) => fault(each, error))),
      );
    },
    receiveWebhook: async (name, payload) => {
      const from = readRepositorySource(payload);
      if (!from) return;
      sources.set(from.repository, from);
      try {
        const events = readWebhook(name, payload, host.botLogin);
        if (events.length > 0) await coordinator.receive(from.repository, events);
      } catch (error) {
        fault(from.repository, error);
      }
    },
  };
};

/** An unsigned ledger is reported without a stack trace, because the program works. */
const describeFault = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error instanceof UnsignedLedgerError ? error.message : (error.stack ?? error.message);
};

/** Full names of the repositories with a local clone. */
const listClonedRepositories = async (directory: string): Promise<string[]> => {
  const owners = await readdir(directory).catch(() => []);
  const names = await Promise.all(
    owners.map(async (owner) => (await readdir(join(directory, owner)).catch(() => [])).map((name) => `${owner}/${name}`)),
  );
  return names.flat().flatMap((name) => (name.endsWith(".git") && isRepositoryName(name.slice(0, -4)) ? [name.slice(0, -4)] : []));
};

/** Whether GitHub could name a repository so. The name becomes a directory and a part of URLs. */
const isRepositoryName = (name: string): boolean => /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}\/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/.test(name);

const readPayloadField = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;

type RepositorySource = { readonly repository: string; readonly installation: number; readonly defaultBranch?: string };

/** The repository and installation that a webhook is about; null if it names none. */
const readRepositorySource = (payload: unknown): RepositorySource | null => {
  const repository = readPayloadField(readPayloadField(payload, "repository"), "full_name");
  const installation = readPayloadField(readPayloadField(payload, "installation"), "id");
  const defaultBranch = readPayloadField(readPayloadField(payload, "repository"), "default_branch");
  if (typeof repository !== "string" || !isRepositoryName(repository) || typeof installation !== "number") return null;
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
  const ports = connectRepositoryPorts({
    clone,
    github,
    botLogin,
    defaultBranch: branch.value,
    layers: { ...(await readInstallationLayers(host.root)), readOrganisation: organisation },
    seal: host.ledgerKeys === null ? undefined : { keys: host.ledgerKeys, repository },
    graceMs: host.graceMs,
    keepOutcomesMs: KEEP_OUTCOMES_MS,
    now: timers.now,
    nonce: host.nonce,
    jitter: () => host.random() * MAX_JITTER_MS,
    sleep: (delay) => new Promise((resolve) => void timers.after(delay, resolve)),
    log: (line) => host.log(`${repository}: ${line}`),
  });
  return host.wrapPorts ? host.wrapPorts(ports) : ports;
};
