import type { RefMove, Snapshot } from "../domain/decision.ts";
import type { BranchName, RefName, Sha } from "../domain/ids.ts";
import { toBranchRef } from "../domain/refs.ts";
import type { TextCommit } from "../domain/text-commit.ts";

/** The ref moves of a decision. */
export const openRefMoves = (snapshot: Snapshot, requireSave: () => void) => {
  const moves = new Map<RefName, RefMove>();
  const refusedCandidates = new Map<RefName, string>();
  const attempts = new Set<Sha>();
  const texts: TextCommit[] = [];
  const ref = (name: RefName): Sha | null => {
    const moveRef = moves.get(name);
    return moveRef ? moveRef.newSha : (snapshot.refs[name] ?? null);
  };
  return {
    /** The value of a ref after this decision; null if the ref does not exist. */
    ref,
    baseTip: (base: BranchName): Sha | null => ref(toBranchRef(base)),
    moveRef: (name: RefName, to: Sha | null): void => {
      requireSave();
      moves.set(name, { ref: name, oldSha: snapshot.refs[name] ?? null, newSha: to });
    },
    /** Leaves a ref as it is, because GitHub refused its move. */
    dropMove: (name: RefName): void => void moves.delete(name),
    /** Remembers, during the decision, GitHub's refusal to create the ref of a candidate or a trial. */
    refuseCandidate: (name: RefName, text: string): void => void refusedCandidates.set(name, text),
    /** GitHub's words for each refused ref. */
    refusedCandidates: (): ReadonlyMap<RefName, string> => refusedCandidates,
    /** Makes the push fail if the ref has changed since it was read. */
    expectUnchanged: (name: RefName): void => {
      const at = snapshot.refs[name];
      if (at !== undefined && !moves.has(name)) moves.set(name, { ref: name, oldSha: at, newSha: at });
    },
    /** Deletes a ref with the next write; this alone causes no write. */
    deleteRefLater: (name: RefName): void => {
      const at = snapshot.refs[name];
      if (at !== undefined && !moves.has(name)) moves.set(name, { ref: name, oldSha: at, newSha: null });
    },
    /** Keeps a result's commit reachable after its ref is deleted. */
    retainResult: (result: Sha): void => {
      requireSave();
      attempts.add(result);
    },
    /** Stores linked texts with the next write. */
    retainTexts: (commit: TextCommit): void => {
      requireSave();
      texts.push(commit);
    },
    refs: () => ({ moves: [...moves.values()], attempts: [...attempts], texts }),
  };
};
