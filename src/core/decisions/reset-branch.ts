import { followsRules } from "../domain/decision.ts";
import type { Execution } from "../domain/execution.ts";
import { type Sha, toTaskId } from "../domain/ids.ts";
import { isAnyTrue, type Known, UNKNOWN } from "../domain/known.ts";
import type { Refusal } from "../domain/refusal.ts";
import { toTaskRef } from "../domain/refs.ts";
import type { Step } from "../domain/step.ts";
import { failStep } from "./apply/fail-step.ts";
import type { DecisionReader, EffectWriter, StepWriter } from "./decision-transaction.ts";
import type { StepContext } from "./find-step.ts";

/**
 * Whether a person reset a task branch to a tip without the step's own work: a commit of the base, or of the work that the step was built on.
 * As a head, such a tip would count as landed. A tip that holds the step's head is no reset: a person landed it by hand.
 */
export const isBranchReset = (tx: DecisionReader, execution: Execution, { step, tip }: { step: Step; tip: Sha }): Known<boolean> => {
  if (step.head === null || !followsRules(tx.snapshot, 5)) return false;
  const isWithin = (commit: Sha, other: Sha): Known<boolean> =>
    commit === other || tx.readFact<"contains">({ kind: "contains", commit, tip: other });
  const reset = isAnyTrue(listCommitsBelow(tx, execution, step).map((below) => isWithin(tip, below)));
  if (reset === UNKNOWN || !reset) return reset;
  const isKept = isWithin(step.head.sha, tip);
  return isKept === UNKNOWN ? UNKNOWN : !isKept;
};

/** The base, and the work of other steps, as they were under the step's head and as they are now. */
const listCommitsBelow = (tx: DecisionReader, { id, baseBranch }: Execution, { id: own, head, builtOn }: Step): Sha[] => {
  const others = builtOn.filter(({ task }) => task !== toTaskId(id, own));
  const commits = [head?.baseTip, tx.queue(baseBranch).seenTip, ...others.flatMap((each) => [each.head, tx.ref(toTaskRef(each.task))])];
  return [...new Set(commits.filter((commit) => commit !== undefined && commit !== null))];
};

/**
 * Fails a step whose branch was deleted and whose commit no clone has, or whose branch was reset. The next attempt gets a pull request of its
 * own: GitHub may have closed this one.
 */
export const failLostBranch = (tx: StepWriter & EffectWriter, { execution, step }: StepContext, refusal: Refusal): void => {
  tx.deleteEffectRecord(`open-pull:${toTaskId(execution.id, step.id)}`);
  failStep(tx, { execution, step: { ...step, head: null, pull: null }, refusal, log: "" });
};
