import type { Execution, QueuedPull } from "../../domain/execution.ts";
import type { Pull } from "../../domain/github-facts.ts";
import type { Refusal } from "../../domain/refusal.ts";
import type { Step } from "../../domain/step.ts";
import { refuseBlockedPull, refuseChangedHead, CLOSED, refuseRetargetedPull } from "../../messages/pull-refusals.ts";
import type { DecisionReader } from "../decision-transaction.ts";
import { hasReviewPermission, type HeadVerdict, selectLatestReviews, toProvenReviews } from "./reviews.ts";
import { refuseMissingReviews } from "../../messages/refusals/reviews.ts";
import { type Known, UNKNOWN } from "../../domain/known.ts";

type PulledStep = { readonly execution: Execution; readonly step: Step };

/** Why a person's pull request leaves the queue: it was closed, points to another base, or has another head. */
export const findReasonToLeave = ({ execution, step }: PulledStep, pull: Pull): Refusal | null => {
  if (pull.state !== "open") return CLOSED;
  if (pull.baseBranch !== execution.baseBranch) return refuseRetargetedPull(pull.baseBranch);
  return pull.head === step.head?.sha ? null : refuseChangedHead(pull.head);
};

/**
 * The verdict of people's reviews on a person's pull request: a request for changes blocks it at every head, as on GitHub; approvals count for
 * exactly this head.
 */
export const evaluatePullReviews = (
  tx: DecisionReader,
  { step, landsPull }: { readonly step: Step; readonly landsPull: QueuedPull },
  needed: number,
): Known<HeadVerdict> => {
  const reviews = tx.readFact<"reviews">({ kind: "reviews", pull: landsPull.pull });
  if (reviews === UNKNOWN) return UNKNOWN;
  const latest = selectLatestReviews(reviews).filter((review) => hasReviewPermission(tx, review));
  const blocking = latest.find(({ verdict }) => verdict === "changes-requested");
  if (blocking) return { kind: "held", refusal: refuseBlockedPull(blocking.by) };
  const approvals = latest.filter(({ verdict, head }) => verdict === "approved" && head === step.head?.sha);
  const proven = approvals.length > 0 ? { reviews: toProvenReviews(approvals) } : {};
  return approvals.length >= needed
    ? { kind: "free", ...proven }
    : { kind: "held", refusal: refuseMissingReviews(approvals.length, needed) };
};
