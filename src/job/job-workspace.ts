import { existsSync, lstatSync } from "node:fs";
import { join } from "node:path";
import { copyHistory } from "../storage/git/pack-cache.ts";
import { ensureWorkRepository, replaceSharedObjects } from "../storage/git/bare-clone.ts";
import { GitError, runGitOrThrow, runGit, type GitContext } from "../storage/git/run-git.ts";
import { openObjectFiles } from "../storage/git/object-files.ts";
import { mayHaveSubmodules } from "../storage/git/tree-files.ts";
import { readBlobs } from "../storage/git/git-objects.ts";
import { readSizes } from "../storage/git/read-tampering.ts";
import type { RefName, Sha } from "../core/domain/ids.ts";
import type { BundleFile } from "../core/policy/check-bundle.ts";
import { CARRY_LIMITS } from "./job-bundle.ts";

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

/** A changed path with its content; null if it is deleted or not a regular file, or if the files are more than a bundle carries. */
export type WorkspaceChange = Omit<BundleFile, "text"> & { readonly content: Buffer | null };

const SUBMODULE_MODE = "160000";

const FILE_KIND_BY_MODE: Readonly<Record<string, BundleFile["kind"]>> = {
  "100644": "file",
  "100755": "file",
  "120000": "link",
  [SUBMODULE_MODE]: "other",
  "000000": "deleted",
};

/** An entry of the index: `<mode> <sha> <stage> TAB <path>`. */
const SUBMODULE_ENTRY = /^160000 [0-9a-f]+ \d\t(.+)$/s;

/**
 * Keeps git out of submodules: it would compare each with its commit by a process that follows the settings which an agent wrote there. A
 * submodule that was deleted, or replaced by a file, still counts as a change. Paths are bytes, and need not be valid UTF-8.
 */
const leaveSubmodules = async (own: GitContext, workspace: string): Promise<void> => {
  const isDirectory = (path: Buffer): boolean =>
    lstatSync(Buffer.concat([Buffer.from(`${workspace}/`), path]), { throwIfNoEntry: false })?.isDirectory() === true;
  const { stdout, code, stderr } = await runGit(own, ["ls-files", "-s", "-z"]);
  if (code !== 0) throw new GitError(`git ls-files: ${stderr.trim()}`);
  const paths = stdout
    .toString("latin1")
    .split("\0")
    .flatMap((entry) => SUBMODULE_ENTRY.exec(entry)?.[1] ?? [])
    .map((path) => Buffer.from(path, "latin1"));
  const left = paths.filter((path) => isDirectory(path)).flatMap((path) => [path, Buffer.from("\0")]);
  if (left.length === 0) return;
  await runGitOrThrow(own, ["-c", "core.bare=false", "update-index", "-z", "--skip-worktree", "--stdin"], Buffer.concat(left));
};

type ComparedWorkspace = {
  readonly workspace: string;
  readonly base: Sha;
  /** Paths of other changes are left out, and their files are not read. */
  readonly isWanted?: (path: string) => boolean;
};

/**
 * A workspace's changes against its base, except ignored files. A separate git directory is used, so that no configuration, hook or
 * filter that an agent wrote can run.
 */
export const listWorkspaceChanges = async (
  at: GitContext,
  clone: string,
  { workspace, base, isWanted = () => true }: ComparedWorkspace,
): Promise<WorkspaceChange[]> => {
  const objects = openObjectFiles(clone);
  const own: GitContext = {
    ...at,
    directory: workspace,
    env: { ...at.env, GIT_DIR: clone, GIT_WORK_TREE: workspace, GIT_INDEX_FILE: `${clone}/enki-index` },
    objects,
    timeoutMs: 120_000,
  };
  await runGitOrThrow(own, ["read-tree", base]);
  if (mayHaveSubmodules(objects, base)) await leaveSubmodules(own, workspace);
  await runGitOrThrow(own, ["-c", "core.bare=false", "-c", "core.fsmonitor=false", "add", "-A", "--", "."]);
  const raw = await runGitOrThrow(own, ["-c", "core.bare=false", "diff-index", "--cached", "-z", "--no-renames", "--abbrev=40", base]);
  const fields = raw.split("\0");
  const found: { path: string; mode: string; sha: Sha }[] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const [, mode = "", , sha = ""] = (fields[index] ?? "").split(" ");
    const path = fields[index + 1] ?? "";
    if (isWanted(path)) found.push({ path, mode, sha });
  }
  const ids = found.flatMap(({ mode, sha }) => (FILE_KIND_BY_MODE[mode] === "file" ? [sha] : []));
  const sizes = await readSizes(own, [...new Set(ids)]);
  const bytes = ids.reduce((sum, sha) => sum + (sizes.get(sha) ?? 0), 0);
  // A sparse file is larger than any memory, and no bundle carries it.
  const blobs = bytes > CARRY_LIMITS.bytes ? new Map<Sha, Buffer>() : await readBlobs(own, [...new Set(ids)]);
  return found.map(({ path, mode, sha }) => {
    const kind = FILE_KIND_BY_MODE[mode] ?? "other";
    const content = kind === "file" ? (blobs.get(sha) ?? null) : null;
    return { path, kind, executable: mode === "100755", size: kind === "file" ? (sizes.get(sha) ?? 0) : 0, content };
  });
};
