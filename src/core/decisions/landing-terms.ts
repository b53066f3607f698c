import type { BranchName } from "../domain/ids.ts";
import { isGreen, type Queue, type LandingTerms } from "../domain/queue.ts";
import type { RequiredCheck, ActionsWorkflowFile } from "../domain/github-facts.ts";
import type { Refusal } from "../domain/refusal.ts";
import { chooseLandingMode, UNLANDABLE_CODES } from "../policy/landing-mode.ts";
import { chooseCheckGate, isFromActions } from "../policy/check-gate.ts";
import type { DecisionTransaction } from "./decision-transaction.ts";

/** How and behind what work lands on a base now, or why none can. Undefined while rules and settings are not read. */
const readTerms = (
  tx: DecisionTransaction,
  base: BranchName,
  { pushRefusal, deniedMethods }: Pick<Queue, "pushRefusal" | "deniedMethods">,
): LandingTerms | Refusal | undefined => {
  const rules = tx.readFact<"rules">({ kind: "rules", baseBranch: base });
  const settings = tx.readFact<"merge-methods">({ kind: "merge-methods" });
  if (!rules || settings === undefined) return undefined;
  const { checks, landing, method } = tx.snapshot.config.refinery;
  const chosen = chooseLandingMode(base, rules, {
    landing,
    method,
    settingsMethods: settings,
    deniedMethods: deniedMethods ?? [],
    pushRefusal: pushRefusal ?? null,
  });
  if (!chosen.ok) return chosen.refusal;
  const files = workflowFiles(tx, base, [...checks, ...rules.checks]);
  if (!files) return undefined;
  const gate = chooseCheckGate({ base, mode: chosen.value.mode, rules: rules.checks, configured: checks, files });
  return gate.ok
    ? { ...chosen.value, ...gate.value, requiredReviews: rules.requiredReviews, requiresExactCommit: rules.checks.length > 0 }
    : gate.refusal;
};

/** The workflows of a base, where a required check may be theirs. Undefined while they are not known. */
const workflowFiles = (
  tx: DecisionTransaction,
  base: BranchName,
  checks: readonly RequiredCheck[],
): readonly ActionsWorkflowFile[] | undefined => {
  const commit = tx.baseTip(base);
  return commit !== null && checks.some((each) => isFromActions(each))
    ? tx.readFact<"workflow-files">({ kind: "workflow-files", commit })
    : [];
};

/** Why nothing that is asked for now could ever land on a base, so that nobody works in vain. Undefined while that is not known. */
export const whyUnlandable = (tx: DecisionTransaction, base: BranchName): Refusal | null | undefined => {
  const terms = readTerms(tx, base, tx.queue(base));
  return terms && ("code" in terms ? terms : null);
};

/** True when something could land now: then the rules are read again, since they may have been changed. */
const isAtLanding = (queue: Queue, tip: string): boolean =>
  queue.candidates.some((each) => each.onto === tip && each.items.length > 0 && isGreen(each));

/** The queue with its terms: read when something comes into it, and right before a landing. Undefined while they are not known. */
export const withTerms = (
  tx: DecisionTransaction,
  base: BranchName,
  { queue, tip, wanted }: { queue: Queue; tip: string; wanted: boolean },
): Queue | undefined => {
  if (queue.landingTerms ? !isAtLanding(queue, tip) : !wanted) return queue;
  if (queue.frozen && UNLANDABLE_CODES.has(queue.frozen.code)) return queue;
  const terms = readTerms(tx, base, queue);
  if (!terms) return undefined;
  if ("code" in terms) return queue.frozen ? queue : { ...queue, frozen: terms, landingRefusedAt: tx.now };
  return JSON.stringify(terms) === JSON.stringify(queue.landingTerms) ? queue : { ...queue, landingTerms: terms };
};
