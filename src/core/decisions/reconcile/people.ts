import { hold, land, release, requestChanges } from "../../domain/step-lifecycle.ts";
import type { Execution } from "../../domain/execution.ts";
import { toTaskId } from "../../domain/ids.ts";
import type { PlannedStep } from "../../domain/plan.ts";
import type { Pull } from "../../domain/github-facts.ts";
import { isGreen, type Queue } from "../../domain/queue.ts";
import { refuse, type Refusal } from "../../domain/refusal.ts";
import { isHeldByPerson, type Step } from "../../domain/step.ts";
import type { Draft } from "../draft.ts";
import { askReviews, askRework, unapproved, type Word } from "./reviews.ts";

export type Published = { readonly execution: Execution; readonly step: Step; readonly planned: PlannedStep; readonly queue: Queue };

/** `free`: nobody minds. `held`: not now, and why. `opening`: it has no pull request yet. `gone`: it landed by hand or is done again: it is no entrant any more. */
export type Said =
  | { readonly kind: "free" }
  | { readonly kind: "held"; readonly why: Refusal }
  | { readonly kind: "opening" }
  | { readonly kind: "gone" };

/** True for a step whose pull request is in GitHub's merge queue, as far as we know. */
export const isQueued = ({ landing }: Queue, task: string): boolean =>
  landing?.mode === "queue" && landing.candidate.items.some((item) => item.task === task);

const FREE: Said = { kind: "free" };
/** Nobody could say anything yet: it is verified with the rest meanwhile. */
const OPENING: Said = { kind: "opening" };
const held = (why: Refusal): Said => ({ kind: "held", why });

const unseen = refuse("pull-unseen", "GitHub does not list its pull request yet.").refusal;
const paused = refuse("paused", "Its execution is paused.").refusal;
/** A pull request that was just opened may be listed later; milliseconds. */
const LIST_LAG = 10_000;
/** How long a pull request is new, in milliseconds. */
const NEW = 30_000;

/**
 * What people said on the pull request of a published head. It is read from GitHub right before the head would land,
 * and when somebody is said to have done something there: nothing in the ledger opens a gate.
 */
export const hear = (draft: Draft, of: Published): Said => {
  const { execution, step } = of;
  if (step.pull === null) return OPENING;
  if (execution.state === "paused") return held(paused);
  const rework = isReviewed(draft, step) ? askRework(draft, of) : null;
  if (rework) return settle(draft, of, rework);
  return isDue(draft, of) ? hearAll(draft, of) : unheard(of);
};

/** All that people said on a pull request, as far as it is worth a request. */
const hearAll = (draft: Draft, of: Published): Said => {
  const { step, planned } = of;
  // An approval that is missing is found with one request; only what may land then is worth another.
  const word = isLookedAt(draft, of) && planned.checkpoint ? approvalOf(draft, of) : null;
  if (word !== null && word.kind !== "free") return settle(draft, of, word);
  if (isNew(draft, of) && (word !== null || !planned.checkpoint))
    return settle(draft, of, word ?? reviewsOf(draft, of, { hasActivity: step.unreadActivity === "reviews" }));
  return read(draft, of, word);
};

/** What the pull request says as it stands, and the reviews of one that somebody touched. */
const read = (draft: Draft, of: Published, word: Word | null): Said => {
  const { execution, step, planned } = of;
  const pulls = draft.ask<"pulls">({ kind: "pulls" });
  if (!pulls) return held(unseen);
  const pull = pulls.find(({ number }) => number === step.pull);
  if (!pull) return later(draft);
  if (pull.state === "merged" && pull.baseBranch === execution.baseBranch) return merged(draft, of, pull);
  const why = standing(draft, of, pull);
  if (why) return settle(draft, of, { kind: "held", why });
  if (word === null && planned.checkpoint) return unheard(of);
  return settle(draft, of, word ?? reviewsOf(draft, of, pull));
};

/** Of what is no checkpoint reviews count that the rules ask for, or that there may be. */
const reviewsOf = (draft: Draft, of: Published, { hasActivity }: Pick<Pull, "hasActivity">): Word => {
  const needed = of.queue.landingTerms?.requiredReviews ?? 0;
  return (hasActivity || needed > 0) && isLookedAt(draft, of) ? askReviews(draft, of, needed) : { kind: "free" };
};

/** What holds while nobody asks. */
const unheard = ({ step, planned }: Published): Said => {
  if (isHeldByPerson(step) && step.refusal) return held(step.refusal);
  return planned.checkpoint ? held(step.refusal ?? refuse("checkpoint", "Nobody has approved this head yet.").refusal) : FREE;
};

/** True where its reviews may hold a request for changes that nobody has looked at: whatever keeps it from landing does not keep that from being answered. */
const isReviewed = (draft: Draft, step: Step): boolean =>
  (step.pull !== null && draft.saidReviewed(step.pull)) ||
  (isHeldByPerson(step) && step.unreadActivity !== undefined && draft.saidOfPeople().has("kept"));

const isDue = (draft: Draft, of: Published): boolean =>
  isHeldByPerson(of.step) ? draft.saidOfPeople().size > 0 : draft.saidOfPeople().has("pulls") || isLookedAt(draft, of);

/** True for a pull request that we opened a moment ago and that nobody told of since: what people do to one is told within seconds, and a story of short steps need not list them all each time. */
const isNew = (draft: Draft, { execution, step }: Published): boolean => {
  const opened = draft.trace(`open-pull:${toTaskId(execution.id, step.id)}`)?.at ?? 0;
  const said = draft.saidOfPeople();
  return !isHeldByPerson(step) && step.unreadActivity !== "pulls" && draft.now < opened + NEW && !said.has("pulls") && !said.has("kept");
};

/** The reviews of a checkpoint. */
const approvalOf = (draft: Draft, of: Published): Word => {
  const opened = draft.trace(`open-pull:${toTaskId(of.execution.id, of.step.id)}`)?.at ?? 0;
  const isSaid = draft.saidOfPeople().has("reviews") || of.step.unreadActivity === "reviews";
  if (!isNew(draft, of) || isSaid) return askReviews(draft, of, Math.max(1, of.queue.landingTerms?.requiredReviews ?? 0));
  draft.wake(opened + NEW);
  return { kind: "held", why: unapproved };
};

/** True once this head was part of a green candidate: a person reviews what works, and others are asked right before they land. */
const isLookedAt = (draft: Draft, { execution, step, planned, queue }: Published): boolean => {
  const task = toTaskId(execution.id, step.id);
  const isIt = (each: { task: string; head: string }): boolean => each.task === task && each.head === step.head?.sha;
  const tip = draft.base(execution.baseBranch);
  // In GitHub's merge queue it may land at any moment, wherever the base is.
  if (isHeldByPerson(step) || isQueued(queue, task)) return true;
  if (planned.checkpoint) return queue.items.some((item) => isIt(item) && item.passedBefore);
  return queue.candidates.some((each) => each.onto === tip && isGreen(each) && each.items.some((item) => isIt(item)));
};

const later = (draft: Draft): Said => {
  draft.wake(draft.now + LIST_LAG);
  return held(unseen);
};

/** Why a pull request as it stands keeps its work from landing; null where it does not. */
const standing = (draft: Draft, { execution, step }: Published, pull: Pull): Refusal | null => {
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
  const holds = draft.snapshot.config.refinery.hold.map((label) => label.toLowerCase());
  const label = pull.labels.find((each) => holds.includes(each.toLowerCase()));
  return label === undefined ? null : refuse("hold", `${at} has the label \`${label.replaceAll("`", "'")}\`.`, at).refusal;
};

/** Merged by a person, in whatever style: it landed, and is not landed again. A head that came after that gets a pull request of its own. */
const merged = (draft: Draft, of: Published, pull: Pull): Said => {
  const { execution, step } = of;
  if (isQueued(of.queue, toTaskId(execution.id, step.id))) return FREE;
  if (pull.head === step.head?.sha) return byHand(draft, of, `#${pull.number}`);
  draft.dropTrace(`open-pull:${toTaskId(execution.id, step.id)}`);
  draft.putStep(execution.id, { ...step, pull: null });
  return OPENING;
};

/** Takes a step down as landed by a person: its head is in the base, or its pull request reads merged: in other commits, perhaps. */
export const byHand = (draft: Draft, { execution, step }: Pick<Published, "execution" | "step">, how: string): Said => {
  const commit = draft.base(execution.baseBranch);
  if (commit === null || !step.head) return { kind: "gone" };
  const whole = draft.ask<"contains">({ kind: "contains", commit: step.head.sha, tip: commit });
  const landed = { commit, at: draft.now, ...(whole === false && { rewritten: true as const }) };
  draft.putStep(execution.id, land(step, landed));
  draft.note(`${toTaskId(execution.id, step.id)} landed by hand: ${how}`);
  return { kind: "gone" };
};

/** Writes down what a person has to know, and until when; what nobody minds any more goes on. */
const settle = (draft: Draft, { execution, step }: Published, word: Word): Said => {
  const task = toTaskId(execution.id, step.id);
  if (word.kind === "rework") {
    draft.putStep(execution.id, requestChanges(step, word.review));
    draft.note(`${task}: changes requested by ${word.by}`);
    return { kind: "gone" };
  }
  if (word.kind === "free") {
    if (step.state === "waiting") draft.putStep(execution.id, release(step));
    if (word.by !== undefined) draft.note(`${task}: approved by ${word.by}`);
    return FREE;
  }
  if (step.state !== "waiting" || step.refusal?.code !== word.why.code) {
    const next = word.why.next === "" ? `#${step.pull}` : word.why.next;
    draft.putStep(execution.id, hold(step, { ...word.why, next }, draft.now));
    draft.note(`${task} is held at ${(step.head?.sha ?? "").slice(0, 12)}: ${word.why.code}`);
  }
  return held(word.why);
};
