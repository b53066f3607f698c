import { HASTY_REVIEW_REFUSAL, UNAPPROVED_REFUSAL, refuseMissingReviews, refuseWantedChanges } from "../../messages/refusals/reviews.ts";
import { followsRules } from "../../domain/decision.ts";
import type { Execution } from "../../domain/execution.ts";
import type { Review } from "../../domain/github-facts.ts";
import type { Millis } from "../../domain/ids.ts";
import type { ProvenReview } from "../../domain/landing-proof.ts";
import type { Refusal } from "../../domain/refusal.ts";
import type { Step } from "../../domain/step.ts";
import type { DecisionReader, LedgerReader } from "../decision-transaction.ts";
import { refuseSelfApproval } from "./self-approval.ts";
import { isReviewRead, findLastReadTime } from "../next-feedback.ts";
import { replaceUnknown, UNKNOWN } from "../../domain/known.ts";

/** The verdict of a head's reviews. */
export type HeadVerdict =
  | { readonly kind: "free"; readonly by?: string; readonly reviews?: readonly ProvenReview[] }
  | { readonly kind: "held"; readonly refusal: Refusal }
  | { readonly kind: "rework"; readonly by: string; readonly review: number };

type ReviewedStep = { readonly execution: Execution; readonly step: Step; readonly planned: { readonly checkpoint: boolean } };

const REVIEW_TIME_STEP_MS = 1_000;

/**
 * Evaluates the reviews of exactly this head by people with write permission: a request for changes, or enough approvals. Held while facts
 * are missing.
 */
export const evaluateHeadReviews = (tx: DecisionReader, of: ReviewedStep, needed: number): HeadVerdict => {
  const { step, planned } = of;
  const reviews = step.pull === null ? null : tx.readFact<"reviews">({ kind: "reviews", pull: step.pull });
  if (reviews === UNKNOWN || reviews === null) return { kind: "held", refusal: UNAPPROVED_REFUSAL };
  const last = selectLatestReviews(reviews);
  const verdicts = last.filter((review) => isReviewOfHead(tx, review, step) && hasReviewPermission(tx, review));
  const wanted = verdicts.filter((review) => review.verdict === "changes-requested");
  const [rework] = wanted.filter((review) => !isReviewRead(tx, of, review));
  if (rework) return { kind: "rework", by: rework.by, review: rework.id };
  if (wanted[0]) return { kind: "held", refusal: refuseWantedChanges(wanted[0].by) };
  const approvals = verdicts.filter((review) => review.verdict === "approved");
  if (approvals.length >= needed) return judgeApprovals(tx, of, approvals);
  if (last.some((review) => isHastyReview(review, step))) return { kind: "held", refusal: HASTY_REVIEW_REFUSAL };
  return {
    kind: "held",
    refusal: planned.checkpoint && approvals.length === 0 ? UNAPPROVED_REFUSAL : refuseMissingReviews(approvals.length, needed),
  };
};

export const toProvenReviews = (approvals: readonly Review[]): ProvenReview[] => approvals.map(({ by, id }) => ({ by, review: id }));

/** Enough approvals: a single person's approval of a checkpoint counts only by `[policy] self_approval`. */
const judgeApprovals = (tx: DecisionReader, of: ReviewedStep, approvals: readonly Review[]): HeadVerdict => {
  const [first, second] = approvals;
  if (!first) return { kind: "free" };
  const alone = of.planned.checkpoint && !second ? refuseSelfApproval(tx, of, first.by) : null;
  return alone ? { kind: "held", refusal: alone } : { kind: "free", by: first.by, reviews: toProvenReviews(approvals) };
};

/**
 * The first unanswered request for changes by a person with write permission, on this head or on an earlier one while it was being
 * replaced. Returns null if there is none, and while facts are missing.
 */
export const findRequestedChanges = (
  tx: DecisionReader,
  of: Pick<ReviewedStep, "execution" | "step">,
): Extract<HeadVerdict, { kind: "rework" }> | null => {
  const { step } = of;
  const reviews = step.pull === null ? [] : replaceUnknown(tx.readFact<"reviews">({ kind: "reviews", pull: step.pull }), []);
  const since = findLastReadTime(tx, of);
  const isMeant = (review: Review): boolean =>
    isReviewOfHead(tx, review, step) || (since !== null && review.at + REVIEW_TIME_STEP_MS > since);
  const rework = selectLatestReviews(reviews).find(
    (review) =>
      review.verdict === "changes-requested" && isMeant(review) && !isReviewRead(tx, of, review) && hasReviewPermission(tx, review),
  );
  return rework ? { kind: "rework", by: rework.by, review: rework.id } : null;
};

/**
 * GitHub moves a review to the new head after a force-push, so a review from before this head belongs to an earlier head. Its times have
 * whole seconds, so a review from the second in which the head appeared may belong to either: a request for changes counts then.
 */
const isReviewOfHead = (tx: LedgerReader, review: Review, { head }: Step): boolean => {
  if (head === null || review.head !== head.sha) return false;
  const isRequest = review.verdict === "changes-requested" && followsRules(tx.snapshot, 1);
  return review.at >= head.since || (isRequest && isFromFirstSecond(review, head));
};

const isFromFirstSecond = (review: Review, { since }: { readonly since: Millis }): boolean =>
  review.at < since && since - review.at < REVIEW_TIME_STEP_MS;

/** Whether an approval is from the second in which the head appeared: it may belong to an earlier head. */
const isHastyReview = (review: Review, { head }: Step): boolean =>
  head !== null && review.verdict === "approved" && review.head === head.sha && isFromFirstSecond(review, head);

/** Each person's last review that approves, requests changes, or was dismissed. */
export const selectLatestReviews = (reviews: readonly Review[]): Review[] => {
  const byPerson = new Map<string, Review>();
  for (const review of [...reviews].sort((a, b) => a.at - b.at || a.id - b.id)) {
    if (!review.bot && review.verdict !== "commented") byPerson.set(review.by, review);
  }
  return [...byPerson.values()];
};

export const hasReviewPermission = (tx: DecisionReader, review: Review): boolean => {
  if (review.verdict === "dismissed") return false;
  const permission = tx.readFact<"permission">({ kind: "permission", login: review.by });
  return permission === "write" || permission === "admin";
};
