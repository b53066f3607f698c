import { refuseGoneApproval, refuseGoneLanding } from "../../messages/refusals/approvals.ts";
import { refuseGoneUndo } from "../../messages/refusals/undo.ts";
import type { PersonCommand } from "../../domain/command.ts";
import type { Execution } from "../../domain/execution.ts";
import type { Refusal } from "../../domain/refusal.ts";
import type { DecisionReader, LedgerReader } from "../decision-transaction.ts";
import { isCommandShown } from "./shown-command.ts";
import { type Known, mapKnown } from "../../domain/known.ts";

export const APPROVAL_GONE_CODE = "approval-gone";

/**
 * Reads the approval of the plan from GitHub again, right before work lands: the ledger's word is not enough. Returns a refusal unless
 * the comment still exists, unedited, by a person who may approve now, and names exactly this plan.
 */
export const checkPlanApproval = (tx: DecisionReader, execution: Execution): Known<Refusal | null> => {
  if (mayRunUnapproved(tx, execution)) return null;
  const { approved, plan } = execution;
  if (approved === null || plan === null || approved.plan !== plan) return refuseGone(execution);
  const isShown = isCommandShown(tx, approved, (command) => isApproval(execution, command));
  return mapKnown(isShown, (shown) => (shown ? null : refuseGone(execution)));
};

const isApproval = ({ landsPull, undoes, plan }: Execution, command: PersonCommand): boolean => {
  if (landsPull) return command.kind === "land";
  return undoes ? command.kind === "undo" : command.kind === "approve-plan" && plan !== null && plan.startsWith(command.plan);
};

/** Quick tasks and workflows are started by a command whose text says what runs. */
const mayRunUnapproved = (tx: LedgerReader, execution: Execution): boolean => {
  const { quick, workflow, landsPull, undoes } = execution;
  return !landsPull && !undoes && (quick === true || workflow !== undefined || startsUnapproved(tx, execution));
};

/** Whether `[plan] approval = "never"` starts a plan by itself. A plan that somebody only wanted to see waits for an approval. */
export const startsUnapproved = (tx: LedgerReader, { planOnly }: Execution): boolean =>
  !planOnly && tx.snapshot.config.plan.approval === "never";

const refuseGone = ({ id, approved, plan, landsPull, undoes }: Execution): Refusal => {
  if (undoes) return refuseGoneUndo(approved?.by ?? "", id);
  return landsPull ? refuseGoneLanding(approved?.by ?? "") : refuseGoneApproval(approved?.by ?? null, (plan ?? "").slice(0, 12));
};
