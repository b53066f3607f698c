import type { Sha } from "../../domain/ids.ts";
import { collectKnown, type Known, mapKnown, UNKNOWN } from "../../domain/known.ts";
import { type Candidate, isGreen, type Queue } from "../../domain/queue.ts";
import { type QueueEntrant, toChainMerge } from "../../refinery/refinery-state.ts";
import type { DecisionReader } from "../decision-transaction.ts";

/** The queue, the tip of its base, and the steps that may enter. */
type EnteredQueue = { readonly queue: Queue; readonly tip: Sha; readonly coming: readonly QueueEntrant[] };

/**
 * Drops candidates whose tree differs from what GitHub would merge onto the current base: an earlier squash or rebase put the work that
 * they build on there as other commits. The refinery builds and verifies them again.
 */
export const withoutOutdatedCandidates = (tx: DecisionReader, { queue, tip, coming }: EnteredQueue): Known<Queue> => {
  if (!queue.landingTerms?.method) return queue;
  const isOutdated = (candidate: Candidate): Known<boolean> => {
    const [item, more] = candidate.items;
    const entrant = coming.find((each) => each.task === item?.task && each.head === item.head);
    if (more || !entrant || candidate.onto !== tip || !isGreen(candidate)) return false;
    const links = tx.readFact<"merge-chain">({ kind: "merge-chain", onto: tip, merges: [{ ...toChainMerge(entrant), needs: [] }] });
    return mapKnown(links, ([link]) => link?.kind !== "merged" || link.tree !== candidate.tree);
  };
  const outdated = collectKnown(queue.candidates.map((each) => isOutdated(each)));
  if (outdated === UNKNOWN) return UNKNOWN;
  const candidates = queue.candidates.flatMap((each, at) => (outdated[at] === true ? [] : [each]));
  return candidates.length === queue.candidates.length ? queue : { ...queue, candidates };
};
