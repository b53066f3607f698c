import type { RefMove } from "../../core/domain/decision.ts";
import type { Sha } from "../../core/domain/ids.ts";
import { isConnected } from "../../storage/git/is-connected.ts";
import { listRefFiles, moveRefFiles } from "../../storage/git/ref-files.ts";
import type { GitContext } from "../../storage/git/run-git.ts";

/** Names that git accepts for refs in a push, of at least two parts after `refs`, and that need no quoting anywhere. */
const REF_NAME_PATTERN = /^refs\/(?=[^/]+\/)(?:[\w-](?:[\w-]|\.(?![./]|$))*(?<!\.lock)(?:\/|$))+(?<!\/)$/;

/**
 * Moves refs without a process. Returns false, with no ref moved, if git must decide. Like git, it takes commits that
 * are or were values of refs for complete. Every other object of a new commit must exist.
 */
export const openRefMover = (at: GitContext): ((moves: readonly RefMove[]) => boolean) => {
  let complete: Set<Sha> | null = null;
  return (moves) => {
    const { objects, directory } = at;
    if (!objects || !moves.every(({ ref }) => REF_NAME_PATTERN.test(ref))) return false;
    // A tag object is no head of a branch.
    const isHead = ({ ref, newSha }: RefMove): boolean =>
      newSha === null || !ref.startsWith("refs/heads/") || objects.read(newSha)?.type === "commit";
    if (!moves.every(isHead)) return false;
    const known = (complete ??= new Set(listRefFiles(directory, ["refs"]).values()));
    const isComplete = ({ newSha }: RefMove): boolean => newSha === null || isConnected(objects, newSha, (commit) => known.has(commit));
    if (!moves.every(isComplete) || !moveRefFiles(directory, moves)) return false;
    for (const { newSha } of moves) if (newSha !== null) known.add(newSha);
    return true;
  };
};
