import { runGitOrThrow, runGit, type GitContext } from "../../storage/git/run-git.ts";
import type { ObjectCache } from "./object-cache.ts";
import { type CommitFacts, readCommitObject } from "./read-commit-object.ts";

export type CommitChange = CommitFacts & { readonly added: string[]; readonly modified: string[]; readonly removed: string[] };

/** The size of the difference between a base and a head. */
export type DiffSize = { readonly commits: number; readonly additions: number; readonly deletions: number; readonly files: number };

/** The change of one file. */
export type FileChange = {
  readonly path: string;
  readonly status: "added" | "modified" | "removed";
  readonly additions: number;
  readonly deletions: number;
  readonly blob: string;
};

const FILE_STATUSES: Readonly<Record<string, FileChange["status"]>> = { A: "added", D: "removed" };

/** Reads `--raw` output followed by `--numstat` output, each field ended by NUL. */
const readFileChanges = (out: string): FileChange[] => {
  const fields = out.split("\0").filter((field) => field !== "");
  const raw: (readonly [string, string])[] = [];
  let at = 0;
  for (; fields[at]?.startsWith(":"); at += 2) raw.push([fields[at] ?? "", fields[at + 1] ?? ""]);
  const counts = new Map<string, readonly [number, number]>();
  for (const word of fields.slice(at)) {
    const [, added, removed, path] = /^(\d+|-)\t(\d+|-)\t([^]*)$/.exec(word) ?? [];
    if (path !== undefined) counts.set(path, [Number(added) || 0, Number(removed) || 0]);
  }
  return raw.map(([facts, path]) => {
    const [, , before = "", after = "", status = "M"] = facts.split(" ");
    const [additions, deletions] = counts.get(path) ?? [0, 0];
    return { path, status: FILE_STATUSES[status] ?? "modified", additions, deletions, blob: status === "D" ? before : after };
  });
};

const COMMIT_FIELDS = ["%H", "%T", "%P", "%an", "%ae", "%aI", "%cn", "%ce", "%cI", "%B"];
const MAX_PUSH_COMMITS = 20;

const readCommitFacts = (fields: readonly string[]): CommitFacts => {
  const at = (index: number): string => fields[index] ?? "";
  return {
    sha: at(0),
    tree: at(1),
    parents: at(2)
      .split(" ")
      .filter((parent) => parent !== ""),
    author: { name: at(3), email: at(4), date: at(5) },
    committer: { name: at(6), email: at(7), date: at(8) },
    message: at(9).trimEnd(),
  };
};

/**
 * Reads fields followed by status and path of each change. NUL ends each, because no name or message can contain it.
 */
const readCommitChanges = (out: string): CommitChange[] => {
  const fields = out.split("\0");
  const changes: CommitChange[] = [];
  for (let at = 0; at + COMMIT_FIELDS.length <= fields.length;) {
    const facts = readCommitFacts(fields.slice(at, at + COMMIT_FIELDS.length));
    at += COMMIT_FIELDS.length;
    while (fields[at] === "") at += 1;
    const paths: Record<"A" | "M" | "D", string[]> = { A: [], M: [], D: [] };
    for (; /^\n?[AMDT]$/.test(fields[at] ?? ""); at += 2) {
      const kind = (fields[at] ?? "").trim();
      paths[kind === "A" || kind === "D" ? kind : "M"].push(fields[at + 1] ?? "");
    }
    changes.push({ ...facts, added: paths.A, modified: paths.M, removed: paths.D });
  }
  return changes;
};

const describeCommit = async (at: GitContext, commit: string): Promise<CommitFacts | null> => {
  const known = readCommitObject(at.objects, commit);
  if (known !== null) return known;
  const ran = await runGit(at, ["log", "-1", `--format=${COMMIT_FIELDS.join("%x00")}`, "--end-of-options", commit]);
  return ran.code === 0 ? readCommitFacts(ran.stdout.toString("utf8").split("\0")) : null;
};

const measureDiff = async (at: GitContext, { base, head }: { readonly base: string; readonly head: string }): Promise<DiffSize> => {
  const [counted, ran] = await Promise.all([
    runGitOrThrow(at, ["rev-list", "--count", `${base}..${head}`]),
    runGit(at, ["diff", "--shortstat", "--no-renames", `${base}...${head}`]),
  ]);
  const stat = ran.code === 0 ? ran.stdout.toString("utf8") : "";
  const count = (pattern: RegExp): number => Number(pattern.exec(stat)?.[1] ?? 0);
  return {
    commits: Number(counted.trim()),
    additions: count(/(\d+) insertion/),
    deletions: count(/(\d+) deletion/),
    files: count(/(\d+) file/),
  };
};

/** Read operations on commits. */
export const commitOperations = (at: GitContext, remember: ObjectCache) => ({
  describeCommit: (commit: string): Promise<CommitFacts | null> => remember("commit", commit, () => describeCommit(at, commit)),
  /** The first twenty commits of a range, oldest first. Merge commits list no changes. */
  listCommits: async (range: readonly string[]): Promise<CommitChange[]> => {
    const format = `--format=${COMMIT_FIELDS.join("%x00")}%x00`;
    return readCommitChanges(
      await runGitOrThrow(at, [
        "log",
        `--max-count=${MAX_PUSH_COMMITS}`,
        "--reverse",
        "--name-status",
        "--no-renames",
        "-z",
        format,
        ...range,
      ]),
    );
  },
  /** Finds the merge base of two commits; null if they share none. */
  findMergeBase: async (first: string, second: string): Promise<string | null> => {
    const ran = await runGit(at, ["merge-base", "--end-of-options", first, second]);
    return ran.code === 0 ? ran.stdout.toString("utf8").trim() : null;
  },
  /** The diff of one file between two commits. */
  readPatch: (change: { from: string; to: string; path: string; context: number }): Promise<string> =>
    runGitOrThrow(at, [
      "--literal-pathspecs",
      "diff",
      "--no-renames",
      "--no-ext-diff",
      "--no-textconv",
      `-U${change.context}`,
      change.from,
      change.to,
      "--",
      change.path,
    ]),
  /** The files that a head changes since the merge base. */
  listChangedFiles: async (base: string, head: string): Promise<FileChange[]> => {
    const ran = await runGit(at, ["diff", "--raw", "--numstat", "--no-abbrev", "--no-renames", "-z", `${base}...${head}`]);
    return ran.code === 0 ? readFileChanges(ran.stdout.toString("utf8")) : [];
  },
  /** Measures a head against the merge base. */
  measureDiff: (base: string, head: string): Promise<DiffSize> => measureDiff(at, { base, head }),
});
