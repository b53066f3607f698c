import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { isRepositoryName } from "../core/domain/repository-name.ts";
import type { InstalledRepository } from "../github/app-installation.ts";

export type TakeUpHost = {
  /** The directory of the clones, which are a cache. */
  readonly directory: string;
  /** A repository's installation; null if it has none. */
  readonly findInstallation: (repository: string) => Promise<number | null>;
  /** The repositories of the App's installations; if present, they are swept at the start. */
  readonly listInstalled?: (reportFault: (installation: number, error: unknown) => void) => AsyncIterable<InstalledRepository>;
};

type TakeUpActions = {
  /** Sweeps a repository; resolves after the findings are processed. */
  readonly adopt: (found: InstalledRepository) => Promise<void>;
  readonly fault: (subject: string, error: unknown) => void;
};

/** The number of an earlier process's repositories to sweep at the same time. */
const MAX_RESUMED = 8;
/** The number of new repositories to clone at the same time, while webhooks are handled. */
const MAX_FIRST_SWEEPS = 4;

/** Sweeps repositories at the start of a process, for comments that came while no process ran. */
export const openTakeUp = (host: TakeUpHost, { adopt, fault }: TakeUpActions) => {
  let isOpen = true;
  const takeUpInstalled = async (known: ReadonlySet<string>): Promise<void> => {
    const installed = host.listInstalled?.((installation, error) => fault(`installation ${installation}`, error));
    if (!installed) return;
    try {
      await runBounded(installed, MAX_FIRST_SWEEPS, async (found) => {
        if (isOpen && !known.has(found.repository) && isRepositoryName(found.repository)) await adopt(found);
        return isOpen;
      });
    } catch (error) {
      fault("installations", error);
    }
  };
  const takeUpCloned = async (repository: string): Promise<boolean> => {
    try {
      const installation = await host.findInstallation(repository);
      if (installation !== null) await adopt({ repository, installation });
    } catch (error) {
      fault(repository, error);
    }
    return isOpen;
  };
  return {
    stop: (): void => void (isOpen = false),
    /** Sweeps the repositories with a clone, then starts to sweep all others. Never rejects. */
    resume: async (): Promise<void> => {
      const cloned = await listClonedRepositories(host.directory);
      // Concurrent, so that a repository that hangs or fails does not delay the others.
      await runBounded(cloned, MAX_RESUMED, takeUpCloned);
      // Not awaited: an organisation may have thousands of others.
      void takeUpInstalled(new Set(cloned));
    },
  };
};

/** Works on items in their order, some at the same time, until the work returns false. */
const runBounded = async <T>(items: Iterable<T> | AsyncIterable<T>, limit: number, work: (item: T) => Promise<boolean>): Promise<void> => {
  const source = (async function* () {
    yield* items;
  })();
  const workers = Array.from({ length: limit }, async () => {
    for (let next = await source.next(); next.done !== true; next = await source.next()) if (!(await work(next.value))) return;
  });
  await Promise.all(workers);
};

/** Full names of the repositories with a local clone. */
const listClonedRepositories = async (directory: string): Promise<string[]> => {
  const owners = await readdir(directory).catch(() => []);
  const names = await Promise.all(
    owners.map(async (owner) => (await readdir(join(directory, owner)).catch(() => [])).map((name) => `${owner}/${name}`)),
  );
  return names.flat().flatMap((name) => (name.endsWith(".git") && isRepositoryName(name.slice(0, -4)) ? [name.slice(0, -4)] : []));
};
