import type { Query, QueryAnswers } from "../../core/domain/query.ts";
import { applyChanges } from "./build-rebase.ts";
import { type CommitIdentity, isAncestor, readCommitTimes, readTreeId, writeCommit } from "./git-objects.ts";
import { findLandedRange } from "./find-landed-range.ts";
import type { GitContext } from "./run-git.ts";

/**
 * Takes the changes of a landing out again. If they conflict with later changes, the revert stays on the commit that landed, and the refinery
 * finds the conflict with both sides. Equal input results in the same commit in every clone.
 */
export const buildLandingRevert = async (
  at: GitContext,
  by: CommitIdentity,
  { landing, onto, message }: Extract<Query, { kind: "landing-revert" }>,
): Promise<QueryAnswers["landing-revert"]> => {
  const range = await findLandedRange(at, landing);
  if (range === null) return { kind: "unknown" };
  if (!(await isAncestor(at, range.to, onto))) return { kind: "unchanged" };
  const taken = await applyChanges(at, by, { forkPoint: range.to, head: range.from, onto });
  const parent = taken.kind === "conflict" ? range.to : onto;
  const tree = taken.kind === "conflict" ? await readTreeId(at, range.from) : taken.tree;
  if (tree === (await readTreeId(at, parent))) return { kind: "unchanged" };
  const time = Math.max(...(await readCommitTimes(at, [range.to, onto])));
  return { kind: "commit", commit: await writeCommit(at, { tree, parents: [parent], message, at: time, committer: by }), parent };
};
