import { mkdtemp, readdir, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LocalMachine } from "./local-machine.ts";
import type { TerminalHost } from "./terminal-host.ts";

/** Of a machine's directory this stays for who wants to look at it: the repositories, what the jobs said, and what they left. */
const KEPT_PATHS = ["repositories", "jobs/logs", "jobs/artifacts"];

export type CommandWorkplace = {
  readonly directory: string;
  /** Says what machine runs in it: it is closed first, and its repositories stay. */
  readonly attachMachine: (machine: LocalMachine) => void;
  /** Says that nothing of it is of use any more. */
  readonly discardAll: () => void;
  /** Ends everything and takes away what nobody needs any more; once, however often it is called. */
  readonly close: () => Promise<void>;
};

/** A directory of our own below the system's temporary one, which also a person's Ctrl+C takes away. */
export const openWorkplace = async (terminal: TerminalHost, name: string): Promise<CommandWorkplace> => {
  const directory = await realpath(await mkdtemp(join(tmpdir(), `${name}-`)));
  let machine: LocalMachine | null = null;
  let kept = KEPT_PATHS;
  let closing: Promise<void> | null = null;
  const end = async (): Promise<void> => {
    await machine?.close();
    await removeAllBut(directory, machine === null ? [] : kept);
  };
  const close = (): Promise<void> => (closing ??= end());
  terminal.onInterrupt(close);
  return { directory, attachMachine: (used) => void (machine = used), discardAll: () => void (kept = []), close };
};

/** Removes a directory but for some paths in it. */
const removeAllBut = async (directory: string, kept: readonly string[]): Promise<void> => {
  // What was just ended may still close its files.
  const remove = (path: string): Promise<void> => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  if (kept.length === 0) return remove(directory);
  for (const name of await readdir(directory)) {
    if (kept.includes(name)) continue;
    const below = kept.filter((path) => path.startsWith(`${name}/`)).map((path) => path.slice(name.length + 1));
    await (below.length === 0 ? remove(join(directory, name)) : removeAllBut(join(directory, name), below));
  }
};
