import type { Sha } from "../../core/domain/ids.ts";
import type { QueryAnswers, Query } from "../../core/domain/query.ts";
import {
  type CommitAuthor,
  readCommitTimes,
  type CommitIdentity,
  isAncestor,
  type TreeMergeResult,
  mergeTrees,
  readTreeId,
  writeCommit,
} from "./git-objects.ts";
import { runGitOrThrow, runGit, type GitContext } from "./run-git.ts";

type RebaseQuery<K extends Query["kind"]> = Extract<Query, { kind: K }>;

export type RebaseInput = { readonly forkPoint: Sha; readonly head: Sha; readonly onto: Sha };

/**
 * Creates two commits that differ as `onto` and `head` do, with a copy of `from` as their only common ancestor.
 * The commits replace the `--merge-base` option, which git before 2.40 lacks.
 */
export const createComparedCommits = async (
  at: GitContext,
  by: CommitIdentity,
  { forkPoint, head, onto }: RebaseInput,
): Promise<{ onto: Sha; head: Sha }> => {
  const alike = async (commit: Sha, parents: readonly Sha[]): Promise<Sha> =>
    writeCommit(at, { tree: await readTreeId(at, commit), parents, message: "Compare", at: 0, committer: by });
  const ground = await alike(forkPoint, []);
  return { onto: await alike(onto, [ground]), head: await alike(head, [ground]) };
};

/** Applies the changes between two commits to a third, ignoring the real merge base and all other history of the head. */
export const applyChanges = async (at: GitContext, by: CommitIdentity, own: RebaseInput): Promise<TreeMergeResult> => {
  const { onto, head } = await createComparedCommits(at, by, own);
  return mergeTrees(at, onto, head);
};

/** Longer branches are squashed into one commit. */
const MAX_REPLAYED_COMMITS = 50;

/**
 * Rebases the head's changes since `from` onto another commit. Commits of the first-parent line keep author and message
 * if replaying them results in the same files; otherwise all changes become one commit with the given message.
 */
export const buildRebase = async (
  at: GitContext,
  by: CommitIdentity,
  { head, forkPoint, onto, message }: RebaseQuery<"rebase-commits">,
): Promise<QueryAnswers["rebase-commits"]> => {
  const merged = await applyChanges(at, by, { head, forkPoint, onto });
  if (merged.kind === "conflict") return merged;
  if (merged.tree === (await readTreeId(at, onto))) return { kind: "unchanged" };
  const replayed = await replayCommits(at, by, { head, forkPoint, onto });
  if (replayed !== null && (await readTreeId(at, replayed)) === merged.tree) return { kind: "commit", commit: replayed };
  const times = await readCommitTimes(at, [head, onto]);
  return {
    kind: "commit",
    commit: await writeCommit(at, { tree: merged.tree, parents: [onto], message, at: Math.max(...times), committer: by }),
  };
};

/** Returns null if a commit conflicts. */
const replayCommits = async (at: GitContext, by: CommitIdentity, { head, forkPoint, onto }: RebaseInput): Promise<Sha | null> => {
  const range = ["--reverse", "--first-parent", `--max-count=${MAX_REPLAYED_COMMITS + 1}`, `${forkPoint}..${head}`];
  const commits = (await runGitOrThrow(at, ["rev-list", ...range])).split("\n").filter((each) => each !== "");
  if (commits.length === 0 || commits.length > MAX_REPLAYED_COMMITS) return null;
  let tip = onto;
  for (const commit of commits) {
    const next = await replayCommit(at, by, { commit, onto: tip });
    if (next === null) return null;
    tip = next;
  }
  return tip;
};

const replayCommit = async (at: GitContext, by: CommitIdentity, { commit, onto }: { commit: Sha; onto: Sha }): Promise<Sha | null> => {
  const parent = await runGit(at, ["rev-parse", "--verify", "--quiet", `${commit}^1`]);
  if (parent.code !== 0) return null;
  const merged = await applyChanges(at, by, { forkPoint: parent.stdout.toString("utf8").trim(), head: commit, onto });
  if (merged.kind === "conflict") return null;
  if (merged.tree === (await readTreeId(at, onto))) return onto;
  const { author, message } = await readCommitAuthor(at, commit);
  const times = await readCommitTimes(at, [commit, onto]);
  return writeCommit(at, { tree: merged.tree, parents: [onto], message, at: Math.max(...times), committer: by, ...(author && { author }) });
};

const readCommitAuthor = async (at: GitContext, commit: Sha): Promise<{ author: CommitAuthor | null; message: string }> => {
  const out = await runGitOrThrow(at, ["log", "-1", "--format=%an%n%ae%n%at%n%B", commit]);
  const [name = "", email = "", time = "", ...message] = out.split("\n");
  const author = name === "" ? null : { name, email, at: Number(time) * 1_000 };
  return { author, message: message.join("\n").trimEnd() };
};

/**
 * Finds the newest commit of a base branch that a head contains. Abandoned tips of a rewound base are checked first: their commits
 * are not the head's own changes. Returns null if the head contains no commit of the base.
 */
export const findNewestBase = async (at: GitContext, { head, tip, abandonedTips }: RebaseQuery<"newest-base">): Promise<Sha | null> => {
  for (const lost of abandonedTips) {
    const ground = await findCommonAncestor(at, head, lost);
    if (ground !== null && !(await isAncestor(at, ground, tip))) return ground;
  }
  return findCommonAncestor(at, head, tip);
};

/** Also null if a commit is missing: a fresh clone lacks commits that a rewound base dropped. */
const findCommonAncestor = async (at: GitContext, one: Sha, other: Sha): Promise<Sha | null> => {
  const { code, stdout } = await runGit(at, ["merge-base", one, other]);
  return code === 0 ? stdout.toString("utf8").trim() : null;
};
