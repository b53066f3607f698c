import { isSha, type Millis, type Sha } from "../model/ids.ts";
import { type Entry, listTree, writeBlobs, writeTree } from "./tree.ts";
import { git, GitError, type Ran, runGit, type Running } from "./run.ts";

export type Identity = { readonly name: string; readonly email: string };
/** Who wrote a change, and when; milliseconds. */
export type Author = Identity & { readonly at: Millis };

export type NewCommit = {
  readonly tree: Sha;
  readonly parents: readonly Sha[];
  readonly message: string;
  /** Milliseconds; git keeps whole seconds. */
  readonly at: Millis;
  readonly by: Identity;
  /** Where somebody else wrote it. */
  readonly author?: Author;
};

const dateOf = (time: Millis): string => `@${Math.floor(time / 1000)} +0000`;

/** Writes a commit; equal input gives the same commit in every clone. */
export const writeCommit = async (at: Running, { tree, parents, message, at: time, by, author }: NewCommit): Promise<Sha> => {
  const wrote = author ?? { ...by, at: time };
  const env = {
    ...at.env,
    GIT_AUTHOR_NAME: wrote.name,
    GIT_AUTHOR_EMAIL: wrote.email,
    GIT_AUTHOR_DATE: dateOf(wrote.at),
    GIT_COMMITTER_NAME: by.name,
    GIT_COMMITTER_EMAIL: by.email,
    GIT_COMMITTER_DATE: dateOf(time),
  };
  const args = ["commit-tree", tree, ...parents.flatMap((parent) => ["-p", parent]), "-F", "-"];
  return (await git({ ...at, env }, args, message)).trim();
};

export const treeOf = async (at: Running, commit: Sha): Promise<Sha> => (await git(at, ["rev-parse", `${commit}^{tree}`])).trim();

/** Writes a tree with `files` on top of another tree, or alone; null removes a path. */
export type NewFiles = ReadonlyMap<string, { readonly content: string | Buffer; readonly mode: "100644" | "100755" } | null>;

export const writeFiles = async (at: Running, on: Sha | null, files: NewFiles): Promise<Sha> => {
  const entries = on === null ? new Map<string, Entry>() : await listTree(at, on);
  const kept = [...files].flatMap(([path, file]) => (file ? [{ path, ...file }] : []));
  const blobs = await writeBlobs(
    at,
    kept.map(({ content }) => content),
  );
  for (const [path, file] of files) if (!file) entries.delete(path);
  kept.forEach(({ path, mode }, index) => entries.set(path, { mode, sha: blobs[index] ?? "" }));
  return writeTree(at, entries);
};

/** Contents of blobs by id, in one process; a missing one is a fault. */
export const readBlobs = async (at: Running, ids: readonly Sha[]): Promise<Map<Sha, Buffer>> => {
  const contents = new Map<Sha, Buffer>();
  if (ids.length === 0) return contents;
  const { stdout, code, stderr } = await runGit(at, ["cat-file", "--batch"], `${ids.join("\n")}\n`);
  if (code !== 0) throw new GitError(`git cat-file: ${stderr.trim()}`);
  let offset = 0;
  for (const id of ids) {
    const end = stdout.indexOf("\n", offset);
    const [, type, size] = stdout.subarray(offset, end).toString("utf8").split(" ");
    if (type !== "blob" || size === undefined) throw new GitError(`no blob ${id}`);
    contents.set(id, stdout.subarray(end + 1, end + 1 + Number(size)));
    offset = end + 1 + Number(size) + 1;
  }
  return contents;
};

/** The longest file that is read as text, in bytes. */
const MOST_TEXT = 1_000_000;

/** A file of a commit as text; null for what is not here, too long, or no text. */
export const textAt = async (at: Running, commit: Sha, path: string): Promise<string | null> => {
  if (!isSha(commit) || path.includes("\0") || !(await isCommit(at, commit))) return null;
  const object = `${commit}:${path}`;
  const size = await runGit(at, ["cat-file", "-s", object]);
  if (size.code !== 0 || Number(size.stdout.toString("utf8")) > MOST_TEXT) return null;
  const { code, stdout } = await runGit(at, ["cat-file", "blob", object]);
  return code !== 0 || stdout.includes(0) ? null : stdout.toString("utf8");
};

export type Merged = { readonly kind: "tree"; readonly tree: Sha } | { readonly kind: "conflict"; readonly paths: readonly string[] };

/** Merges two commits in memory: no work tree, nothing of the repository runs. */
export const mergeTrees = async (at: Running, ours: Sha, theirs: Sha): Promise<Merged> =>
  readMerge(await runGit(at, ["merge-tree", "--write-tree", "-z", "--name-only", ours, theirs]));

/** Exit code 1 is a conflict, and also an unknown commit: only a tree id on standard output tells. */
const readMerge = ({ code, stdout, stderr }: Ran): Merged => {
  const [tree = "", ...rest] = stdout.toString("utf8").split("\0");
  if (!/^[0-9a-f]{40}$/.test(tree)) throw new GitError(`git merge-tree: ${stderr.trim()}`);
  if (code === 0) return { kind: "tree", tree };
  const end = rest.indexOf("");
  return { kind: "conflict", paths: [...new Set(rest.slice(0, Math.max(0, end)))] };
};

/** True for a commit that is here; false for any other object, and for what is not here. */
export const isCommit = async (at: Running, id: Sha): Promise<boolean> =>
  (await runGit(at, ["cat-file", "-t", id])).stdout.toString("utf8").trim() === "commit";

/**
 * True when the first commit is the second or is contained in it. All of the tip is here, so what is not here is not in it:
 * a clone that is made anew lacks what a rewound base or a deleted branch lost. Throws for another tip that is not here.
 */
export const isAncestor = async (at: Running, commit: Sha, tip: Sha): Promise<boolean> => {
  const { code, stderr } = await runGit(at, ["merge-base", "--is-ancestor", commit, tip]);
  if (code === 0 || code === 1) return code === 0;
  if (!(await isCommit(at, commit)) && (commit === tip || (await isCommit(at, tip)))) return false;
  throw new GitError(`git merge-base: ${stderr.trim()}`);
};

/** Committer times of commits, in milliseconds. */
export const commitTimes = async (at: Running, commits: readonly Sha[]): Promise<Millis[]> => {
  const out = await git(at, ["log", "--no-walk=unsorted", "--format=%ct", ...commits]);
  return out
    .trim()
    .split("\n")
    .map((seconds) => Number(seconds) * 1000);
};
