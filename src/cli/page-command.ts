import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { serveClone } from "../local-github/web/serve-clone.ts";
import { readOptions, readPort } from "./command-options.ts";
import { openWorkplace } from "./command-workplace.ts";
import { findLedgerSource, openLedgerCopy } from "./ledger-source.ts";
import type { TerminalHost } from "./terminal-host.ts";

export const pageOptions = {
  repo: { type: "string", default: ".", value: "<path or URL>", about: "the repository whose ledger to show; the current one by default" },
  port: { type: "string", default: "0", value: "<port>", about: "port of the pages; any free port by default" },
} as const;

/** Pauses between two fetches while somebody looks. */
const REFRESH_MS = { directory: 2_000, server: 30_000 };

/** Starts a task, with a pause after each end. */
const createPacer = (now: () => number, pauseMs: number, task: () => Promise<unknown>): (() => void) => {
  let isRunning = false;
  let next = now() + pauseMs;
  const end = (): void => {
    isRunning = false;
    next = now() + pauseMs;
  };
  return () => {
    if (isRunning || now() < next) return;
    isRunning = true;
    void task().then(end, end);
  };
};

/** `enki page`: serves the pages of a repository's ledger on this machine, read-only, without GitHub. */
export const runPageCommand = async (args: readonly string[], terminal: TerminalHost): Promise<number> => {
  const values = readOptions(args, pageOptions);
  const port = readPort(values.port);
  const source = await findLedgerSource(terminal, values.repo);
  const place = await openWorkplace(terminal, "enki-page");
  try {
    const directory = join(place.directory, "copy.git");
    await mkdir(directory);
    const { fetch, defaultBranch } = await openLedgerCopy(terminal, directory, source);
    const pauseMs = source.url.includes("://") ? REFRESH_MS.server : REFRESH_MS.directory;
    const { owner, name, label, address } = source;
    const { now, after } = terminal;
    const cloned = { source: label, address };
    const served = await serveClone({
      directory,
      owner,
      name,
      defaultBranch,
      cloned,
      port,
      now,
      after,
      refresh: createPacer(now, pauseMs, fetch),
    });
    terminal.out(`The ledger of ${label}, read-only; keep this address to yourself:\n  ${served.url}\nCtrl+C ends it.\n`);
    await terminal.waitForInterrupt();
    await served.close();
    return 0;
  } finally {
    await place.close();
  }
};
