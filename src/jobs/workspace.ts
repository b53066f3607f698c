import { mkdir } from "node:fs/promises";
import { git, runGit, type Running } from "../git/run.ts";
import { readBlobs } from "../git/objects.ts";
import type { RefName, Sha } from "../model/ids.ts";
import type { BundleFile } from "../policy/bundle.ts";

/** Checks a commit out from a local clone: a repository of its own, with history, without a remote or a credential. */
export const checkOut = async (at: Running, { from, to, commit }: { from: string; to: string; commit: Sha }): Promise<void> => {
  await mkdir(to, { recursive: true });
  const inside: Running = { ...at, directory: to };
  await git(inside, ["init", "-q"]);
  await git(inside, ["fetch", "-q", "--no-tags", "--no-write-fetch-head", from, commit]);
  await git(inside, ["-c", "advice.detachedHead=false", "checkout", "-q", "--detach", commit]);
};

/** What the attempt before left, by this name in the workspace's repository. */
export const EARLIER = "refs/enki/earlier";

type Brought = { readonly from: string; readonly to: string; readonly commit: Sha; readonly as: RefName };

/** Brings another commit into a workspace under a name, from a local clone; false where there is none any more. */
export const bring = async (at: Running, { from, to, commit, as }: Brought): Promise<boolean> => {
  const args = ["fetch", "-q", "--no-tags", "--no-write-fetch-head", from, `+${commit}:${as}`];
  return (await runGit({ ...at, directory: to }, args)).code === 0;
};

/** A changed path with its content; null for what is deleted or is no file. */
export type Changed = Omit<BundleFile, "text"> & { readonly content: Buffer | null };

const KINDS: Readonly<Record<string, BundleFile["kind"]>> = {
  "100644": "file",
  "100755": "file",
  "120000": "link",
  "160000": "other",
  "000000": "deleted",
};

/**
 * What a workspace changed against its base, ignored files aside.
 * It is read through a git directory of our own, so that nothing an agent wrote into the workspace's configuration, hooks or filters runs.
 */
export const changedFiles = async (
  at: Running,
  clone: string,
  { workspace, base }: { workspace: string; base: Sha },
): Promise<Changed[]> => {
  const own: Running = {
    ...at,
    directory: workspace,
    env: { ...at.env, GIT_DIR: clone, GIT_WORK_TREE: workspace, GIT_INDEX_FILE: `${clone}/enki-index` },
    limit: 120_000,
  };
  await git(own, ["read-tree", base]);
  await git(own, ["-c", "core.bare=false", "-c", "core.fsmonitor=false", "add", "-A", "--", "."]);
  const raw = await git(own, ["-c", "core.bare=false", "diff-index", "--cached", "-z", "--no-renames", "--abbrev=40", base]);
  const fields = raw.split("\0");
  const found: { path: string; mode: string; sha: Sha }[] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const [, mode = "", , sha = ""] = (fields[index] ?? "").split(" ");
    found.push({ path: fields[index + 1] ?? "", mode, sha });
  }
  const blobs = await readBlobs(own, [...new Set(found.flatMap(({ mode, sha }) => (KINDS[mode] === "file" ? [sha] : [])))]);
  return found.map(({ path, mode, sha }) => {
    const kind = KINDS[mode] ?? "other";
    const content = kind === "file" ? (blobs.get(sha) ?? null) : null;
    return { path, kind, executable: mode === "100755", size: content?.length ?? 0, content };
  });
};
