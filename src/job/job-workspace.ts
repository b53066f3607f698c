import { existsSync, lstatSync } from "node:fs";
import { join } from "node:path";
import { copyHistory } from "../storage/git/pack-cache.ts";
import { ensureWorkRepository, replaceSharedObjects } from "../storage/git/bare-clone.ts";
import { runGitOrThrow, runGit, type GitContext } from "../storage/git/run-git.ts";
import { readBlobs } from "../storage/git/git-objects.ts";
import { listTree } from "../storage/git/git-tree.ts";
import type { RefName, Sha } from "../core/domain/ids.ts";
import type { BundleFile } from "../core/policy/check-bundle.ts";

type CheckoutPlaces = {
  readonly from: string;
  readonly to: string;
  readonly commit: Sha;
  /** See JobHost.packs. */
  readonly packs?: string | undefined;
};

/** Checks out a commit from a local clone into a separate repository with history, but without a remote or a credential. */
export const checkOutCommit = async (at: GitContext, places: CheckoutPlaces): Promise<void> => {
  const { from, to, commit, packs } = places;
  await ensureWorkRepository(to);
  const inside: GitContext = { directory: to, after: at.after, stop: at.stop };
  // A fetch notes which commits of a shallow clone have no parents.
  if (existsSync(join(from, "shallow"))) await runGitOrThrow(inside, ["fetch", "-q", "--no-tags", "--no-write-fetch-head", from, commit]);
  else await copyHistory({ ...inside, directory: from }, { commit, objects: join(to, ".git", "objects"), cache: packs });
  await runGitOrThrow(inside, ["-c", "advice.detachedHead=false", "checkout", "-q", "--detach", commit]);
};

/** The ref of the previous attempt's work in the workspace's repository. */
export const EARLIER_WORK_REF = "refs/enki/earlier";

type CommitToFetch = { readonly from: string; readonly to: string; readonly commit: Sha; readonly as: RefName };

/** Fetches a commit from a local clone into a workspace under a ref; false if the commit no longer exists. */
export const fetchCommitAs = async (at: GitContext, { from, to, commit, as }: CommitToFetch): Promise<boolean> => {
  const args = ["fetch", "-q", "--no-tags", "--no-write-fetch-head", from, `+${commit}:${as}`];
  return (await runGit({ ...at, directory: to }, args)).code === 0;
};

/** The ref of an interrupted attempt's result in the workspace's repository. */
export const INTERRUPTED_WORK_REF = "refs/enki/interrupted";

/** Writes the files of a commit into a workspace, whose index and head stay. */
export const restoreFiles = async (at: GitContext, workspace: string, commit: Sha): Promise<void> => {
  await runGitOrThrow({ ...at, directory: workspace }, ["restore", "--source", commit, "--worktree", "--", "."]);
};

/** Gives a clone a copy of the workspace's objects instead of shared ones: a job's cell shows no other repository. */
export const keepObjects = (clone: string, workspace: string): Promise<void> =>
  replaceSharedObjects(clone, join(workspace, ".git", "objects"));

/** A changed path with its content; null if it is deleted or not a regular file. */
export type WorkspaceChange = Omit<BundleFile, "text"> & { readonly content: Buffer | null };

const SUBMODULE_MODE = "160000";

const FILE_KIND_BY_MODE: Readonly<Record<string, BundleFile["kind"]>> = {
  "100644": "file",
  "100755": "file",
  "120000": "link",
  [SUBMODULE_MODE]: "other",
  "000000": "deleted",
};

/**
 * Keeps git out of submodules: it would compare each with its commit by a process that follows the settings which an agent wrote there. A
 * submodule that was deleted, or replaced by a file, still counts as a change.
 */
const leaveSubmodules = async (own: GitContext, workspace: string, base: Sha): Promise<void> => {
  const isDirectory = (path: string): boolean => lstatSync(join(workspace, path), { throwIfNoEntry: false })?.isDirectory() === true;
  const left = [...(await listTree(own, base))].flatMap(([path, { mode }]) => (mode === SUBMODULE_MODE && isDirectory(path) ? [path] : []));
  if (left.length === 0) return;
  await runGitOrThrow(own, ["-c", "core.bare=false", "update-index", "-z", "--skip-worktree", "--stdin"], `${left.join("\0")}\0`);
};

/**
 * A workspace's changes against its base, except ignored files. A separate git directory is used, so that no configuration, hook or
 * filter that an agent wrote can run.
 */
export const listWorkspaceChanges = async (
  at: GitContext,
  clone: string,
  { workspace, base }: { workspace: string; base: Sha },
): Promise<WorkspaceChange[]> => {
  const own: GitContext = {
    ...at,
    directory: workspace,
    env: { ...at.env, GIT_DIR: clone, GIT_WORK_TREE: workspace, GIT_INDEX_FILE: `${clone}/enki-index` },
    timeoutMs: 120_000,
  };
  await runGitOrThrow(own, ["read-tree", base]);
  await leaveSubmodules(own, workspace, base);
  await runGitOrThrow(own, ["-c", "core.bare=false", "-c", "core.fsmonitor=false", "add", "-A", "--", "."]);
  const raw = await runGitOrThrow(own, ["-c", "core.bare=false", "diff-index", "--cached", "-z", "--no-renames", "--abbrev=40", base]);
  const fields = raw.split("\0");
  const found: { path: string; mode: string; sha: Sha }[] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const [, mode = "", , sha = ""] = (fields[index] ?? "").split(" ");
    found.push({ path: fields[index + 1] ?? "", mode, sha });
  }
  const blobs = await readBlobs(own, [...new Set(found.flatMap(({ mode, sha }) => (FILE_KIND_BY_MODE[mode] === "file" ? [sha] : [])))]);
  return found.map(({ path, mode, sha }) => {
    const kind = FILE_KIND_BY_MODE[mode] ?? "other";
    const content = kind === "file" ? (blobs.get(sha) ?? null) : null;
    return { path, kind, executable: mode === "100755", size: content?.length ?? 0, content };
  });
};
