import { type RepositoryCoordinator, openCoordinator, type CoordinatorTimers } from "./repository-coordinator.ts";
import { readWebhook } from "../core/events/read-webhook.ts";
import { isRepositoryName } from "../core/domain/repository-name.ts";
import type { NamedRepository } from "../core/domain/viewer-port.ts";
import type { InstalledRepository } from "../github/app-installation.ts";
import type { GitHubCredential } from "../github/github-credential.ts";
import type { RepositoryPorts } from "./repository-loop.ts";
import type { Millis } from "../core/domain/ids.ts";
import { UnsignedLedgerError } from "../storage/ledger/guard-ledger.ts";
import { type CoordinatorHost, connectRepository } from "./connect-repository.ts";
import { claimClone, type ClonePlace, holdsRepository, readCloneId, readRepositoryFacts, toClonePlace } from "./clone-place.ts";
import { openTakeUp, type TakeUpHost } from "./take-up-repositories.ts";
import { MINUTE_MS } from "../core/domain/durations.ts";

/** What the host provides to the App: access to GitHub, a directory, time and randomness. */
export type AppHost = Omit<CoordinatorHost, "keepOutcomesMs" | "endsWhenIdle"> &
  TakeUpHost & {
    readonly openInstallation: (installation: number) => GitHubCredential;
    readonly timers: CoordinatorTimers;
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
  /** The directory of the clone of a coordinated repository; null if the App does not coordinate exactly this repository. */
  readonly findClone: (repository: NamedRepository) => Promise<string | null>;
  /** Resumes the repositories of an earlier process, to sweep what it missed. Never rejects. */
  readonly resumeRepositories: () => Promise<void>;
};

/** Outcomes that nothing waits for are saved with the next write, or after this time. */
const KEEP_OUTCOMES_MS = MINUTE_MS;
/** Runs Enki for all repositories in which the App is installed. */
export const openAppService = (host: AppHost): AppService => {
  const sources = new Map<string, RepositorySource>();
  const fault = (repository: string, error: unknown): void => host.log(`${repository}: ${describeFault(error)}`);
  const coordinator = openCoordinator({
    connect: (repository) => connectInstalledRepository(host, repository, sources.get(repository)),
    timers: host.timers,
    sweepIntervalMs: host.sweepIntervalMs,
    ...(host.firstSweepMs !== undefined && { firstSweepMs: host.firstSweepMs }),
    reportFault: fault,
  });
  const adopt = (found: InstalledRepository): Promise<void> => {
    // A webhook may have reported more details in the meantime.
    sources.set(found.repository, { ...sources.get(found.repository), ...found });
    return coordinator.sweep(found.repository);
  };
  const takeUp = openTakeUp(host, { adopt, fault });
  return {
    ...coordinator,
    close: () => {
      takeUp.stop();
      return coordinator.close();
    },
    addRepository: (repository, installation) => adopt({ repository, installation }),
    findClone: async ({ name, id }) => {
      const place = toClonePlace(host.directory, name);
      if (!sources.has(name) || !(await holdsRepository(place, id))) return null;
      return host.findNear?.(name) ?? place.clone;
    },
    resumeRepositories: takeUp.resume,
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

const readPayloadField = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;

type RepositorySource = InstalledRepository & { readonly defaultBranch?: string };

/** The repository and installation that a webhook is about; null if it names none. */
const readRepositorySource = (payload: unknown): RepositorySource | null => {
  const repository = readPayloadField(readPayloadField(payload, "repository"), "full_name");
  const installation = readPayloadField(readPayloadField(payload, "installation"), "id");
  const id = readPayloadField(readPayloadField(payload, "repository"), "id");
  const defaultBranch = readPayloadField(readPayloadField(payload, "repository"), "default_branch");
  if (typeof repository !== "string" || !isRepositoryName(repository) || typeof installation !== "number") return null;
  return {
    repository,
    installation,
    ...(typeof id === "number" && { id }),
    ...(typeof defaultBranch === "string" && { defaultBranch }),
  };
};

type ConnectedSource = {
  readonly repository: string;
  readonly source: RepositorySource | undefined;
  readonly access: GitHubCredential;
  readonly place: ClonePlace;
};

/** The number of a repository, if it is known or not yet recorded, and perhaps the default branch. */
const findFacts = async ({ repository, source, access, place }: ConnectedSource): Promise<PartialFacts | null> => {
  if (source?.id !== undefined) return { id: source.id };
  return readCloneId(place) === null ? readRepositoryFacts(access.octokit, repository) : null;
};
type PartialFacts = { readonly id: number; readonly defaultBranch?: string };

const connectInstalledRepository = async (
  host: AppHost,
  repository: string,
  source: RepositorySource | undefined,
): Promise<RepositoryPorts> => {
  const access = host.openInstallation(source?.installation ?? 0);
  const place = toClonePlace(host.directory, repository);
  const facts = await findFacts({ repository, source, access, place });
  if (facts) await claimClone(place, facts.id);
  const ports = await connectRepository(
    { ...host, keepOutcomesMs: KEEP_OUTCOMES_MS },
    { repository, access, defaultBranch: source?.defaultBranch ?? facts?.defaultBranch },
  );
  return host.wrapPorts ? host.wrapPorts(ports) : ports;
};
