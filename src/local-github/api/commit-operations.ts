import { runGitOrThrow, runGit, type GitContext } from "../../storage/git/run.ts";
import type { ObjectCache } from "./object-cache.ts";

/** A name in a commit; the date as `2026-11-20T12:00:00+00:00`. */
export type GitIdentity = { readonly name: string; readonly email: string; readonly date: string };

export type CommitFacts = {
  readonly sha: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: GitIdentity;
  readonly committer: GitIdentity;
  readonly message: string;
};

/** A commit with the paths that it changed. */
export type CommitChange = CommitFacts & { readonly added: string[]; readonly modified: string[]; readonly removed: string[] };

/** How much a head has that its base has not. */
export type DiffSize = { readonly commits: number; readonly additions: number; readonly deletions: number; readonly files: number };

/** What a head does to one file. */
export type FileChange = {
  readonly path: string;
  readonly status: "added" | "modified" | "removed";
  readonly additions: number;
  readonly deletions: number;
  readonly blob: string;
};

const FILE_STATUSES: Readonly<Record<string, FileChange["status"]>> = { A: "added", D: "removed" };

/** `--raw` then `--numstat`, all ended by NUL. */
const readFileChanges = (out: string): FileChange[] => {
  const words = out.split("\0").filter((word) => word !== "");
  const raw: (readonly [string, string])[] = [];
  let at = 0;
  for (; words[at]?.startsWith(":"); at += 2) raw.push([words[at] ?? "", words[at + 1] ?? ""]);
  const counts = new Map<string, readonly [number, number]>();
  for (const word of words.slice(at)) {
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

/** Fields, then status and path of each change, all ended by NUL: no name and no message can hold one. */
const readCommitChanges = (out: string): CommitChange[] => {
  const words = out.split("\0");
  const changes: CommitChange[] = [];
  for (let at = 0; at + COMMIT_FIELDS.length <= words.length;) {
    const facts = readCommitFacts(words.slice(at, at + COMMIT_FIELDS.length));
    at += COMMIT_FIELDS.length;
    while (words[at] === "") at += 1;
    const paths: Record<"A" | "M" | "D", string[]> = { A: [], M: [], D: [] };
    for (; /^\n?[AMDT]$/.test(words[at] ?? ""); at += 2) {
      const kind = (words[at] ?? "").trim();
      paths[kind === "A" || kind === "D" ? kind : "M"].push(words[at + 1] ?? "");
    }
    changes.push({ ...facts, added: paths.A, modified: paths.M, removed: paths.D });
  }
  return changes;
};

/** What is asked about commits. */
export const commitOperations = (at: GitContext, remember: ObjectCache) => ({
  describe: (commit: string): Promise<CommitFacts | null> =>
    remember("commit", commit, async () => {
      const ran = await runGit(at, ["log", "-1", `--format=${COMMIT_FIELDS.join("%x00")}`, "--end-of-options", commit]);
      return ran.code === 0 ? readCommitFacts(ran.stdout.toString("utf8").split("\0")) : null;
    }),
  /** The first twenty commits of a range, oldest first; merges have no changes of their own. */
  log: async (range: readonly string[]): Promise<CommitChange[]> => {
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
  /** The last commit that two have in common; null where they have none. */
  mergeBase: async (one: string, other: string): Promise<string | null> => {
    const ran = await runGit(at, ["merge-base", "--end-of-options", one, other]);
    return ran.code === 0 ? ran.stdout.toString("utf8").trim() : null;
  },
  /** What changed in one file between two commits, as a diff. */
  patch: (of: { from: string; to: string; path: string; context: number }): Promise<string> =>
    runGitOrThrow(at, [
      "--literal-pathspecs",
      "diff",
      "--no-renames",
      "--no-ext-diff",
      "--no-textconv",
      `-U${of.context}`,
      of.from,
      of.to,
      "--",
      of.path,
    ]),
  /** The files that a head changes since its merge base with its base. */
  files: async (base: string, head: string): Promise<FileChange[]> => {
    const ran = await runGit(at, ["diff", "--raw", "--numstat", "--no-abbrev", "--no-renames", "-z", `${base}...${head}`]);
    return ran.code === 0 ? readFileChanges(ran.stdout.toString("utf8")) : [];
  },
  /** Measures a head against the merge base with its base. */
  size: async (base: string, head: string): Promise<DiffSize> => {
    const commits = Number((await runGitOrThrow(at, ["rev-list", "--count", `${base}..${head}`])).trim());
    const ran = await runGit(at, ["diff", "--shortstat", "--no-renames", `${base}...${head}`]);
    const stat = ran.code === 0 ? ran.stdout.toString("utf8") : "";
    const count = (of: RegExp): number => Number(of.exec(stat)?.[1] ?? 0);
    return { commits, additions: count(/(\d+) insertion/), deletions: count(/(\d+) deletion/), files: count(/(\d+) file/) };
  },
});
