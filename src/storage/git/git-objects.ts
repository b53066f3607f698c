import { isSha, type Millis, type Sha } from "../../core/domain/ids.ts";
import type { TextCommit } from "../../core/domain/text-commit.ts";
import { type TreeEntry, listTree, writeBlobs, writeTree } from "./git-tree.ts";
import { runGitOrThrow, GitError, type GitOutput, runGit, type GitContext } from "./run-git.ts";
import { formatSignedCommit } from "./signed-commit.ts";
import { findAncestry, walkFirstParents } from "./commit-ancestry.ts";
import { formatCommit, readCommitLinks } from "./commit-object.ts";
import type { ObjectFiles } from "./object-files.ts";
import { changeTree, findEntry, findTree, UnreadTreeError } from "./tree-files.ts";

export type CommitIdentity = { readonly name: string; readonly email: string };
export type CommitAuthor = CommitIdentity & { readonly at: Millis };

export type NewCommit = {
  readonly tree: Sha;
  readonly parents: readonly Sha[];
  readonly message: string;
  /** Git stores whole seconds. */
  readonly at: Millis;
  readonly committer: CommitIdentity;
  /** Set if the author is not the committer. */
  readonly author?: CommitAuthor;
  /** Returns the armored SSH signature of a commit's text. */
  readonly sign?: (payload: Buffer) => string;
};

const formatGitDate = (time: Millis): string => `@${Math.floor(time / 1000)} +0000`;

/** Equal input results in the same commit in every clone. */
export const writeCommit = async (at: GitContext, commit: NewCommit): Promise<Sha> => {
  const { tree, parents, message, at: time, committer, author, sign } = commit;
  const wrote = author ?? { ...committer, at: time };
  if (sign) return writeCommitObject(at, formatSignedCommit({ ...commit, author: wrote }, sign));
  const formatted = at.objects && formatCommit({ tree, parents, author: wrote, committer: { ...committer, at: time }, message });
  if (at.objects && formatted) return at.objects.write("commit", formatted);
  const env = {
    ...at.env,
    GIT_AUTHOR_NAME: wrote.name,
    GIT_AUTHOR_EMAIL: wrote.email,
    GIT_AUTHOR_DATE: formatGitDate(wrote.at),
    GIT_COMMITTER_NAME: committer.name,
    GIT_COMMITTER_EMAIL: committer.email,
    GIT_COMMITTER_DATE: formatGitDate(time),
  };
  const args = ["commit-tree", tree, ...parents.flatMap((parent) => ["-p", parent]), "-F", "-"];
  return (await runGitOrThrow({ ...at, env }, args, message)).trim();
};

const writeCommitObject = async (at: GitContext, object: Buffer): Promise<Sha> =>
  at.objects
    ? at.objects.write("commit", object)
    : (await runGitOrThrow(at, ["hash-object", "-t", "commit", "-w", "--stdin"], object)).trim();

export const readTreeId = async (at: GitContext, commit: Sha): Promise<Sha> =>
  readCommitLinks(at.objects, commit)?.tree ?? (await runGitOrThrow(at, ["rev-parse", `${commit}^{tree}`])).trim();

/** Files to write into a tree, by path; null deletes a path. */
export type NewFiles = ReadonlyMap<string, { readonly content: string | Buffer; readonly mode: "100644" | "100755" } | null>;

export const writeTreeFiles = async (at: GitContext, on: Sha | null, files: NewFiles): Promise<Sha> => {
  const written = at.objects ? tryWriteFiles(at.objects, on, files) : null;
  if (written !== null) return written;
  const entries = on === null ? new Map<string, TreeEntry>() : await listTree(at, on);
  const kept = [...files].flatMap(([path, file]) => (file ? [{ path, ...file }] : []));
  const blobs = await writeBlobs(
    at,
    kept.map(({ content }) => content),
  );
  for (const [path, file] of files) if (!file) entries.delete(path);
  kept.forEach(({ path, mode }, index) => entries.set(path, { mode, sha: blobs[index] ?? "" }));
  return writeTree(at, entries);
};

/** Null if only git can read a tree that changes. */
const tryWriteFiles = (objects: ObjectFiles, on: Sha | null, files: NewFiles): Sha | null => {
  const tree = on === null ? null : findTree(objects, on);
  if (on !== null && tree === null) return null;
  try {
    return writeFilesDirectly(objects, tree, files);
  } catch (error) {
    if (error instanceof UnreadTreeError) return null;
    throw error;
  }
};

const writeFilesDirectly = (objects: ObjectFiles, tree: Sha | null, files: NewFiles): Sha =>
  changeTree(
    objects,
    tree,
    [...files].map(([path, file]) => [path, file && { mode: file.mode, sha: objects.write("blob", Buffer.from(file.content)) }]),
  );

/** Stores a commit of texts. Throws if git derives another id, because a comment already has the id. */
export const writeTextCommit = async (at: GitContext, { id, files, object }: TextCommit): Promise<void> => {
  const tree = await writeTreeFiles(at, null, new Map(Object.entries(files).map(([name, content]) => [name, { content, mode: "100644" }])));
  const stored = await writeCommitObject(at, Buffer.from(object));
  if (stored !== id || !object.startsWith(`tree ${tree}\n`)) throw new GitError(`the commit of texts ${id} was stored as ${stored}`);
};

/** Reads objects of one type in one process. Missing objects and those of other types are omitted. */
const readObjects = async (at: GitContext, wanted: "blob" | "commit", ids: readonly Sha[]): Promise<Map<Sha, Buffer>> => {
  const contents = new Map<Sha, Buffer>();
  const unread: Sha[] = [];
  for (const id of ids) {
    const object = at.objects?.read(id);
    if (!object) unread.push(id);
    else if (object.type === wanted) contents.set(id, object.content);
  }
  if (unread.length === 0) return contents;
  const { stdout, code, stderr } = await runGit(at, ["cat-file", "--batch"], `${unread.join("\n")}\n`);
  if (code !== 0) throw new GitError(`git cat-file: ${stderr.trim()}`);
  let offset = 0;
  for (const id of unread) {
    const end = stdout.indexOf("\n", offset);
    const [, type, size] = stdout.subarray(offset, end).toString("utf8").split(" ");
    offset = end + 1;
    if (size === undefined) continue;
    if (type === wanted) contents.set(id, stdout.subarray(offset, offset + Number(size)));
    offset += Number(size) + 1;
  }
  return contents;
};

/** Reads blobs in one process. Throws if a blob is missing. */
export const readBlobs = async (at: GitContext, ids: readonly Sha[]): Promise<Map<Sha, Buffer>> => {
  const contents = await readObjects(at, "blob", ids);
  const missing = ids.find((id) => !contents.has(id));
  if (missing !== undefined) throw new GitError(`no blob ${missing}`);
  return contents;
};

/** Reads the texts of commits in one process. Other objects are omitted. */
export const readCommitObjects = (at: GitContext, ids: readonly Sha[]): Promise<Map<Sha, Buffer>> => readObjects(at, "commit", ids);

/**
 * The first-parent line of a commit, newest first, without the commits that `excluded` contains; null if the object is no
 * commit. Tags are refused too.
 */
export const listFirstParents = async (at: GitContext, tip: Sha, excluded: Sha | null): Promise<Sha[] | null> => {
  if (!(await isCommit(at, tip))) return null;
  const known = walkFirstParents(at.objects, tip, excluded);
  if (known !== null) return known;
  const without = excluded === null ? [] : [`^${excluded}`];
  return (await runGitOrThrow(at, ["rev-list", "--first-parent", tip, ...without, "--"])).split("\n").filter((line) => line !== "");
};

const MAX_TEXT_FILE_BYTES = 1_000_000;

/** The content of a file; null if only git can read it, or if it is too long. */
const readFileAt = (objects: ObjectFiles | undefined, { commit, path, maxBytes }: TextPlace): Buffer | "missing" | null => {
  if (!objects || objects.read(commit)?.type !== "commit") return null;
  const entry = findEntry(objects, commit, path);
  if (entry === null || entry === "missing") return entry;
  const found = objects.read(entry.sha, maxBytes);
  return found?.type === "blob" ? found.content : null;
};

type TextPlace = { readonly commit: Sha; readonly path: string; readonly maxBytes?: number | undefined };

/** Returns null if the file is missing, longer than the limit, or not text. */
export const readTextAt = async (at: GitContext, { commit, path, maxBytes = MAX_TEXT_FILE_BYTES }: TextPlace): Promise<string | null> => {
  if (!isSha(commit) || path.includes("\0")) return null;
  const known = readFileAt(at.objects, { commit, path, maxBytes });
  if (known === "missing") return null;
  if (known) return known.includes(0) ? null : known.toString("utf8");
  if (!(await isCommit(at, commit))) return null;
  const object = `${commit}:${path}`;
  const size = await runGit(at, ["cat-file", "-s", object]);
  if (size.code !== 0 || Number(size.stdout.toString("utf8")) > maxBytes) return null;
  const { code, stdout } = await runGit(at, ["cat-file", "blob", object]);
  return code !== 0 || stdout.includes(0) ? null : stdout.toString("utf8");
};

export type TreeMergeResult =
  | { readonly kind: "tree"; readonly tree: Sha }
  | { readonly kind: "conflict"; readonly paths: readonly string[] };

/** Merges two commits in memory, without a work tree, hooks or merge drivers. */
export const mergeTrees = async (at: GitContext, ours: Sha, theirs: Sha): Promise<TreeMergeResult> => {
  // A merge with one's own parent changes nothing.
  const known = readCommitLinks(at.objects, theirs);
  return known?.parents.includes(ours)
    ? { kind: "tree", tree: known.tree }
    : parseMergeOutput(await runGit(at, ["merge-tree", "--write-tree", "-z", "--name-only", ours, theirs]));
};

/** Exit code 1 means a conflict or an unknown commit; only a conflict prints a tree id. */
const parseMergeOutput = ({ code, stdout, stderr }: GitOutput): TreeMergeResult => {
  const [tree = "", ...rest] = stdout.toString("utf8").split("\0");
  if (!/^[0-9a-f]{40}$/.test(tree)) throw new GitError(`git merge-tree: ${stderr.trim()}`);
  if (code === 0) return { kind: "tree", tree };
  const end = rest.indexOf("");
  return { kind: "conflict", paths: [...new Set(rest.slice(0, Math.max(0, end)))] };
};

/** Returns false if the object is missing or of another type. */
export const isCommit = async (at: GitContext, id: Sha): Promise<boolean> =>
  (at.objects?.read(id)?.type ?? (await runGit(at, ["cat-file", "-t", id])).stdout.toString("utf8").trim()) === "commit";

/**
 * Whether the tip contains the commit. A missing commit is not contained, since the clone has all history of the tip;
 * fresh clones lack commits of rewound bases and deleted branches. Throws if the tip is missing.
 */
export const isAncestor = async (at: GitContext, commit: Sha, tip: Sha): Promise<boolean> => {
  const known = findAncestry(at.objects, commit, tip);
  if (known !== null) return known;
  const { code, stderr } = await runGit(at, ["merge-base", "--is-ancestor", commit, tip]);
  if (code === 0 || code === 1) return code === 0;
  if (!(await isCommit(at, commit)) && (commit === tip || (await isCommit(at, tip)))) return false;
  throw new GitError(`git merge-base: ${stderr.trim()}`);
};

export const readCommitTimes = async (at: GitContext, commits: readonly Sha[]): Promise<Millis[]> => {
  const known = commits.flatMap((commit) => readCommitLinks(at.objects, commit) ?? []);
  if (known.length === commits.length) return known.map(({ committedSeconds }) => committedSeconds * 1000);
  const out = await runGitOrThrow(at, ["log", "--no-walk=unsorted", "--format=%ct", ...commits]);
  return out
    .trim()
    .split("\n")
    .map((seconds) => Number(seconds) * 1000);
};
