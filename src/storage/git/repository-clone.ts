import type { Millis, RefName, Sha } from "../../core/domain/ids.ts";
import type { QueryAnswers, Query } from "../../core/domain/query.ts";
import type { TextCommit } from "../../core/domain/text-commit.ts";
import { buildMergeChain, buildRevertCommit, buildWorkCommit } from "./build-work-commit.ts";
import { buildLandingRevert } from "./build-landing-revert.ts";
import { buildReattached } from "./build-reattached.ts";
import { buildRebase, findNewestBase } from "./build-rebase.ts";
import { findMergeCommit } from "./find-merge-commit.ts";
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
import { runGitOrThrow, runGit, type GitContext } from "./run-git.ts";
import { listTree } from "./git-tree.ts";
import { openObjectFiles } from "./object-files.ts";
import { readRef } from "./read-refs.ts";
import { removeStaleLocks } from "./ref-files.ts";
import { shareObjects, ensureBareRepository } from "./bare-clone.ts";
import { type CloneOptions, connectRemote } from "./clone-remote.ts";
import { connectNearRemote } from "./near-remote.ts";

/** A bare clone of the branches and Enki's refs. A directory serves one process and one command at a time. */
export type RepositoryClone = Awaited<ReturnType<typeof openClone>>;

export const openClone = async (options: CloneOptions) => {
  const { directory, after, stop, near } = options;
  await ensureBareRepository(directory);
  // No other process uses the directory.
  removeStaleLocks(directory);
  if (near !== undefined) await shareObjects(directory, near);
  const running: GitContext = { directory, after, stop, objects: openObjectFiles(directory) };
  return {
    url: options.url,
    directory: options.directory,
    running,
    identity: options.identity,
    ...(near === undefined ? connectRemote(running, options) : connectNearRemote(running, options, near)),
    ...createReadMethods(running),
    ...createHistoryMethods(running),
    ...createBuildMethods(running, options.identity),
  };
};

type FoundCommit = { readonly commit: Sha; readonly at: Millis; readonly message: string; readonly onFirstParent: boolean };

/** Reads ids, refs and ancestry. */
const createHistoryMethods = (running: GitContext) => ({
  /** The value of one ref; null if it does not exist. */
  readRef: (ref: RefName): Promise<Sha | null> => readRef(running, ref),
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
  /** Whether the history of these tips has a commit whose message has a line with this prefix. */
  hasCommitWith: async (start: string, tips: readonly Sha[]): Promise<boolean> =>
    tips.length > 0 &&
    (await runGitOrThrow(running, ["log", "--max-count=1", "--format=%H", `--grep=^${start}`, "--stdin"], `${tips.join("\n")}\n`)) !== "",
  /** Lists commits of a tip, outside `without`, whose message has a line with this prefix, oldest first. */
  commitsWith: async (start: string, tip: Sha, without: readonly Sha[]): Promise<FoundCommit[]> => {
    const range = [tip, ...without.map((each) => `^${each}`), "--"];
    const out = await runGitOrThrow(running, ["log", "--reverse", "-z", "--format=%H %ct%n%B", `--grep=^${start}`, ...range]);
    if (out === "") return [];
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
  landingRevert: (query: Extract<Query, { kind: "landing-revert" }>): Promise<QueryAnswers["landing-revert"]> =>
    buildLandingRevert(running, identity, query),
  work: (query: Extract<Query, { kind: "work" }>): Promise<QueryAnswers["work"]> => buildWorkCommit(running, identity, query),
  rebase: (query: Extract<Query, { kind: "rebase-commits" }>): Promise<QueryAnswers["rebase-commits"]> =>
    buildRebase(running, identity, query),
  conflicts: (query: Extract<Query, { kind: "conflicts" }>): Promise<QueryAnswers["conflicts"]> => findConflicts(running, identity, query),
  resolution: (query: Extract<Query, { kind: "resolution" }>): Promise<QueryAnswers["resolution"]> =>
    buildResolution(running, identity, query),
  /** Creates the merge commit that a conflict job starts from; the commit exists in this clone only. */
  startResolution: (sides: Parameters<typeof startResolution>[2]): Promise<Sha> => startResolution(running, identity, sides),
});
