import type { Sha } from "../../core/domain/ids.ts";
import type { QueryAnswers, Query } from "../../core/domain/query.ts";
import { applyChanges } from "./build-rebase.ts";
import { readCommitTimes, type CommitIdentity, isAncestor, readTreeId, writeCommit } from "./git-objects.ts";
import { runGitOrThrow, type GitContext } from "./run-git.ts";

/**
 * Moves a head from `without` onto a commit that contains the same work in other commits. Only the head's later changes are applied.
 * Equal input results in the same commit in every clone.
 */
export const buildReattached = async (
  at: GitContext,
  by: CommitIdentity,
  { head, excludedHeads, onto, message, linear }: Extract<Query, { kind: "reattach" }>,
): Promise<QueryAnswers["reattach"]> => {
  const holds = await isAncestor(at, onto, head);
  if (holds && !linear) return { kind: "commit", commit: head };
  const merged = holds
    ? ({ kind: "tree", tree: await readTreeId(at, head) } as const)
    : await applyChanges(at, by, { head, forkPoint: await findOriginalBase(at, head, excludedHeads), onto });
  if (merged.kind === "conflict") return merged;
  if (merged.tree === (await readTreeId(at, onto))) return { kind: "unchanged" };
  const time = Math.max(...(await readCommitTimes(at, [head, onto])));
  const parents = linear ? [onto] : [head, onto];
  return { kind: "commit", commit: await writeCommit(at, { tree: merged.tree, parents, message, at: time, committer: by }) };
};

/** Finds the commit that a head was built on: the first on its first-parent line that contains all of `without`, or the last of `without`. */
const findOriginalBase = async (at: GitContext, head: Sha, without: readonly Sha[]): Promise<Sha> => {
  const own = (await runGitOrThrow(at, ["rev-list", "--first-parent", "--reverse", head])).split("\n").filter((line) => line !== "");
  let from = 0;
  for (const commit of without) {
    const found = await findFirstContaining(at, own, commit);
    if (found !== null) from = Math.max(from, found);
  }
  return own[from] ?? head;
};

/** Index of the first commit in a line (oldest first) that contains a commit; null if none does. Later commits contain everything before them. */
const findFirstContaining = async (at: GitContext, line: readonly Sha[], commit: Sha): Promise<number | null> => {
  let [low, high] = [0, line.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (await isAncestor(at, commit, line[middle] ?? "")) high = middle;
    else low = middle + 1;
  }
  return low < line.length ? low : null;
};
