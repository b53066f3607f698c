import {
  NO_APPROVAL_REFUSAL,
  PAUSED_REFUSAL,
  UNSEEN_PULL_REFUSAL,
  refuseDraft,
  refuseHeldLabel,
  refuseOtherBase,
  refusePullClosedByPerson,
} from "../../messages/refusals/reviews.ts";
import { refuseMergedElsewhere } from "../../messages/pull-refusals.ts";
import type { Execution, QueuedPull } from "../../domain/execution.ts";
import { toTaskId } from "../../domain/ids.ts";
import type { ProvenReview } from "../../domain/landing-proof.ts";
import type { PlannedStep } from "../../domain/plan.ts";
import type { Pull } from "../../domain/github-facts.ts";
import { isGreen, type Queue } from "../../domain/queue.ts";
import type { Refusal } from "../../domain/refusal.ts";
import { isHeldByPerson, type Step } from "../../domain/step.ts";
import type { DecisionReader, LedgerReader } from "../decision-transaction.ts";
import { evaluatePullReviews, findReasonToLeave } from "./pull-gate.ts";
import { checkPlanApproval } from "./plan-approval.ts";
import { checkStepDecisions } from "./step-decisions.ts";
import { evaluateHeadReviews, findRequestedChanges, type HeadVerdict } from "./reviews.ts";
import { UNAPPROVED_REFUSAL } from "../../messages/refusals/reviews.ts";
import { type Known, mapKnown, replaceUnknown, UNKNOWN } from "../../domain/known.ts";

export type PublishedStep = { readonly execution: Execution; readonly step: Step; readonly planned: PlannedStep; readonly queue: Queue };

/**
 * `free`: may land, approved by a person if its reviews were read. `held`: may not land now, for a reason that the step states already or
 * that passes by itself. `hold`: must be held for a new reason. `opening`: has no pull request yet. `rework`: a person requested changes.
 * `leave`: a person's pull request changed, so it leaves the queue. `merged`: a person landed it. `merged-earlier`: a person merged its pull request at an earlier head.
 */
export type GateVerdict =
  | { readonly kind: "free"; readonly wasRead: boolean; readonly by?: string; readonly reviews?: readonly ProvenReview[] }
  | { readonly kind: "held"; readonly refusal: Refusal }
  | { readonly kind: "hold"; readonly refusal: Refusal }
  | { readonly kind: "opening" }
  | Extract<HeadVerdict, { kind: "rework" }>
  | { readonly kind: "merged"; readonly how: string }
  | { readonly kind: "merged-earlier" }
  | { readonly kind: "leave"; readonly refusal: Refusal };

/** Whether the step's pull request is in GitHub's merge queue, as far as is known. */
export const isInMergeQueue = ({ landing }: Queue, task: string): boolean =>
  landing?.mode === "queue" && landing.candidate.items.some((item) => item.task === task);

const UNREAD_FREE_VERDICT: GateVerdict = { kind: "free", wasRead: false };
/** Without a pull request no one could object yet, so the head is verified with the others. */
const OPENING_VERDICT: GateVerdict = { kind: "opening" };
const toHeldVerdict = (why: Refusal): GateVerdict => ({ kind: "held", refusal: why });

/** GitHub lists a new pull request within this time, in milliseconds. */
const PULL_LIST_LAG_MS = 10_000;
/** Milliseconds for which a pull request counts as new. */
const NEW_PULL_MS = 30_000;

/**
 * Evaluates what people did on the pull request of a published head; records nothing. Reviews and labels are read from GitHub right before
 * a landing and after reported activity: the ledger alone never opens the gate.
 */
export const evaluateReviewGate = (tx: DecisionReader, of: PublishedStep): GateVerdict => {
  const { execution, step } = of;
  if (step.pull === null) return OPENING_VERDICT;
  if (execution.state === "paused") return findMergeWhilePaused(tx, of) ?? toHeldVerdict(PAUSED_REFUSAL);
  if (execution.landsPull) return isGateDue(tx, of) ? evaluateQueuedPull(tx, of, execution.landsPull) : findKnownVerdict(of);
  const rework = hasUnreadReview(tx, step) ? findRequestedChanges(tx, of) : null;
  if (rework) return toGateVerdict(tx, of, rework);
  return isGateDue(tx, of) ? evaluateFullGate(tx, of) : findKnownVerdict(of);
};

/** Evaluates reviews first, and the pull request's state only if that justifies another request. */
const evaluateFullGate = (tx: DecisionReader, of: PublishedStep): GateVerdict => {
  const { step, planned } = of;
  // A single request finds a missing approval; only heads ready to land justify more requests.
  const word = isReadyForReview(tx, of) && planned.checkpoint ? evaluateApproval(tx, of) : null;
  if (word !== null && word.kind !== "free") return toGateVerdict(tx, of, word);
  if (isNewPull(tx, of) && (word !== null || !planned.checkpoint))
    return toGateVerdict(tx, of, word ?? evaluateReviews(tx, of, { hasActivity: step.unreadActivity === "reviews" }));
  return evaluatePull(tx, of, word);
};

/** Evaluates the pull request's state, and its reviews if there was activity. */
const evaluatePull = (tx: DecisionReader, of: PublishedStep, word: HeadVerdict | null): GateVerdict => {
  const { execution, step, planned } = of;
  const pull = findListedPull(tx, step.pull);
  if (pull === UNKNOWN) return toHeldVerdict(UNSEEN_PULL_REFUSAL);
  if (pull === null) return awaitPullListing(tx);
  if (pull.state === "merged" && pull.baseBranch === execution.baseBranch) return evaluateMergedPull(of, pull);
  const why = findPullHold(tx, of, pull);
  if (why) return toGateVerdict(tx, of, { kind: "held", refusal: why });
  if (word === null && planned.checkpoint) return findKnownVerdict(of);
  return toGateVerdict(tx, of, word ?? evaluateReviews(tx, of, pull));
};

/** The end that a person gave to the wait of a queued pull request: a merge, or a change of its head, base or state. Otherwise null. */
const findQueuedEnd = (of: PublishedStep, pull: Pull): GateVerdict | null => {
  if (pull.state === "merged" && pull.baseBranch === of.execution.baseBranch) {
    const merged = evaluateMergedPull(of, pull);
    return merged.kind === "merged-earlier" ? { kind: "leave", refusal: refuseMergedElsewhere(pull.head) } : merged;
  }
  const left = findReasonToLeave(of, pull);
  return left && { kind: "leave", refusal: left };
};

/** A pause keeps Enki from landing a person's pull request, but not the person. */
const findMergeWhilePaused = (tx: DecisionReader, of: PublishedStep): GateVerdict | null => {
  const { landsPull } = of.execution;
  if (!landsPull || !tx.reportedActivity().has("pulls")) return null;
  const pull = replaceUnknown(findListedPull(tx, landsPull.pull), null);
  return pull?.state === "merged" ? findQueuedEnd(of, pull) : null;
};

/** Evaluates a person's pull request, and its reviews if there was activity or rules require them. */
const evaluateQueuedPull = (tx: DecisionReader, of: PublishedStep, landsPull: QueuedPull): GateVerdict => {
  const { step, queue } = of;
  const pull = findListedPull(tx, landsPull.pull);
  if (pull === UNKNOWN || pull === null) return awaitPullListing(tx);
  const end = findQueuedEnd(of, pull);
  if (end) return end;
  const why = findPullHold(tx, of, pull);
  if (why) return toGateVerdict(tx, of, { kind: "held", refusal: why });
  const needed = queue.landingTerms?.requiredReviews ?? 0;
  const word = pull.hasActivity || needed > 0 ? evaluatePullReviews(tx, { step, landsPull }, needed) : ({ kind: "free" } as const);
  return word === UNKNOWN ? toHeldVerdict(UNSEEN_PULL_REFUSAL) : toGateVerdict(tx, of, word);
};

/** The reviews of a step that is no checkpoint count if rules require reviews or there was activity. */
const evaluateReviews = (tx: DecisionReader, of: PublishedStep, { hasActivity }: Pick<Pull, "hasActivity">): HeadVerdict => {
  const needed = of.queue.landingTerms?.requiredReviews ?? 0;
  return (hasActivity || needed > 0) && isReadyForReview(tx, of) ? evaluateHeadReviews(tx, of, needed) : { kind: "free" };
};

/** The verdict without reading anything from GitHub. */
const findKnownVerdict = ({ step, planned }: PublishedStep): GateVerdict => {
  if (isHeldByPerson(step) && step.refusal) return toHeldVerdict(step.refusal);
  return planned.checkpoint ? toHeldVerdict(step.refusal ?? NO_APPROVAL_REFUSAL) : UNREAD_FREE_VERDICT;
};

/** Whether the reviews may contain an unread request for changes: it is answered even if something else keeps the step from landing. */
const hasUnreadReview = (tx: LedgerReader, step: Step): boolean =>
  (step.pull !== null && tx.isReportedReviewed(step.pull)) ||
  (isHeldByPerson(step) && step.unreadActivity !== undefined && tx.reportedActivity().has("kept"));

const isGateDue = (tx: LedgerReader, of: PublishedStep): boolean =>
  isHeldByPerson(of.step) ? tx.reportedActivity().size > 0 : tx.reportedActivity().has("pulls") || isReadyForReview(tx, of);

/**
 * Whether the pull request was opened moments ago and has no reported activity. Webhooks arrive within seconds, so new pull requests need
 * no listing.
 */
const isNewPull = (tx: LedgerReader, { execution, step }: PublishedStep): boolean => {
  const opened = tx.effectRecord(`open-pull:${toTaskId(execution.id, step.id)}`)?.at ?? 0;
  const said = tx.reportedActivity();
  return (
    !isHeldByPerson(step) && step.unreadActivity !== "pulls" && tx.now < opened + NEW_PULL_MS && !said.has("pulls") && !said.has("kept")
  );
};

/** Evaluates the reviews of a checkpoint. */
const evaluateApproval = (tx: DecisionReader, of: PublishedStep): HeadVerdict => {
  const opened = tx.effectRecord(`open-pull:${toTaskId(of.execution.id, of.step.id)}`)?.at ?? 0;
  const isSaid = tx.reportedActivity().has("reviews") || of.step.unreadActivity === "reviews";
  if (!isNewPull(tx, of) || isSaid) return evaluateHeadReviews(tx, of, Math.max(1, of.queue.landingTerms?.requiredReviews ?? 0));
  // A process that ends relies on the review's event and on the next listing.
  if (!tx.snapshot.endsWhenIdle) tx.wakeAt(opened + NEW_PULL_MS);
  return { kind: "held", refusal: UNAPPROVED_REFUSAL };
};

/** Whether people's reviews count now. A checkpoint is reviewed once its head passed verification; other heads right before they land. */
const isReadyForReview = (tx: LedgerReader, { execution, step, planned, queue }: PublishedStep): boolean => {
  const task = toTaskId(execution.id, step.id);
  const isIt = (each: { task: string; head: string }): boolean => each.task === task && each.head === step.head?.sha;
  // A step in GitHub's merge queue may land at any moment, wherever the base is.
  if (isHeldByPerson(step) || isInMergeQueue(queue, task)) return true;
  if (planned.checkpoint) return queue.items.some((item) => isIt(item) && item.passedBefore);
  return isInGreenCandidate(tx, { execution, step, queue });
};

const isInGreenCandidate = (tx: LedgerReader, { execution, step, queue }: Omit<PublishedStep, "planned">): boolean => {
  const [task, tip] = [toTaskId(execution.id, step.id), tx.baseTip(execution.baseBranch)];
  return queue.candidates.some(
    (each) => each.onto === tip && isGreen(each) && each.items.some((item) => item.task === task && item.head === step.head?.sha),
  );
};

/** Whether the head may land with this decision. */
const isAboutToLand = (tx: LedgerReader, of: PublishedStep): boolean =>
  isInGreenCandidate(tx, of) || isInMergeQueue(of.queue, toTaskId(of.execution.id, of.step.id));

/** A pull request in GitHub's list; null if the list lacks it. */
const findListedPull = (tx: DecisionReader, wanted: number | null): Known<Pull | null> =>
  mapKnown(tx.readFact<"pulls">({ kind: "pulls" }), (pulls) => pulls.find(({ number }) => number === wanted) ?? null);

const awaitPullListing = (tx: DecisionReader): GateVerdict => {
  tx.wakeAt(tx.now + PULL_LIST_LAG_MS);
  return toHeldVerdict(UNSEEN_PULL_REFUSAL);
};

/** Why the pull request's state keeps its work from landing; null if nothing does. */
const findPullHold = (tx: LedgerReader, { execution, step }: PublishedStep, pull: Pull): Refusal | null => {
  const at = `#${pull.number}`;
  const cancel = `/enki cancel ${toTaskId(execution.id, step.id)}`;
  if (pull.baseBranch !== execution.baseBranch)
    return refuseOtherBase(at, { pull: pull.baseBranch, execution: execution.baseBranch }, cancel);
  if (pull.state !== "open") return refusePullClosedByPerson(at, cancel);
  if (pull.draft) return refuseDraft(at);
  const holds = tx.snapshot.config.refinery.hold.map((label) => label.toLowerCase());
  const label = pull.labels.find((each) => holds.includes(each.toLowerCase()));
  return label === undefined ? null : refuseHeldLabel(at, label.replaceAll("`", "'"));
};

/** A pull request that a person merged: its head has landed and is not landed again. A newer head gets a new pull request. */
const evaluateMergedPull = ({ execution, step, queue }: PublishedStep, pull: Pull): GateVerdict => {
  if (isInMergeQueue(queue, toTaskId(execution.id, step.id))) return UNREAD_FREE_VERDICT;
  return pull.head === step.head?.sha ? { kind: "merged", how: `#${pull.number}` } : { kind: "merged-earlier" };
};

/** The verdict after people's commands were read again, if the head may land now. */
const checkApprovalBeforeLanding = (tx: DecisionReader, of: PublishedStep, word: HeadVerdict): Known<HeadVerdict> => {
  if (!isAboutToLand(tx, of)) return word;
  const plan = checkPlanApproval(tx, of.execution);
  const gone = plan === null ? checkStepDecisions(tx, of.execution, of.step.id) : plan;
  return mapKnown(gone, (refusal) => (refusal === null ? word : { kind: "held", refusal }));
};

/** The gate's verdict by reviews that were read: work that may land now needs the approval of its plan once more. */
const toGateVerdict = (tx: DecisionReader, of: PublishedStep, reviewed: HeadVerdict): GateVerdict => {
  const word = reviewed.kind === "free" ? checkApprovalBeforeLanding(tx, of, reviewed) : reviewed;
  if (word === UNKNOWN) return toHeldVerdict(UNSEEN_PULL_REFUSAL);
  if (word.kind === "held") return { kind: "hold", refusal: word.refusal };
  return word.kind === "free" ? { ...word, wasRead: true } : word;
};
