import { existsSync } from "node:fs";
import { readFile, rename, writeFile } from "node:fs/promises";
import { deserialize, serialize } from "node:v8";
import type { ForgeState } from "./forge-state.ts";
import type { ForgeRepository } from "./forge-repository.ts";
import type { MergeQueueEntry } from "./merge-queue-entry.ts";

const STORAGE_FORMAT = 1;

type StoredQueueEntry = Omit<MergeQueueEntry, "cancel">;
/** Secrets of repositories are not stored: whoever continues sets them again. */
type StoredRepository = Omit<ForgeRepository, "bare" | "mergeQueues" | "secrets" | "environments" | NewSetting> & {
  readonly mergeQueues: ReadonlyMap<string, StoredQueueEntry[]>;
} & { readonly [K in NewSetting]?: ForgeRepository[K] };
/** Settings that older processes did not store. */
type NewSetting = "actionsEnabled" | "variables" | "environmentVariables" | "environmentBranches";
/** The state of a forge besides its repositories on disk. One value, so shared objects stay shared. */
export type StoredForge = Pick<ForgeState, "startedAt" | "lastId" | "accounts" | "tokens" | "apps" | "attachments" | "requestCounts"> & {
  readonly repositories: ReadonlyMap<string, StoredRepository>;
};

const toStoredRepository = ({
  bare: _bare,
  secrets: _secrets,
  environments: _environments,
  mergeQueues,
  ...kept
}: ForgeRepository): StoredRepository => ({
  ...kept,
  mergeQueues: new Map([...mergeQueues].map(([branch, entries]) => [branch, entries.map(({ cancel: _cancel, ...entry }) => entry)])),
});

const toStoredForge = (forge: ForgeState): StoredForge => {
  const { startedAt, lastId, accounts, tokens, apps, attachments, requestCounts } = forge;
  const repositories = new Map([...forge.repositories].map(([key, repository]) => [key, toStoredRepository(repository)]));
  return { startedAt, lastId, accounts, tokens, apps, attachments, requestCounts, repositories };
};

/** The stored state of a forge; null if none is stored. Throws if another version stored it, or if the file cannot be read: an empty forge would overwrite it. */
export const readStoredForge = async (path: string): Promise<StoredForge | null> => {
  if (!existsSync(path)) return null;
  const bytes = await readFile(path);
  const { format, forge } = deserialize(bytes) as { readonly format: number; readonly forge: StoredForge };
  if (format !== STORAGE_FORMAT) throw new Error(`${path} was written by another version of Enki, which cannot be continued`);
  return forge;
};

export type ForgeStorage = {
  readonly save: () => Promise<void>;
  /** Stops storing, so the ends of stopped jobs do not count. */
  readonly freeze: () => void;
};

/**
 * Stores the state of a forge in a file. Concurrent saves are combined; the next save repeats a failed save. The first failure after a success
 * is reported.
 */
export const openForgeStorage = (forge: () => ForgeState, path: string, reportFailure: (reason: string) => void): ForgeStorage => {
  let frozen = false;
  let isFailing = false;
  let writing: Promise<void> = Promise.resolve();
  let next: Promise<void> | null = null;
  const write = async (): Promise<void> => {
    next = null;
    if (frozen) return;
    await writeFile(`${path}.new`, serialize({ format: STORAGE_FORMAT, forge: toStoredForge(forge()) }), { mode: 0o600 });
    if (!frozen) await rename(`${path}.new`, path);
    isFailing = false;
  };
  const noteFailure = (error: unknown): void => {
    if (!isFailing) reportFailure(error instanceof Error ? error.message : String(error));
    isFailing = true;
  };
  return {
    save: () => (next ??= writing = writing.then(write).catch(noteFailure)),
    freeze: () => {
      frozen = true;
    },
  };
};
