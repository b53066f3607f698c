import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Coordinator, openCoordinator, type Timers } from "./coordinator.ts";
import { readWebhook } from "./events/webhook.ts";
import { openClone } from "./git/clone.ts";
import { connectGitHub } from "./github/connect-github.ts";
import type { Installation } from "./github/installation.ts";
import type { World } from "./handle.ts";
import type { Login, Millis } from "./model/ids.ts";
import { openOrganisation } from "./organisation.ts";
import { readInstallation } from "./settings.ts";
import { connectWorld } from "./world.ts";

/** What the App has of its host: access to GitHub, a directory of its own, time and chance. */
export type AppHost = {
  readonly access: (installation: number) => Installation;
  /** The installation that a repository belongs to; null where there is none. */
  readonly find: (repository: string) => Promise<number | null>;
  readonly self: Login;
  /** Where git is served: `https://github.com`. */
  readonly serverUrl: string;
  /** Where this installation is, for its built-in roles. */
  readonly root: string;
  /** Where clones are kept: a cache. */
  readonly directory: string;
  readonly timers: Timers;
  /** 0 up to and without 1. */
  readonly random: () => number;
  readonly nonce: () => string;
  readonly log: (line: string) => void;
  /** See Snapshot.grace: 0 where no other process coordinates these repositories. */
  readonly grace: Millis;
  /** How often comments are listed. */
  readonly sweepEvery: Millis;
  /** See Coordinating.firstSweep. */
  readonly firstSweep?: Millis;
  /** Stands between the loop and a repository's world: whoever tests what becomes of a process that dies at any point. */
  readonly wrap?: (world: World) => World;
};

export type AppService = Coordinator & {
  /** Takes a webhook in; resolves when what it led to is settled. */
  readonly webhook: (name: string, payload: unknown) => Promise<void>;
  /** Takes a repository up without a webhook, by its full name. */
  readonly adopt: (repository: string, installation: number) => Promise<void>;
  /** Takes up the repositories that an earlier process worked for, to see what it missed. Never rejects. */
  readonly resume: () => Promise<void>;
};

/** Outcomes that nothing waits for are written with the next write, or after this time. */
const KEEP = 60_000;
/** How often an organisation is asked what it says, in milliseconds. */
const ORGANISATION_EVERY = 60_000;
const LONGEST_JITTER = 150;
const IDENTITY = { name: "Enki", email: "enki@users.noreply.github.com" };

/** Enki as a service for all repositories that an App is installed in. */
export const openAppService = (host: AppHost): AppService => {
  const sources = new Map<string, Source>();
  const fault = (repository: string, error: unknown): void =>
    host.log(`${repository}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  const coordinator = openCoordinator({
    connect: (repository) => connectRepository(host, repository, sources.get(repository)),
    timers: host.timers,
    sweepEvery: host.sweepEvery,
    ...(host.firstSweep !== undefined && { firstSweep: host.firstSweep }),
    fault,
  });
  const adopt = (repository: string, installation: number): Promise<void> => {
    sources.set(repository, { repository, installation });
    return coordinator.sweep(repository);
  };
  return {
    ...coordinator,
    adopt,
    resume: async () => {
      const takeUp = async (repository: string): Promise<void> => {
        const installation = await host.find(repository);
        if (installation !== null) await adopt(repository, installation);
      };
      // Side by side: one that hangs or breaks is no reason for the others to wait.
      await Promise.all((await knownClones(host.directory)).map((each) => takeUp(each).catch((error: unknown) => fault(each, error))));
    },
    webhook: async (name, payload) => {
      const from = readSource(payload);
      if (!from) return;
      sources.set(from.repository, from);
      const events = readWebhook(name, payload, host.self);
      if (events.length > 0) await coordinator.receive(from.repository, events);
    },
  };
};

/** Repositories that have a clone here, by their full names. */
const knownClones = async (directory: string): Promise<string[]> => {
  const owners = await readdir(directory).catch(() => []);
  const names = await Promise.all(
    owners.map(async (owner) => (await readdir(join(directory, owner)).catch(() => [])).map((name) => `${owner}/${name}`)),
  );
  return names.flat().flatMap((name) => (name.endsWith(".git") ? [name.slice(0, -".git".length)] : []));
};

const field = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;

type Source = { readonly repository: string; readonly installation: number; readonly defaultBranch?: string };

/** The repository and installation that a webhook speaks of; null for one about something else. */
const readSource = (payload: unknown): Source | null => {
  const repository = field(field(payload, "repository"), "full_name");
  const installation = field(field(payload, "installation"), "id");
  const defaultBranch = field(field(payload, "repository"), "default_branch");
  if (typeof repository !== "string" || typeof installation !== "number") return null;
  return { repository, installation, ...(typeof defaultBranch === "string" && { defaultBranch }) };
};

const connectRepository = async (host: AppHost, repository: string, source: Source | undefined): Promise<World> => {
  const [owner = "", repo = ""] = repository.split("/");
  const { timers, self } = host;
  const { octokit, token } = host.access(source?.installation ?? 0);
  const github = connectGitHub({
    octokit,
    owner,
    repo,
    clock: timers.now,
    serverUrl: host.serverUrl,
    ...(source?.defaultBranch !== undefined && { defaultBranch: source.defaultBranch }),
  });
  const branch = await github.defaultBranch();
  if (!branch.ok) throw new Error(`${repository} cannot be read: ${branch.failure.why}`);
  const clone = await openClone({
    url: `${host.serverUrl}/${repository}.git`,
    directory: join(host.directory, owner, `${repo}.git`),
    token,
    identity: IDENTITY,
    after: timers.after,
  });
  const organisation = openOrganisation({
    url: `${host.serverUrl}/${repository}.git`,
    directory: join(host.directory, owner, ".github"),
    after: timers.after,
    every: ORGANISATION_EVERY,
    now: timers.now,
  });
  const world = connectWorld({
    clone,
    github,
    self,
    defaultBranch: branch.value,
    layers: { ...(await readInstallation(host.root)), organisation },
    grace: host.grace,
    keep: KEEP,
    now: timers.now,
    nonce: host.nonce,
    jitter: () => host.random() * LONGEST_JITTER,
    sleep: (delay) => new Promise((resolve) => void timers.after(delay, resolve)),
    log: (line) => host.log(`${repository}: ${line}`),
  });
  return host.wrap ? host.wrap(world) : world;
};
