import { access, constants, mkdtemp, readdir, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { CLAIMS_FOLDER, claimDirectory } from "./claim-directory.ts";
import { CommandError } from "./command-options.ts";
import type { LocalMachine } from "./local-machine.ts";
import type { TerminalHost } from "./terminal-host.ts";

/** Kept after a run, for inspection: the repositories, the jobs' logs and their artifacts. */
const KEPT_PATHS = ["repositories", "jobs/logs", "jobs/artifacts"];
/** Kept for a later process. */
const RESUMABLE_PATHS = [...KEPT_PATHS, "clones", "state", "uncommitted", CLAIMS_FOLDER];

/** A directory without any other process at work. */
export type CommandWorkplace = {
  readonly directory: string;
  /** Registers the machine of the directory, to be closed first; its repositories are kept. */
  readonly attachMachine: (machine: LocalMachine) => void;
  /** Keeps everything for a later process, even if no machine starts. */
  readonly keepResumable: () => void;
  /** Marks the whole directory for deletion. */
  readonly discardAll: () => void;
  /** Registers the first task after Ctrl+C, before the machine closes. */
  readonly onInterrupt: (task: () => Promise<void>) => void;
  /** Stops everything and deletes temporary files. May be called repeatedly. */
  readonly close: () => Promise<void>;
};

/** Creates a temporary directory that is also cleaned up after Ctrl+C. */
export const openWorkplace = async (terminal: TerminalHost, name: string): Promise<CommandWorkplace> =>
  openWorkplaceAt(terminal, await realpath(await mkdtemp(join(terminal.temporary, `${name}-`))));

/** A directory for temporary files, kept across restarts of the computer if possible. */
export const openLastingWorkplace = async (terminal: TerminalHost, name: string): Promise<CommandWorkplace> => {
  const lasting = "/var/tmp";
  const isUsable =
    terminal.env["TMPDIR"] === undefined &&
    (await access(lasting, constants.W_OK).then(
      () => true,
      () => false,
    ));
  return openWorkplaceAt(terminal, await realpath(await mkdtemp(join(isUsable ? lasting : terminal.temporary, `${name}-`))));
};

/** Opens the directory of an earlier process, in the same way. Throws {@link CommandError} if another process works there. */
export const openWorkplaceAt = async (terminal: TerminalHost, directory: string): Promise<CommandWorkplace> => {
  const claim = await claimDirectory(directory, process.pid);
  if (claim.kind === "held") throw new CommandError(formatStillRunning(claim));
  let machine: LocalMachine | null = null;
  let kept: readonly string[] = [];
  let closing: Promise<void> | null = null;
  const end = async (): Promise<void> => {
    await machine?.close();
    await removeAllBut(directory, kept);
    await claim.release();
  };
  let first = (): Promise<void> => Promise.resolve();
  const close = (): Promise<void> => (closing ??= end());
  terminal.onInterrupt(async () => {
    await first().catch(() => undefined);
    await close();
  });
  return {
    directory,
    attachMachine: (used) => {
      machine = used;
      if (kept.length === 0) kept = KEPT_PATHS;
    },
    keepResumable: () => void (kept = RESUMABLE_PATHS),
    discardAll: () => void (kept = []),
    onInterrupt: (task) => void (first = task),
    close,
  };
};

export const formatStillRunning = ({ pid }: { readonly pid: number }): string => `the run is still in progress, in process ${pid}`;

/** Deletes the contents of a directory, except for some paths. */
const removeAllBut = async (directory: string, kept: readonly string[]): Promise<void> => {
  // Processes that were just stopped may still close their files.
  const remove = (path: string): Promise<void> => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  if (kept.length === 0) return remove(directory);
  for (const name of await readdir(directory)) {
    if (kept.includes(name)) continue;
    const below = kept.filter((path) => path.startsWith(`${name}/`)).map((path) => path.slice(name.length + 1));
    await (below.length === 0 ? remove(join(directory, name)) : removeAllBut(join(directory, name), below));
  }
};
