import { type RepositoryCoordinator, openCoordinator, type CoordinatorTimers } from "./repository-coordinator.ts";
import { readWebhook } from "../core/events/read-webhook.ts";
import type { AppInstallation } from "../github/app-installation.ts";
import type { RepositoryPorts } from "./repository-loop.ts";
import type { Millis } from "../core/domain/ids.ts";
import { UnsignedLedgerError } from "../storage/ledger/guard-ledger.ts";
import { type CoordinatorHost, connectRepository } from "./connect-repository.ts";
import { isRepositoryName, openTakeUp, type TakeUpHost } from "./take-up-repositories.ts";

/** What the host provides to the App: access to GitHub, a directory, time and randomness. */
export type AppHost = Omit<CoordinatorHost, "keepOutcomesMs" | "endsWhenIdle"> &
  TakeUpHost & {
    readonly openInstallation: (installation: number) => AppInstallation;
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
  /** Resumes the repositories of an earlier process, to sweep what it missed. Never rejects. */
  readonly resumeRepositories: () => Promise<void>;
};

/** Outcomes that nothing waits for are saved with the next write, or after this time. */
const KEEP_OUTCOMES_MS = 60_000;
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
  const adopt = (repository: string, installation: number): Promise<void> => {
    sources.set(repository, { repository, installation });
    return coordinator.sweep(repository);
  };
  const takeUp = openTakeUp(host, { adopt, fault });
  return {
    ...coordinator,
    close: () => {
      takeUp.stop();
      return coordinator.close();
    },
    addRepository: adopt,
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

type RepositorySource = { readonly repository: string; readonly installation: number; readonly defaultBranch?: string };

/** The repository and installation that a webhook is about; null if it names none. */
const readRepositorySource = (payload: unknown): RepositorySource | null => {
  const repository = readPayloadField(readPayloadField(payload, "repository"), "full_name");
  const installation = readPayloadField(readPayloadField(payload, "installation"), "id");
  const defaultBranch = readPayloadField(readPayloadField(payload, "repository"), "default_branch");
  if (typeof repository !== "string" || !isRepositoryName(repository) || typeof installation !== "number") return null;
  return { repository, installation, ...(typeof defaultBranch === "string" && { defaultBranch }) };
};

const connectInstalledRepository = async (
  host: AppHost,
  repository: string,
  source: RepositorySource | undefined,
): Promise<RepositoryPorts> => {
  const ports = await connectRepository(
    { ...host, keepOutcomesMs: KEEP_OUTCOMES_MS },
    { repository, access: host.openInstallation(source?.installation ?? 0), defaultBranch: source?.defaultBranch },
  );
  return host.wrapPorts ? host.wrapPorts(ports) : ports;
};
