import type { BranchName, RefName } from "../../domain/ids.ts";
import type { Candidate, Queue } from "../../domain/queue.ts";
import { readCandidateRef, toCandidateRef } from "../../domain/refs.ts";
import { refusePullPush } from "../../messages/pull-refusals.ts";
import { refuseCandidatePush } from "../../messages/refusals/queues.ts";
import type { LedgerReader, StepWriter, QueueWriter } from "../decision-transaction.ts";
import { failStep } from "../apply/fail-step.ts";
import { findStep } from "../find-step.ts";

/**
 * Handles candidates of a base that GitHub refused to create. People's pull requests may change files that steps may not, such as
 * workflows, so the last pull request of the smallest refused candidate leaves the queue; without a pull request, the base is frozen. A
 * candidate that is no longer planned changes nothing. Reports whether a candidate was refused.
 */
export const removeRefusedWork = (tx: StepWriter & QueueWriter, base: BranchName, planned: Queue): boolean => {
  const refused = [...tx.refusedCandidates()].filter(([ref]) => readCandidateRef(ref)?.base === base);
  // Larger candidates contain the work of smaller ones, and are refused for it, too.
  const [smallest] = refused
    .flatMap(([ref, text]) => {
      const candidate = planned.candidates.find(({ commit }) => toCandidateRef(base, commit) === ref);
      return candidate ? [{ ref, text, candidate }] : [];
    })
    .toSorted((one, other) => one.candidate.items.length - other.candidate.items.length);
  if (smallest) {
    const { ref, text, candidate } = smallest;
    const pull = findLastPull(tx, candidate);
    if (pull) failStep(tx, { ...pull, refusal: refusePullPush(text), log: text });
    else freeze(tx, base, { ref, text });
  }
  return refused.length > 0;
};

const findLastPull = (tx: LedgerReader, { items }: Candidate) =>
  items.flatMap(({ task }) => findStep(tx, task) ?? []).findLast(({ execution }) => execution.landsPull !== undefined);

const freeze = (tx: QueueWriter, base: BranchName, { ref, text }: { ref: RefName; text: string }): void => {
  const queue = tx.queue(base);
  if (queue.frozen) return;
  tx.putQueue(base, { ...queue, frozen: refuseCandidatePush(base, text) });
  tx.note(`${ref} refused: ${text}`);
};
