import { readCommandRequests } from "../../events/read-comment.ts";
import type { Execution, PlanApproval } from "../../domain/execution.ts";
import type { GitHubComment } from "../../domain/github-facts.ts";
import { refuse, type Refusal } from "../../domain/refusal.ts";
import type { DecisionReader } from "../decision-transaction.ts";

export const APPROVAL_GONE_CODE = "approval-gone";

/**
 * Reads the approval of the plan from GitHub again, right before work lands: the ledger's word is not enough. Returns a refusal unless
 * the comment still exists, unedited, by a person who may approve now, and names exactly this plan; undefined while facts are missing.
 */
export const checkPlanApproval = (tx: DecisionReader, execution: Execution): Refusal | null | undefined => {
  if (needsNoApproval(tx, execution)) return null;
  const { approved, plan } = execution;
  if (approved === null || plan === null || approved.plan !== plan) return refuseGoneApproval(execution);
  const isShown = isApprovalShown(tx, approved);
  if (isShown !== true) return isShown === undefined ? undefined : refuseGoneApproval(execution);
  const permission = tx.readFact<"permission">({ kind: "permission", login: approved.by });
  if (permission === undefined) return undefined;
  return permission === "write" || permission === "admin" ? null : refuseGoneApproval(execution);
};

/** Quick tasks and workflows are started by a command whose text says what runs. */
const needsNoApproval = (tx: DecisionReader, { quick, workflow, planOnly }: Execution): boolean =>
  quick === true || workflow !== undefined || (!planOnly && tx.snapshot.config.plan.approval === "never");

/** Whether GitHub still shows the approving text. Reviews and line comments cannot be read one by one, so only their authors count. */
const isApprovalShown = (tx: DecisionReader, approved: PlanApproval): boolean | undefined => {
  const { source } = approved;
  if (source?.kind === "review" || source?.kind === "review-comment") return true;
  if (source?.kind !== "comment") return false;
  const comment = tx.readFact<"comment">({ kind: "comment", comment: source.id });
  return comment === undefined ? undefined : comment !== null && isApproving(tx, comment, approved);
};

const isApproving = (tx: DecisionReader, comment: GitHubComment, { by, plan }: PlanApproval): boolean => {
  if (comment.bot || comment.by.toLowerCase() !== by.toLowerCase() || comment.updated > comment.created) return false;
  return readCommandRequests(comment.body, tx.snapshot.botLogin).some(
    (request) => request.ok && request.command.kind === "approve-plan" && plan.startsWith(request.command.plan),
  );
};

const refuseGoneApproval = ({ approved, plan }: Execution): Refusal =>
  refuse(
    APPROVAL_GONE_CODE,
    `GitHub does not show the approval of this plan${approved ? ` by ${approved.by}` : ""} as it was given: the comment was deleted or edited, or its author may no longer approve. Nothing lands until a person approves again.`,
    `/enki approve ${(plan ?? "").slice(0, 12)}`,
  ).refusal;
