import type { Sha } from "../../core/domain/ids.ts";
import { type Conflict, CONFLICT_KINDS, type ConflictKind } from "../../core/domain/conflict.ts";
import type { Query } from "../../core/domain/query.ts";
import { createComparedCommits } from "./build-rebase.ts";
import type { CommitIdentity } from "./git-objects.ts";
import { runGitOrThrow, GitError, runGit, type GitContext } from "./run-git.ts";

/** A stage of a conflicting path: 1 is the common ancestor, 2 the first side, 3 the second. */
export type ConflictStage = { readonly path: string; readonly mode: string; readonly sha: Sha; readonly stage: number };

/** A merge in memory. In its tree, conflicting text files contain markers. */
export type ConflictedMerge = { readonly tree: Sha; readonly stages: readonly ConflictStage[]; readonly conflicts: readonly Conflict[] };

/** Merges two commits in memory. Exit code 1 means a conflict or an unknown commit. */
const attemptMerge = async (at: GitContext, { onto, head }: { onto: Sha; head: Sha }): Promise<ConflictedMerge> => {
  const { stdout, stderr } = await runGit(at, ["merge-tree", "--write-tree", "-z", onto, head]);
  const fields = stdout.toString("utf8").split("\0");
  const [tree = "", ...rest] = fields;
  if (!/^[0-9a-f]{40}$/.test(tree)) throw new GitError(`git merge-tree: ${stderr.trim()}`);
  const end = rest.indexOf("");
  const stages = (end < 0 ? [] : rest.slice(0, end)).flatMap((line) => readConflictStage(line));
  return { tree, stages, conflicts: classifyConflicts(stages, readMergeMessages(rest.slice(end + 1))) };
};

/** Format: `<mode> <oid> <stage>\t<path>`. */
const readConflictStage = (line: string): ConflictStage[] => {
  const tab = line.indexOf("\t");
  const [mode = "", sha = "", stage = ""] = line.slice(0, tab).split(" ");
  return tab < 0 ? [] : [{ path: line.slice(tab + 1), mode, sha, stage: Number(stage) }];
};

type MergeMessage = { readonly paths: readonly string[]; readonly type: string };

/** Format: repeated `<count> NUL <path>… NUL <type> NUL <message> NUL`. */
const readMergeMessages = (fields: readonly string[]): MergeMessage[] => {
  const messages: MergeMessage[] = [];
  for (let at = 0; at + 2 < fields.length;) {
    const count = Number(fields[at]);
    if (!Number.isInteger(count) || count < 1) break;
    messages.push({ paths: fields.slice(at + 1, at + 1 + count), type: fields[at + 1 + count] ?? "" });
    at += count + 3;
  }
  return messages;
};

const CONFLICT_KIND_BY_MODE: Readonly<Record<string, ConflictKind>> = { "160000": "submodule", "120000": "link" };

/** Checks the worst kind first: for a binary file git also reports a content conflict. */
const toConflictKind = (type: string): ConflictKind => {
  const name = /^CONFLICT ?\(([^)]+)\)/.exec(type)?.[1] ?? "";
  if (name.startsWith("submodule")) return "submodule";
  if (name === "distinct modes") return "link";
  if (name === "file/directory" || name.startsWith("file in way")) return "file/directory";
  if (name.startsWith("rename involved") || name.startsWith("directory rename")) return "rename/rename";
  return CONFLICT_KINDS.find((each) => each === name) ?? "contents";
};

const classifyConflicts = (stages: readonly ConflictStage[], messages: readonly MergeMessage[]): Conflict[] => {
  const kinds = new Map<string, Set<ConflictKind>>();
  for (const { path, mode } of stages) {
    const known = kinds.get(path) ?? new Set<ConflictKind>();
    kinds.set(path, known);
    const kind = CONFLICT_KIND_BY_MODE[mode];
    if (kind) known.add(kind);
  }
  for (const { paths, type } of messages) {
    if (!type.startsWith("CONFLICT")) continue;
    for (const path of paths) kinds.get(path)?.add(toConflictKind(type));
  }
  return [...kinds].map(([path, known]) => ({ path, kind: CONFLICT_KINDS.find((kind) => known.has(kind)) ?? "contents" }));
};

/** Conflicts of a head with a base branch; empty if they merge cleanly. */
export const findConflicts = async (
  at: GitContext,
  by: CommitIdentity,
  { onto, head, forkPoint }: ConflictsQuery,
): Promise<readonly Conflict[]> => (await mergeChangesSince(at, by, { onto, head, forkPoint })).conflicts;

type ConflictsQuery = Extract<Query, { kind: "conflicts" }>;

/** Merges only the head's changes since `from`, if given. */
export const mergeChangesSince = async (
  at: GitContext,
  by: CommitIdentity,
  { onto, head, forkPoint }: MergeSides,
): Promise<ConflictedMerge> =>
  attemptMerge(at, forkPoint === undefined ? { onto, head } : await createComparedCommits(at, by, { onto, head, forkPoint }));

export type MergeSides = { readonly onto: Sha; readonly head: Sha; readonly forkPoint?: Sha | undefined };

type MissingCommitsInput = { readonly from: Sha; readonly to: Sha; readonly paths: readonly string[] };

const MAX_COMMITS_SCANNED = 500;
const MAX_COMMITS_REPORTED = 20;

/**
 * Messages of recent commits to the paths, missing on a side, oldest first.
 * Paths are filtered here: with path arguments, git omits merges whose first parent both sides contain.
 */
export const readMissingMessages = async (at: GitContext, { from, to, paths }: MissingCommitsInput): Promise<string[]> => {
  const wanted = new Set(paths);
  const shown = ["--first-parent", "--diff-merges=first-parent", "--no-renames", "--name-only", "-z", "--format=%x01%B%x02"];
  const out = await runGitOrThrow(at, ["log", ...shown, `--max-count=${MAX_COMMITS_SCANNED}`, `${from}..${to}`]);
  return out
    .split("\u0001")
    .flatMap((entry) => {
      const [message = "", changed = ""] = entry.split("\u0002");
      return changed.split("\0").some((path) => wanted.has(path.replace(/^\n/, ""))) ? [message] : [];
    })
    .slice(0, MAX_COMMITS_REPORTED)
    .toReversed();
};
