import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import type { RefMove } from "../../core/domain/decision.ts";
import type { Millis, RefName, Sha } from "../../core/domain/ids.ts";
import type { QueryAnswers, Query, RepositoryRefs } from "../../core/domain/query.ts";
import type { TextCommit } from "../../core/domain/text-commit.ts";
import { buildMergeChain, buildRevertCommit, buildWorkCommit } from "./build-work-commit.ts";
import { buildReattached } from "./build-reattached.ts";
import { buildRebase, findNewestBase } from "./build-rebase.ts";
import { findMergeCommit } from "./find-merge-commit.ts";
import { ARCHIVE_REF, LEDGER_REF, REFUSED_PREFIX } from "../../core/domain/refs.ts";
import { findConflicts, readMissingMessages } from "./find-conflicts.ts";
import { startResolution, buildResolution } from "./build-resolution.ts";
import {
  type CommitIdentity,
  isAncestor,
  isCommit,
  listFirstParents,
  type NewCommit,
  type NewFiles,
  readBlobs,
  readCommitObjects,
  readTextAt,
  writeCommit,
  writeTextCommit,
  writeTreeFiles,
} from "./git-objects.ts";
import { pushRefs, type PushResult } from "./push-refs.ts";
import { type TimerStarter, runGitOrThrow, GitError, runGit, type GitContext, createTokenEnv } from "./run-git.ts";
import { listTree } from "./git-tree.ts";
import { openObjectFiles } from "./object-files.ts";
import { listRefFiles, readRefFile, writeRefFiles } from "./ref-files.ts";

export type CloneOptions = {
  readonly url: string;
  /** Cache directory; a broken clone is created again. */
  readonly directory: string;
  /** Read for each command, because tokens expire. */
  readonly token: () => Promise<string | undefined>;
  readonly identity: CommitIdentity;
  readonly after: TimerStarter;
  /** See GitContext.stop. */
  readonly stop?: AbortSignal | undefined;
};

/** A bare clone of the branches and Enki's refs. A directory serves one process and one command at a time. */
export type RepositoryClone = Awaited<ReturnType<typeof openClone>>;

const FETCH_REFSPECS = ["+refs/heads/*:refs/heads/*", "+refs/enki/*:refs/enki/*"];

export const openClone = async (options: CloneOptions) => {
  const { directory, after, stop } = options;
  await ensureBareRepository(directory);
  const running: GitContext = { directory, after, stop, objects: openObjectFiles(directory) };
  return {
    url: options.url,
    directory: options.directory,
    running,
    identity: options.identity,
    ...createRemoteMethods(running, options),
    ...createReadMethods(running),
    ...createHistoryMethods(running),
    ...createBuildMethods(running, options.identity),
  };
};

/** Jobs skip the history of the ledger and the archive, which only grows, and what was refused in their place. */
const JOB_REFSPECS = [...FETCH_REFSPECS, `^${LEDGER_REF}`, `^${ARCHIVE_REF}`, `^${REFUSED_PREFIX}*`];
const FETCH_FLAGS = ["-q", "--no-tags", "--force", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules"];
const BROKEN_CLONE_PATTERN = /\.lock|File exists|cannot lock ref|bad object|unable to read/;

const createRemoteMethods = (running: GitContext, { url, directory, token }: CloneOptions) => {
  const remote = async (): Promise<GitContext> => ({ ...running, env: createTokenEnv(await token()) });
  const fetch = async (...args: readonly string[]): Promise<string | null> => {
    const { code, stderr } = await runGit(await remote(), ["fetch", ...FETCH_FLAGS, ...args]);
    return code === 0 ? null : stderr;
  };
  return {
    /** Fetches branches and Enki's refs, and deletes refs that the remote deleted. A broken clone is created again. */
    fetch: async (): Promise<void> => {
      const first = await fetch("--prune", url, ...FETCH_REFSPECS);
      if (first === null) return;
      if (!BROKEN_CLONE_PATTERN.test(first)) throw new GitError(`git fetch: ${first.trim()}`);
      await rm(directory, { recursive: true, force: true });
      await ensureBareRepository(directory);
      const second = await fetch("--prune", url, ...FETCH_REFSPECS);
      if (second !== null) throw new GitError(`git fetch: ${second.trim()}`);
    },
    /** Fetches the same refs into a new clone for one job, with only the newest commit of the ledger. */
    fetchForJob: async (): Promise<void> => {
      // The ledger is fetched first: refs that the ledger names were pushed no later than the ledger.
      const ledger = await fetch("--depth=1", url, `+${LEDGER_REF}:${LEDGER_REF}`);
      const failed = ledger === null || ledger.includes("couldn't find remote ref") ? await fetch(url, ...JOB_REFSPECS) : ledger;
      if (failed !== null) throw new GitError(`git fetch: ${failed.trim()}`);
    },
    /** The value of one ref on the remote; null if it does not exist. */
    remoteRef: async (ref: RefName): Promise<Sha | null> => {
      const out = await runGitOrThrow(await remote(), ["ls-remote", "--refs", url, ref]);
      const line = out.split("\n").find((each) => each.endsWith(`\t${ref}`));
      return line?.split("\t")[0] ?? null;
    },
    /** Moves refs on the remote in one push, then in this clone; `ownMoves` are of refs that only this clone has. */
    push: async (moves: readonly RefMove[], ownMoves: readonly RefMove[] = []): Promise<PushResult> => {
      const end = await pushRefs(await remote(), url, moves);
      if (end.kind === "pushed") await writeRefs(running, [...moves, ...ownMoves]);
      return end;
    },
    /** Moves refs of this clone only. */
    moveOwnRefs: (moves: readonly RefMove[]): Promise<void> => writeRefs(running, moves),
  };
};

type FoundCommit = { readonly commit: Sha; readonly at: Millis; readonly message: string; readonly onFirstParent: boolean };

/** Reads ids, refs and ancestry. */
const createHistoryMethods = (running: GitContext) => ({
  /** The value of one ref; null if it does not exist. */
  readRef: (ref: RefName): Promise<Sha | null> => Promise.resolve(readRefFile(running.directory, ref)),
  commitObjects: (ids: readonly Sha[]): Promise<Map<Sha, Buffer>> => readCommitObjects(running, ids),
  firstParents: (tip: Sha, excluded: Sha | null): Promise<Sha[] | null> => listFirstParents(running, tip, excluded),
  /** Paths that differ between two commits; null if one of the objects is no commit. */
  changedPaths: async (from: Sha, to: Sha): Promise<string[] | null> => {
    const { code, stdout } = await runGit(running, ["diff-tree", "-r", "--name-only", "--no-renames", "-z", from, to, "--"]);
    return code === 0
      ? stdout
          .toString("utf8")
          .split("\0")
          .filter((path) => path !== "")
      : null;
  },
  isCommit: (id: Sha): Promise<boolean> => isCommit(running, id),
  isAncestor: (commit: Sha, tip: Sha): Promise<boolean> => isAncestor(running, commit, tip),
});

const isOnSameLine = (folder: string, prefix: string): boolean => folder.startsWith(prefix) || prefix.startsWith(folder);

const createReadMethods = (running: GitContext) => ({
  /** Refs after the last fetch or push. */
  refs: (): Promise<RepositoryRefs> => Promise.resolve(Object.fromEntries(listRefFiles(running.directory, ["refs/heads", "refs/enki"]))),
  /** Reads the files of a commit that match a prefix or the predicate; all files by default. */
  readFiles: async (commit: Sha, which: readonly string[] | ((path: string) => boolean) = [""]): Promise<Map<string, Buffer>> => {
    const isWanted = typeof which === "function" ? which : (path: string) => which.some((prefix) => path.startsWith(prefix));
    const isOpen = typeof which === "function" ? undefined : (folder: string) => which.some((prefix) => isOnSameLine(folder, prefix));
    const entries = [...(await listTree(running, commit, isOpen))].filter(([path, { mode }]) => mode !== "160000" && isWanted(path));
    const blobs = await readBlobs(running, [...new Set(entries.map(([, { sha }]) => sha))]);
    const files = entries.flatMap(([path, { sha }]) => {
      const content = blobs.get(sha);
      return content ? [[path, content] as const] : [];
    });
    return new Map(files);
  },
  textAt: (commit: Sha, path: string, maxBytes?: number): Promise<string | null> => readTextAt(running, { commit, path, maxBytes }),
  newestBase: (query: Extract<Query, { kind: "newest-base" }>): Promise<QueryAnswers["newest-base"]> => findNewestBase(running, query),
  mergeOf: (query: Extract<Query, { kind: "merge-of" }>): Promise<QueryAnswers["merge-of"]> => findMergeCommit(running, query),
  missingMessages: (sides: Parameters<typeof readMissingMessages>[1]): Promise<string[]> => readMissingMessages(running, sides),
  /** Lists the first-parent history of a commit, oldest first. */
  history: async (tip: Sha): Promise<{ commit: Sha; message: string }[]> => {
    const out = await runGitOrThrow(running, ["log", "--first-parent", "--reverse", "-z", "--format=%H%n%B", tip]);
    return out.split("\0").flatMap((entry) => (entry === "" ? [] : [{ commit: entry.slice(0, 40), message: entry.slice(41) }]));
  },
  /** Lists commits of a tip, outside `without`, whose message has a line with this prefix, oldest first. */
  commitsWith: async (start: string, tip: Sha, without: readonly Sha[]): Promise<FoundCommit[]> => {
    const range = [tip, ...without.map((each) => `^${each}`), "--"];
    const out = await runGitOrThrow(running, ["log", "--reverse", "-z", "--format=%H %ct%n%B", `--grep=^${start}`, ...range]);
    const own = new Set((await runGitOrThrow(running, ["rev-list", "--first-parent", `--grep=^${start}`, ...range])).split("\n"));
    return out.split("\0").flatMap((entry) => {
      const [, commit, at, message] = /^([0-9a-f]+) (\d+)\n([^]*)$/.exec(entry) ?? [];
      return commit === undefined ? [] : [{ commit, at: Number(at) * 1_000, message: message ?? "", onFirstParent: own.has(commit) }];
    });
  },
});

const createBuildMethods = (running: GitContext, identity: CommitIdentity) => ({
  writeFiles: (on: Sha | null, files: NewFiles): Promise<Sha> => writeTreeFiles(running, on, files),
  writeCommit: (commit: Omit<NewCommit, "committer">): Promise<Sha> => writeCommit(running, { ...commit, committer: identity }),
  writeTextCommit: (commit: TextCommit): Promise<void> => writeTextCommit(running, commit),
  mergeChain: (query: Extract<Query, { kind: "merge-chain" }>): Promise<QueryAnswers["merge-chain"]> =>
    buildMergeChain(running, identity, query),
  reattach: (query: Extract<Query, { kind: "reattach" }>): Promise<QueryAnswers["reattach"]> => buildReattached(running, identity, query),
  revert: (query: Extract<Query, { kind: "revert" }>): Promise<QueryAnswers["revert"]> => buildRevertCommit(running, identity, query),
  work: (query: Extract<Query, { kind: "work" }>): Promise<QueryAnswers["work"]> => buildWorkCommit(running, identity, query),
  rebase: (query: Extract<Query, { kind: "rebase-commits" }>): Promise<QueryAnswers["rebase-commits"]> =>
    buildRebase(running, identity, query),
  conflicts: (query: Extract<Query, { kind: "conflicts" }>): Promise<QueryAnswers["conflicts"]> => findConflicts(running, identity, query),
  resolution: (query: Extract<Query, { kind: "resolution" }>): Promise<QueryAnswers["resolution"]> =>
    buildResolution(running, identity, query),
  /** Creates the merge commit that a conflict job starts from; the commit exists in this clone only. */
  startResolution: (sides: Parameters<typeof startResolution>[2]): Promise<Sha> => startResolution(running, identity, sides),
});

const BARE_CONFIG = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n";

/** Creates an empty bare repository, as `git init --bare` does. Its HEAD is written last: without one, it is created again. */
const ensureBareRepository = async (directory: string): Promise<void> => {
  if (existsSync(`${directory}/HEAD`)) return;
  await Promise.all(["objects/pack", "refs/heads"].map((folder) => mkdir(`${directory}/${folder}`, { recursive: true })));
  await writeFile(`${directory}/config`, BARE_CONFIG);
  await writeFile(`${directory}/HEAD`, "ref: refs/heads/main\n");
};

/** Applies pushed moves to the local refs, so that a save needs no fetch. */
const writeRefs = async (running: GitContext, moves: readonly RefMove[]): Promise<void> => {
  if (writeRefFiles(running.directory, moves)) return;
  const lines = moves.map(({ ref, newSha }) => (newSha === null ? `delete ${ref}\0\0` : `update ${ref}\0${newSha}\0\0`));
  await runGitOrThrow(running, ["update-ref", "-z", "--stdin"], lines.join(""));
};
