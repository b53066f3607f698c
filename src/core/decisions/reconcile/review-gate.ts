import { hold, land, release, requestChanges } from "../../domain/step-lifecycle.ts";
import type { Execution } from "../../domain/execution.ts";
import { toTaskId } from "../../domain/ids.ts";
import type { PlannedStep } from "../../domain/plan.ts";
import type { Pull } from "../../domain/github-facts.ts";
import { isGreen, type Queue } from "../../domain/queue.ts";
import { refuse, type Refusal } from "../../domain/refusal.ts";
import { isHeldByPerson, type Step } from "../../domain/step.ts";
import type { DecisionTransaction } from "../decision-transaction.ts";
import { askReviews, askRework, unapproved, type Word } from "./reviews.ts";

export type Published = { readonly execution: Execution; readonly step: Step; readonly planned: PlannedStep; readonly queue: Queue };

/**
 * `free`: may land. `held`: may not land now, with the reason. `opening`: has no pull request yet. `gone`: no longer an entrant, because it
 * landed by hand or is done again.
 */
export type Said =
  | { readonly kind: "free" }
  | { readonly kind: "held"; readonly why: Refusal }
  | { readonly kind: "opening" }
  | { readonly kind: "gone" };

/** Whether the step's pull request is in GitHub's merge queue, as far as is known. */
export const isQueued = ({ landing }: Queue, task: string): boolean =>
  landing?.mode === "queue" && landing.candidate.items.some((item) => item.task === task);

const FREE: Said = { kind: "free" };
/** Without a pull request no one could object yet, so the head is verified with the others. */
const OPENING: Said = { kind: "opening" };
const held = (why: Refusal): Said => ({ kind: "held", why });

const unseen = refuse("pull-unseen", "GitHub does not list its pull request yet.").refusal;
const paused = refuse("paused", "Its execution is paused.").refusal;
/** Milliseconds after which GitHub lists a new pull request at the latest. */
const LIST_LAG = 10_000;
/** Milliseconds for which a pull request counts as new. */
const NEW = 30_000;

/**
 * Evaluates what people did on the pull request of a published head. Reviews and labels are read from GitHub right before a landing and
 * after reported activity: nothing stored in the ledger opens the gate.
 */
export const hear = (tx: DecisionTransaction, of: Published): Said => {
  const { execution, step } = of;
  if (step.pull === null) return OPENING;
  if (execution.state === "paused") return held(paused);
  const rework = isReviewed(tx, step) ? askRework(tx, of) : null;
  if (rework) return settle(tx, of, rework);
  return isDue(tx, of) ? hearAll(tx, of) : unheard(of);
};

/** Evaluates reviews first, and the pull request's state only if that justifies another request. */
const hearAll = (tx: DecisionTransaction, of: Published): Said => {
  const { step, planned } = of;
  // One request finds a missing approval; only heads that could land justify more.
  const word = isLookedAt(tx, of) && planned.checkpoint ? approvalOf(tx, of) : null;
  if (word !== null && word.kind !== "free") return settle(tx, of, word);
  if (isNew(tx, of) && (word !== null || !planned.checkpoint))
    return settle(tx, of, word ?? reviewsOf(tx, of, { hasActivity: step.unreadActivity === "reviews" }));
  return read(tx, of, word);
};

/** Evaluates the pull request's state, and its reviews if there was activity. */
const read = (tx: DecisionTransaction, of: Published, word: Word | null): Said => {
  const { execution, step, planned } = of;
  const pulls = tx.readFact<"pulls">({ kind: "pulls" });
  if (!pulls) return held(unseen);
  const pull = pulls.find(({ number }) => number === step.pull);
  if (!pull) return later(tx);
  if (pull.state === "merged" && pull.baseBranch === execution.baseBranch) return merged(tx, of, pull);
  const why = standing(tx, of, pull);
  if (why) return settle(tx, of, { kind: "held", why });
  if (word === null && planned.checkpoint) return unheard(of);
  return settle(tx, of, word ?? reviewsOf(tx, of, pull));
};

/** The reviews of a step that is no checkpoint count if rules require reviews or there was activity. */
const reviewsOf = (tx: DecisionTransaction, of: Published, { hasActivity }: Pick<Pull, "hasActivity">): Word => {
  const needed = of.queue.landingTerms?.requiredReviews ?? 0;
  return (hasActivity || needed > 0) && isLookedAt(tx, of) ? askReviews(tx, of, needed) : { kind: "free" };
};

/** The verdict without reading anything from GitHub. */
const unheard = ({ step, planned }: Published): Said => {
  if (isHeldByPerson(step) && step.refusal) return held(step.refusal);
  return planned.checkpoint ? held(step.refusal ?? refuse("checkpoint", "Nobody has approved this head yet.").refusal) : FREE;
};

/** Whether the reviews may contain an unread request for changes: it is answered even if something else keeps the step from landing. */
const isReviewed = (tx: DecisionTransaction, step: Step): boolean =>
  (step.pull !== null && tx.isReportedReviewed(step.pull)) ||
  (isHeldByPerson(step) && step.unreadActivity !== undefined && tx.reportedActivity().has("kept"));

const isDue = (tx: DecisionTransaction, of: Published): boolean =>
  isHeldByPerson(of.step) ? tx.reportedActivity().size > 0 : tx.reportedActivity().has("pulls") || isLookedAt(tx, of);

/**
 * Whether the pull request was opened moments ago and has no reported activity. Webhooks arrive within seconds, so new pull requests need
 * no listing.
 */
const isNew = (tx: DecisionTransaction, { execution, step }: Published): boolean => {
  const opened = tx.effectRecord(`open-pull:${toTaskId(execution.id, step.id)}`)?.at ?? 0;
  const said = tx.reportedActivity();
  return !isHeldByPerson(step) && step.unreadActivity !== "pulls" && tx.now < opened + NEW && !said.has("pulls") && !said.has("kept");
};

/** Evaluates the reviews of a checkpoint. */
const approvalOf = (tx: DecisionTransaction, of: Published): Word => {
  const opened = tx.effectRecord(`open-pull:${toTaskId(of.execution.id, of.step.id)}`)?.at ?? 0;
  const isSaid = tx.reportedActivity().has("reviews") || of.step.unreadActivity === "reviews";
  if (!isNew(tx, of) || isSaid) return askReviews(tx, of, Math.max(1, of.queue.landingTerms?.requiredReviews ?? 0));
  tx.wakeAt(opened + NEW);
  return { kind: "held", why: unapproved };
};

/** Whether people's reviews count now. A checkpoint is reviewed once its head passed verification; other heads right before they land. */
const isLookedAt = (tx: DecisionTransaction, { execution, step, planned, queue }: Published): boolean => {
  const task = toTaskId(execution.id, step.id);
  const isIt = (each: { task: string; head: string }): boolean => each.task === task && each.head === step.head?.sha;
  const tip = tx.baseTip(execution.baseBranch);
  // A step in GitHub's merge queue may land at any moment, wherever the base is.
  if (isHeldByPerson(step) || isQueued(queue, task)) return true;
  if (planned.checkpoint) return queue.items.some((item) => isIt(item) && item.passedBefore);
  return queue.candidates.some((each) => each.onto === tip && isGreen(each) && each.items.some((item) => isIt(item)));
};

const later = (tx: DecisionTransaction): Said => {
  tx.wakeAt(tx.now + LIST_LAG);
  return held(unseen);
};

/** Why the pull request's state keeps its work from landing; null if nothing does. */
const standing = (tx: DecisionTransaction, { execution, step }: Published, pull: Pull): Refusal | null => {
  const at = `#${pull.number}`;
  const cancel = `/enki cancel ${toTaskId(execution.id, step.id)}`;
  if (pull.baseBranch !== execution.baseBranch)
    return refuse(
      "retargeted",
      `A person pointed ${at} to \`${pull.baseBranch}\`: it lands no more on \`${execution.baseBranch}\`.`,
      cancel,
    ).refusal;
  if (pull.state !== "open")
    return refuse("pull-closed", `A person closed ${at}: its work is held until that is opened again.`, cancel).refusal;
  if (pull.draft) return refuse("draft", `${at} is a draft.`, at).refusal;
  const holds = tx.snapshot.config.refinery.hold.map((label) => label.toLowerCase());
  const label = pull.labels.find((each) => holds.includes(each.toLowerCase()));
  return label === undefined ? null : refuse("hold", `${at} has the label \`${label.replaceAll("`", "'")}\`.`, at).refusal;
};

/** Handles a pull request that a person merged: its head has landed and is not landed again. A newer head gets a new pull request. */
const merged = (tx: DecisionTransaction, of: Published, pull: Pull): Said => {
  const { execution, step } = of;
  if (isQueued(of.queue, toTaskId(execution.id, step.id))) return FREE;
  if (pull.head === step.head?.sha) return byHand(tx, of, `#${pull.number}`);
  tx.deleteEffectRecord(`open-pull:${toTaskId(execution.id, step.id)}`);
  tx.putStep(execution.id, { ...step, pull: null });
  return OPENING;
};

/** Records that a person landed a step: the base contains its head, or its pull request was merged, perhaps as other commits. */
export const byHand = (tx: DecisionTransaction, { execution, step }: Pick<Published, "execution" | "step">, how: string): Said => {
  const commit = tx.baseTip(execution.baseBranch);
  if (commit === null || !step.head) return { kind: "gone" };
  const whole = tx.readFact<"contains">({ kind: "contains", commit: step.head.sha, tip: commit });
  const landed = { commit, at: tx.now, ...(whole === false && { rewritten: true as const }) };
  tx.putStep(execution.id, land(step, landed));
  tx.note(`${toTaskId(execution.id, step.id)} landed by hand: ${how}`);
  return { kind: "gone" };
};

/** Applies a verdict to the step: holds it with a reason, releases it, or requests changes. */
const settle = (tx: DecisionTransaction, { execution, step }: Published, word: Word): Said => {
  const task = toTaskId(execution.id, step.id);
  if (word.kind === "rework") {
    tx.putStep(execution.id, requestChanges(step, word.review));
    tx.note(`${task}: changes requested by ${word.by}`);
    return { kind: "gone" };
  }
  if (word.kind === "free") {
    if (step.state === "waiting") tx.putStep(execution.id, release(step));
    if (word.by !== undefined) tx.note(`${task}: approved by ${word.by}`);
    return FREE;
  }
  if (step.state !== "waiting" || step.refusal?.code !== word.why.code) {
    const next = word.why.next === "" ? `#${step.pull}` : word.why.next;
    tx.putStep(execution.id, hold(step, { ...word.why, next }, tx.now));
    tx.note(`${task} is held at ${(step.head?.sha ?? "").slice(0, 12)}: ${word.why.code}`);
  }
  return held(word.why);
};
