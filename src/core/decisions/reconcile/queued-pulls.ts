import { type Execution, hasEnded } from "../../domain/execution.ts";
import { toBranchRef, readPullHeadRef } from "../../domain/refs.ts";
import { readTaskId } from "../../domain/ids.ts";
import type { Step } from "../../domain/step.ts";
import { refuseChangedHead, refuseDeletedBranch } from "../../messages/pull-refusals.ts";
import { failStep } from "../apply/fail-step.ts";
import type { DecisionReader, StepWriter, RefWriter } from "../decision-transaction.ts";
import { type Known, mapKnown } from "../../domain/known.ts";

/** Takes a pull request out of the queue if its branch has another head: nobody asked to land the other head. */
export const syncPullHead = (tx: StepWriter, execution: Execution, step: Step): void => {
  const { landsPull } = execution;
  if (!landsPull || landsPull.branch === null) return;
  const { branch } = landsPull;
  const tip = tx.ref(toBranchRef(branch));
  if (tip === step.head?.sha) return;
  // GitHub may delete the branch of a pull request that a person merged; the review gate records such a landing.
  if (tip === null && isMergedByHand(tx, landsPull.pull) !== false) return;
  const refusal = tip === null ? refuseDeletedBranch(branch) : refuseChangedHead(tip);
  failStep(tx, { execution, step, refusal, log: "" });
};

/** Whether a person merged a pull request. */
const isMergedByHand = (tx: DecisionReader, pull: number): Known<boolean> => {
  const pulls = tx.readFact<"pulls">({ kind: "pulls" });
  return mapKnown(pulls, (listed) => listed.find(({ number }) => number === pull)?.state === "merged");
};

/** Deletes Enki's refs of forks' heads that no queued pull request needs. */
export const reconcilePullRefs = (tx: RefWriter): void => {
  for (const ref of Object.keys(tx.snapshot.refs)) {
    const id = readTaskId(readPullHeadRef(ref) ?? "");
    if (!id) continue;
    const execution = tx.execution(id.execution);
    if (!execution || hasEnded(execution)) tx.deleteRefLater(ref);
  }
};
