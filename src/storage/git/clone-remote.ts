import { rm } from "node:fs/promises";
import type { RefMove } from "../../core/domain/decision.ts";
import type { RefName, Sha } from "../../core/domain/ids.ts";
import type { RepositoryRefs } from "../../core/domain/query.ts";
import { ensureBareRepository, writeRefs } from "./bare-clone.ts";
import type { CommitIdentity } from "./git-objects.ts";
import { connectJobFetches, type FetchCommand, findMissingRef, type JobFetches } from "./job-fetches.ts";
import { pushRefs, type PushResult } from "./push-refs.ts";
import { REF_FOLDERS } from "./ref-folders.ts";
import { listRefs, readRef } from "./read-refs.ts";
import { createTokenEnv, type GitContext, GitError, type TimerStarter } from "./run-git.ts";
import { runNetworkGit, runNetworkGitOrThrow } from "./run-network-git.ts";

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
  /**
   * The remote's bare repository on the same machine: refs are read from its files and its object directory is shared, so nothing is
   * fetched. Pushes still go to the remote, for its checks and webhooks.
   */
  readonly near?: string | undefined;
};

/** The folders of a clone's refs. */
const FETCH_REFSPECS = REF_FOLDERS.map((folder) => `+${folder}/*:${folder}/*`);

const FETCH_FLAGS = ["--no-tags", "--force", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules"];
const BROKEN_CLONE_PATTERN = /\.lock|File exists|cannot lock ref|bad object|unable to read/;

/** https://docs.github.com/pull-requests/collaborating-with-pull-requests/reviewing-changes-in-pull-requests/checking-out-pull-requests-locally */
export const toRemotePullRef = (pull: number): RefName => `refs/pull/${pull}/head`;

/** How a clone reads from its remote and pushes to it. */
export type CloneRemote = JobFetches & {
  /** Refs after the last fetch or push. */
  readonly refs: () => Promise<RepositoryRefs>;
  /** Fetches branches and Enki's refs, and deletes refs that the remote deleted. A broken clone is created again. */
  readonly fetch: () => Promise<void>;
  /** Fetches the head of a pull request, which GitHub keeps in a ref of its own also for forks; null if there is none. */
  readonly fetchPullHead: (pull: number) => Promise<Sha | null>;
  /** The value of one ref on the remote; null if it does not exist. */
  readonly remoteRef: (ref: RefName) => Promise<Sha | null>;
  /** Moves refs on the remote in one push, then in this clone; `ownMoves` are of refs that only this clone has. */
  readonly push: (moves: readonly RefMove[], ownMoves?: readonly RefMove[]) => Promise<PushResult>;
  /** Moves refs of this clone only. */
  readonly moveOwnRefs: (moves: readonly RefMove[]) => Promise<void>;
};

/** Fetches from the remote and pushes to it. */
export const connectRemote = (running: GitContext, { url, directory, token }: CloneOptions): CloneRemote => {
  const remote = async (): Promise<GitContext> => ({ ...running, env: createTokenEnv(await token()) });
  const fetch: FetchCommand = async (args, config) => {
    const { code, stderr } = await runNetworkGit(await remote(), ["fetch", ...FETCH_FLAGS, ...args], config);
    return code === 0 ? null : stderr;
  };
  return {
    refs: async () => Object.fromEntries(await listRefs(running, REF_FOLDERS)),
    fetch: async () => {
      const first = await fetch(["--prune", url, ...FETCH_REFSPECS]);
      if (first === null) return;
      if (!BROKEN_CLONE_PATTERN.test(first)) throw new GitError(`git fetch: ${first.trim()}`);
      await rm(directory, { recursive: true, force: true });
      await ensureBareRepository(directory);
      const second = await fetch(["--prune", url, ...FETCH_REFSPECS]);
      if (second !== null) throw new GitError(`git fetch: ${second.trim()}`);
    },
    ...connectJobFetches(running, url, fetch),
    fetchPullHead: async (pull) => {
      const ref = toRemotePullRef(pull);
      const failed = await fetch([url, `+${ref}:${ref}`]);
      if (failed !== null && findMissingRef(failed) === null) throw new GitError(`git fetch: ${failed.trim()}`);
      return failed === null ? readRef(running, ref) : null;
    },
    remoteRef: async (ref) => {
      const out = await runNetworkGitOrThrow(await remote(), ["ls-remote", "--refs", url, ref]);
      const line = out.split("\n").find((each) => each.endsWith(`\t${ref}`));
      return line?.split("\t")[0] ?? null;
    },
    push: async (moves, ownMoves) => {
      const end = await pushRefs(await remote(), url, moves);
      if (end.kind === "pushed") await writeRefs(running, [...moves, ...(ownMoves ?? [])]);
      return end;
    },
    moveOwnRefs: (moves) => writeRefs(running, moves),
  };
};
