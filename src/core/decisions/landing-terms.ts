import type { BranchName } from "../domain/ids.ts";
import { isGreen, type Queue, type LandingTerms } from "../domain/queue.ts";
import type { RequiredCheck, ActionsWorkflowFile } from "../domain/github-facts.ts";
import type { Refusal } from "../domain/refusal.ts";
import { chooseLandingMode, UNLANDABLE_CODES } from "../policy/landing-mode.ts";
import { chooseCheckGate, isFromActions } from "../policy/check-gate.ts";
import type { DecisionReader } from "./decision-transaction.ts";
import { type Known, mapKnown, UNKNOWN } from "../domain/known.ts";

/** The landing terms of a base, or why nothing can land on it. */
const findLandingTerms = (
  tx: DecisionReader,
  base: BranchName,
  { pushRefusal, deniedMethods }: Pick<Queue, "pushRefusal" | "deniedMethods">,
): Known<LandingTerms | Refusal> => {
  const rules = tx.readFact<"rules">({ kind: "rules", baseBranch: base });
  const settings = tx.readFact<"merge-methods">({ kind: "merge-methods" });
  if (rules === UNKNOWN || settings === UNKNOWN) return UNKNOWN;
  const { checks, landing, method } = tx.snapshot.config.refinery;
  const chosen = chooseLandingMode(base, rules, {
    landing,
    method,
    settingsMethods: settings,
    deniedMethods: deniedMethods ?? [],
    pushRefusal: pushRefusal ?? null,
  });
  if (!chosen.ok) return chosen.refusal;
  const files = findBaseWorkflows(tx, base, [...checks, ...rules.checks]);
  if (files === UNKNOWN) return UNKNOWN;
  const gate = chooseCheckGate({ base, mode: chosen.value.mode, rules: rules.checks, configured: checks, files });
  return gate.ok
    ? { ...chosen.value, ...gate.value, requiredReviews: rules.requiredReviews, requiresExactCommit: rules.checks.length > 0 }
    : gate.refusal;
};

/** The workflow files of a base if a required check may come from Actions. */
const findBaseWorkflows = (
  tx: DecisionReader,
  base: BranchName,
  checks: readonly RequiredCheck[],
): Known<readonly ActionsWorkflowFile[]> => {
  const commit = tx.baseTip(base);
  return commit !== null && checks.some((each) => isFromActions(each))
    ? tx.readFact<"workflow-files">({ kind: "workflow-files", commit })
    : [];
};

/** Why nothing could land on a base, so that no work is wasted; null if work could land. */
export const checkLandable = (tx: DecisionReader, base: BranchName): Known<Refusal | null> => {
  const terms = findLandingTerms(tx, base, tx.queue(base));
  return mapKnown(terms, (known) => ("code" in known ? known : null));
};

/** Whether a candidate could land now. The rules are then read again, because they may have changed. */
const isReadyToLand = (queue: Queue, tip: string): boolean =>
  queue.candidates.some((each) => each.onto === tip && each.items.length > 0 && isGreen(each));

/** The queue with its landing terms, which are read when work enters the queue and right before a landing. */
export const withLandingTerms = (
  tx: DecisionReader,
  base: BranchName,
  { queue, tip, wanted }: { queue: Queue; tip: string; wanted: boolean },
): Known<Queue> => {
  if (queue.landingTerms ? !isReadyToLand(queue, tip) : !wanted) return queue;
  if (queue.frozen && UNLANDABLE_CODES.has(queue.frozen.code)) return queue;
  const terms = findLandingTerms(tx, base, queue);
  if (terms === UNKNOWN) return UNKNOWN;
  if ("code" in terms) return queue.frozen ? queue : { ...queue, frozen: terms, landingRefusedAt: tx.now };
  return JSON.stringify(terms) === JSON.stringify(queue.landingTerms) ? queue : { ...queue, landingTerms: terms };
};
