import { refuseQueueRejection } from "../../messages/refusals/queues.ts";
import type { Effect } from "../../domain/effect.ts";
import type { BranchName } from "../../domain/ids.ts";
import type { MergeQueuePosition } from "../../domain/github-facts.ts";
import type { Landing } from "../../domain/queue.ts";
import { recordRemoval } from "../../domain/queue-item-lifecycle.ts";
import { applyLanding } from "../../refinery/apply-landing.ts";
import { describeRemoval } from "../../messages/landing-words.ts";
import { failStep } from "../apply/fail-step.ts";
import { toRetryCommand } from "../../domain/queued-pull.ts";
import type { StepWriter, QueueWriter, EffectWriter } from "../decision-transaction.ts";
import { landSteps, areOwnChecksReported, reportOwnChecks } from "../landings.ts";
import { abandonLanding, toLandingHead, mayStillLand, findLandingPull, withoutLanding } from "./abandon-landing.ts";
import { MINUTE_MS } from "../../domain/durations.ts";
import { findStep } from "../find-step.ts";
import { UNKNOWN } from "../../domain/known.ts";

/** Milliseconds between two reads of GitHub's merge queue if no event reports a change. */
const QUEUE_POLL_MS = 15_000;
/** Milliseconds after which an entry without a merge counts as removed: GitHub removes entries shortly before the merge is visible. */
const REMOVAL_PAUSE_MS = 10_000;
const ENQUEUE_PAUSE_MS = 2_000;
/** Milliseconds between two reads of the checks required by GitHub before a pull request enters the queue. */
const ENQUEUE_CHECK_PAUSE_MS = MINUTE_MS;

type QueuedLanding = { readonly base: BranchName; readonly landing: Landing; readonly pull: number };

/** Puts a pull request into GitHub's merge queue and follows the entry until it is merged or removed. */
export const reconcileQueuedLanding = (tx: StepWriter & QueueWriter & EffectWriter, base: BranchName, landing: Landing): void => {
  const pull = findLandingPull(tx, landing);
  if (pull === null) return abandonLanding(tx, base, { reason: "it has no pull request", pauseMs: ENQUEUE_PAUSE_MS });
  const of = { base, landing, pull };
  const trace = tx.effectRecord(toQueueKeys(of).enqueue);
  if (trace?.refused) return handleEnqueueRefusal(tx, of, trace.refused);
  if (trace && trace.digest !== null) return applyQueueEntry(tx, of);
  // A requested entry may be queued despite later changes, so its position is read first.
  if (trace === undefined && !mayStillLand(tx, base, landing))
    return abandonLanding(tx, base, { reason: "it may no longer land", pauseMs: 0 });
  const head = toLandingHead(landing);
  if (trace === undefined) {
    const target = { base, candidate: landing.candidate, commit: head };
    reportOwnChecks(tx, tx.queue(base), target);
    if (!areOwnChecksReported(tx, tx.queue(base), target)) return;
  }
  tx.requestEffect({ kind: "enqueue-pull", key: toQueueKeys(of).enqueue, pull, head });
};

const toQueueKeys = ({ landing, pull }: Pick<QueuedLanding, "landing" | "pull">) => {
  const name = `${pull}@${toLandingHead(landing).slice(0, 12)}` as const;
  return { enqueue: `enqueue-pull:${name}` as const, dequeue: `dequeue-pull:${name}` as const };
};

const applyQueueEntry = (tx: StepWriter & QueueWriter & EffectWriter, of: QueuedLanding): void => {
  const entry = tx.readFact<"queue-entry">({ kind: "queue-entry", pull: of.pull });
  if (entry === UNKNOWN) return;
  switch (entry.kind) {
    case "merged":
      return applyQueueMerge(tx, of, entry.commit);
    case "queued":
      return awaitQueueMerge(tx, of, entry);
    case "out":
      return handleQueueRemoval(tx, of, entry.reason);
    case "unknown":
      return tx.wakeAt(tx.now + QUEUE_POLL_MS);
  }
};

/** Reports Enki's own checks on the merge group while the entry is queued, and removes the entry if the step may no longer land. */
const awaitQueueMerge = (
  tx: QueueWriter & EffectWriter,
  of: QueuedLanding,
  { group }: Extract<MergeQueuePosition, { kind: "queued" }>,
): void => {
  const { base, landing, pull } = of;
  tx.wakeAt(tx.now + QUEUE_POLL_MS);
  if (landing.removedSince !== undefined) tx.recordQueue(base, { ...tx.queue(base), landing: withoutRemovedSince(landing) });
  if (!mayStillLand(tx, base, landing)) {
    const effect: Effect = { kind: "dequeue-pull", key: toQueueKeys(of).dequeue, pull };
    return tx.requestEffect(effect);
  }
  if (group !== null) reportOwnChecks(tx, tx.queue(base), { base, candidate: landing.candidate, commit: group });
};

const withoutRemovedSince = (landing: Landing): Landing => {
  const { removedSince: _, ...rest } = landing;
  return rest;
};

/** Records the merge. The queue made and verified its own commit, so there is nothing to compare. */
const applyQueueMerge = (tx: StepWriter & QueueWriter & EffectWriter, of: QueuedLanding, commit: string): void => {
  const { base, landing } = of;
  const { candidate } = landing;
  const tip = tx.baseTip(base);
  if (tip === null) return;
  const isThere = tx.readFact<"contains">({ kind: "contains", commit, tip });
  const whole = tx.readFact<"contains">({ kind: "contains", commit: toLandingHead(landing), tip });
  if (isThere === UNKNOWN || whole === UNKNOWN) return;
  // GitHub reports a merge before git shows the commit.
  if (!isThere) return tx.wakeAt(tx.now + ENQUEUE_PAUSE_MS);
  const before = withoutLanding(tx.queue(base));
  dropQueueRecords(tx, of);
  landSteps(tx, base, { candidate, policy: landing.policy, commit, isVerified: true, ...(!whole && { method: "squash" as const }) });
  tx.putQueue(base, applyLanding(before, { ...candidate, commit }));
};

const dropQueueRecords = (tx: EffectWriter, of: QueuedLanding): void => {
  tx.deleteEffectRecord(toQueueKeys(of).enqueue);
  tx.deleteEffectRecord(toQueueKeys(of).dequeue);
};

/**
 * Handles an entry that was removed without a merge: retries as often as red runs are retried, then fails the step with GitHub's reason.
 */
const handleQueueRemoval = (tx: StepWriter & QueueWriter & EffectWriter, of: QueuedLanding, reason: string | null): void => {
  const { base, landing, pull } = of;
  const out = landing.removedSince ?? tx.now;
  if (tx.now < out + REMOVAL_PAUSE_MS) {
    if (landing.removedSince === undefined) tx.putQueue(base, { ...tx.queue(base), landing: { ...landing, removedSince: out } });
    return tx.wakeAt(out + REMOVAL_PAUSE_MS);
  }
  const may = mayStillLand(tx, base, landing);
  dropQueueRecords(tx, of);
  abandonLanding(tx, base, { reason: `GitHub's merge queue removed #${pull}: ${reason ?? "no reason"}`, pauseMs: ENQUEUE_PAUSE_MS });
  if (may) recordQueueRemoval(tx, of, reason);
};

const recordQueueRemoval = (tx: StepWriter & QueueWriter, { base, landing, pull }: QueuedLanding, reason: string | null): void => {
  const queue = tx.queue(base);
  const item = queue.items.find(({ task, head }) => landing.candidate.items.some((each) => each.task === task && each.head === head));
  const found = item && findStep(tx, item.task);
  if (!item || !found) return;
  const next = toRetryCommand(found.execution, item.task);
  const fail = (code: string, why: string): void => failStep(tx, { ...found, refusal: { code, message: why, next }, log: "" });
  if (reason?.toUpperCase() === "MANUAL") return fail("dequeued", `A person removed #${pull} from GitHub's merge queue.`);
  const removed = (item.removals ?? 0) + 1;
  if (removed <= tx.snapshot.config.refinery.retries) {
    const items = queue.items.map((each) => (each === item ? recordRemoval(each) : each));
    return tx.putQueue(base, { ...queue, items });
  }
  const times = removed > 1 ? ` ${removed} times` : "";
  fail("queue-rejected", `GitHub's merge queue removed #${pull}${times}: ${describeRemoval(reason)}.`);
};

/** Handles a refusal: the head moved, checks of the head are not green yet, or a rule forbids the merge. */
const handleEnqueueRefusal = (
  tx: QueueWriter & EffectWriter,
  of: QueuedLanding,
  { code, reason: why }: { readonly code: string; readonly reason: string },
): void => {
  const { base } = of;
  dropQueueRecords(tx, of);
  const isEarly = /status check|expected|in progress|unstable/i.test(why);
  abandonLanding(tx, base, { reason: why, pauseMs: isEarly ? ENQUEUE_CHECK_PAUSE_MS : ENQUEUE_PAUSE_MS });
  if (isEarly || code === "conflict" || /head branch was modified|head sha/i.test(why)) return;
  const frozen = refuseQueueRejection(of.pull, why);
  tx.putQueue(base, { ...tx.queue(base), frozen, landingRefusedAt: tx.now });
};
