import type { RefName, Sha } from "../../core/domain/ids.ts";
import { ARCHIVE_REF, LEDGER_REF, PROOFS_REF, REFUSED_PREFIX } from "../../core/domain/refs.ts";
import { isCommit } from "./git-objects.ts";
import { listTree } from "./git-tree.ts";
import { readRef } from "./read-refs.ts";
import { REF_FOLDERS } from "./ref-folders.ts";
import { type GitContext, GitError } from "./run-git.ts";

/** Runs `git fetch` with the clone's flags and token, and with further configuration; returns git's error, or null. */
export type FetchCommand = (args: readonly string[], config?: readonly string[]) => Promise<string | null>;

/** A ref, and the prefix of the files that are needed of it; null for none. */
type SnapshotPlace = { readonly ref: RefName; readonly files: string | null };

/** Fetches of a job into a new clone. */
export type JobFetches = {
  /** Fetches only the newest commit of the ledger. */
  readonly fetchLedger: () => Promise<void>;
  /**
   * Fetches refs with their history, after the ledger: refs that the ledger names were pushed no later than the ledger. Names may contain
   * one `*`; missing refs are left out.
   */
  readonly fetchForJob: (refs: readonly RefName[]) => Promise<void>;
  /** Fetches every ref that a job may need, if one of these commits is missing. */
  readonly fetchMissing: (commits: readonly Sha[]) => Promise<void>;
  /** Fetches the newest commits of refs, with the named files only and without history. Missing refs are left out. */
  readonly fetchSnapshot: (places: readonly SnapshotPlace[]) => Promise<void>;
};

/** Jobs skip the history of the ledger, the archive and the proofs, which only grows, and what was refused in their place. */
const UNUSED_REFS = [LEDGER_REF, ARCHIVE_REF, PROOFS_REF, `${REFUSED_PREFIX}*`];
const ALL_REFSPECS = [...REF_FOLDERS.map((folder) => `+${folder}/*:${folder}/*`), ...UNUSED_REFS.map((ref) => `^${ref}`)];

/** The ref that the remote does not have; null for any other error. */
export const findMissingRef = (error: string): RefName | null => /couldn't find remote ref (\S+)/.exec(error)?.[1] ?? null;

export const connectJobFetches = (running: GitContext, url: string, fetch: FetchCommand): JobFetches => {
  const fetchPresent = async (flags: readonly string[], refs: readonly RefName[]): Promise<void> => {
    const failed = refs.length === 0 ? null : await fetch([...flags, url, ...refs.map((ref) => `+${ref}:${ref}`)]);
    if (failed === null) return;
    const missing = findMissingRef(failed);
    if (missing === null || !refs.includes(missing)) throw new GitError(`git fetch: ${failed.trim()}`);
    await fetchPresent(
      flags,
      refs.filter((ref) => ref !== missing),
    );
  };
  return {
    fetchLedger: () => fetchPresent(["--depth=1"], [LEDGER_REF]),
    fetchForJob: (refs) => fetchPresent([], [...new Set(refs)]),
    fetchMissing: async (commits) => {
      const known = await Promise.all(commits.map((commit) => isCommit(running, commit)));
      const failed = known.includes(false) ? await fetch([url, ...ALL_REFSPECS]) : null;
      if (failed !== null) throw new GitError(`git fetch: ${failed.trim()}`);
    },
    fetchSnapshot: async (places) => {
      await fetchPresent(
        ["--depth=1", "--filter=blob:none"],
        places.map(({ ref }) => ref),
      );
      const missing = await listMissingBlobs(running, places);
      // Otherwise the server would leave out blobs of the commits that the clone has.
      const failed =
        missing.length === 0 ? null : await fetch(["--filter=blob:none", url, ...missing], ["-c", "fetch.negotiationAlgorithm=noop"]);
      if (failed !== null) throw new GitError(`git fetch: ${failed.trim()}`);
    },
  };
};

/** A server may ignore the filter, so that the clone has all blobs. */
const listMissingBlobs = async (running: GitContext, places: readonly SnapshotPlace[]): Promise<Sha[]> => {
  const blobs = new Set<Sha>();
  for (const { ref, files } of places) {
    const commit = files === null ? null : await readRef(running, ref);
    if (files === null || commit === null) continue;
    const isOpen = (folder: string): boolean => folder.startsWith(files) || files.startsWith(folder);
    for (const [path, { mode, sha }] of await listTree(running, commit, isOpen))
      if (path.startsWith(files) && mode !== "160000") blobs.add(sha);
  }
  return [...blobs].filter((sha) => running.objects?.has(sha) !== true);
};
