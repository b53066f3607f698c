import { refuseDeniedLanding, refuseOtherTree } from "../../messages/refusals/queues.ts";
import type { Effect } from "../../domain/effect.ts";
import type { BranchName, Sha } from "../../domain/ids.ts";
import type { MergeMethod } from "../../domain/github-facts.ts";
import type { Incident, Landing } from "../../domain/queue.ts";
import { toRetryCommand } from "../../domain/queued-pull.ts";
import { toBranchRef } from "../../domain/refs.ts";
import { UNLANDABLE_CODES } from "../../policy/landing-mode.ts";
import { applyLanding } from "../../refinery/apply-landing.ts";
import { renderBatchBody, renderBatchTitle, renderRevertBody, renderRevertMessage, renderRevertTitle } from "../../messages/pull-text.ts";
import { failStep } from "../apply/fail-step.ts";
import type { DecisionTransaction, StepWriter, QueueWriter, RefWriter, EffectWriter } from "../decision-transaction.ts";
import { requestMerge } from "./request-merge.ts";
import { abandonLanding, toLandingHead, mayStillLand, toMergeKey, findLandingPull, withoutLanding } from "./abandon-landing.ts";
import { reconcileQueuedLanding } from "./github-merge-queue.ts";
import { toBatchBranch, toBatchRef, landSteps, toRevertBranch, toSidePullKey, reportReusedVerdict } from "../landings.ts";
import { MINUTE_MS } from "../../domain/durations.ts";
import { findStep } from "../find-step.ts";
import { UNKNOWN } from "../../domain/known.ts";

/** GitHub may report a moved base this many times in a row before the landing is abandoned. */
const MAX_MERGE_TRIES = 5;
/** Milliseconds between two attempts, and until a ref that GitHub moved is read again. */
const MERGE_PAUSE_MS = 2_000;
/** Milliseconds between two reads of checks that GitHub waits for. */
const MERGE_CHECK_PAUSE_MS = MINUTE_MS;
/** Milliseconds until a landing that a rule refused is attempted again. */
const RULE_RECHECK_MS = 15 * MINUTE_MS;

/** Applies merges by GitHub: finds the merge commit on the base and compares its tree with the verified one. */
export const reconcileConfirmedMerges = (tx: StepWriter & QueueWriter & EffectWriter): void => {
  for (const base of Object.keys(tx.ledger().queues)) {
    const { landing } = tx.queue(base);
    const tip = tx.baseTip(base);
    if (landing?.mode === "queue") reconcileQueuedLanding(tx, base, landing);
    else if (landing && tip !== null && tip !== landing.candidate.onto) confirmMerge(tx, base, { landing, tip });
  }
};

/** Asks GitHub to merge the recorded landing, and proposes a revert of a merge that differs from the verified candidate. */
export const reconcileRequestedMerges = (tx: DecisionTransaction): void => {
  for (const base of Object.keys(tx.ledger().queues)) {
    const queue = tx.queue(base);
    if (queue.landing && queue.landing.mode !== "queue" && tx.baseTip(base) === queue.landing.candidate.onto)
      requestLandingMerge(tx, base, queue.landing);
    if (tx.queue(base).incident) prepareRevert(tx, base);
    if (queue.frozen && (queue.frozen.code === "landing-refused" || UNLANDABLE_CODES.has(queue.frozen.code))) retryRefusedLanding(tx, base);
  }
};

const confirmMerge = (
  tx: StepWriter & QueueWriter & EffectWriter,
  base: BranchName,
  { landing, tip }: { landing: Landing; tip: Sha },
): void => {
  const { candidate } = landing;
  const { method } = landing;
  const found = tx.readFact<"merge-of">({
    kind: "merge-of",
    head: toLandingHead(landing),
    onto: candidate.onto,
    tip,
    ...(method && { method }),
  });
  if (found === UNKNOWN) return;
  if (found === null) return abandonLanding(tx, base, { reason: "the base moved before GitHub merged", pauseMs: 0 });
  applyMerge(tx, base, { landing, ...found });
};

/** Lands the merged steps. If the merged tree is not the verified one, the base freezes. */
const applyMerge = (
  tx: StepWriter & QueueWriter & EffectWriter,
  base: BranchName,
  { landing, commit, tree }: { landing: Landing; commit: Sha; tree: Sha },
): void => {
  const { candidate } = landing;
  const before = withoutLanding(tx.queue(base));
  landSteps(tx, base, { ...landing, commit, isVerified: tree === candidate.tree });
  const after = applyLanding(before, { ...candidate, commit });
  if (tree === candidate.tree) {
    reportReusedVerdict(tx, base, { candidate, commit });
    return tx.putQueue(base, after);
  }
  tx.note(`${base}: ${commit.slice(0, 12)} is not what was verified`);
  const sound = after.greenCommits.filter((each) => each !== commit);
  tx.putQueue(base, {
    ...after,
    greenCommits: sound,
    frozen: refuseOtherTree(base, { merge: commit.slice(0, 12), verified: candidate.commit.slice(0, 12) }),
    incident: { merge: commit, revert: null },
  });
};

/** Asks GitHub to merge, as long as the queue still allows this landing. */
const requestLandingMerge = (tx: DecisionTransaction, base: BranchName, landing: Landing): void => {
  const pull = findLandingPull(tx, landing);
  const trace = tx.effectRecord(toMergeKey(tx, landing));
  if (trace?.refused) return handleMergeRefusal(tx, base, { landing, ...trace.refused });
  // GitHub reported the merge, but git does not show it yet.
  if (trace && trace.digest !== null) return tx.wakeAt(tx.now + MERGE_PAUSE_MS);
  if (trace === undefined && !mayStillLand(tx, base, landing))
    return abandonLanding(tx, base, { reason: "it may no longer land", pauseMs: 0 });
  if (landing.mode === "batch" && pull === null) return openBatchPull(tx, base, landing);
  if (pull === null) return;
  if (landing.attempts > 0 && tx.now < landing.since + landing.attempts * MERGE_PAUSE_MS)
    return tx.wakeAt(landing.since + landing.attempts * MERGE_PAUSE_MS);
  requestMerge(tx, landing, { baseBranch: base, pull, head: toLandingHead(landing), key: toMergeKey(tx, landing) });
};

const openBatchPull = (tx: RefWriter & EffectWriter, base: BranchName, { candidate }: Landing): void => {
  const ref = toBatchRef(candidate.commit);
  if (tx.ref(ref) === null) tx.moveRef(ref, candidate.commit);
  const titled = { title: renderBatchTitle(candidate), body: renderBatchBody(candidate) };
  tx.requestEffect({
    kind: "open-side-pull",
    key: toSidePullKey(candidate.commit),
    head: toBatchBranch(candidate.commit),
    baseBranch: base,
    ...titled,
  });
};

/** Handles GitHub's refusal of a merge: https://docs.github.com/rest/pulls/pulls#merge-a-pull-request */
const handleMergeRefusal = (
  tx: StepWriter & QueueWriter & EffectWriter,
  base: BranchName,
  { landing, code, reason: why }: { landing: Landing; code: string; reason: string },
): void => {
  if (code === "base-moved" && landing.attempts + 1 < MAX_MERGE_TRIES) {
    tx.deleteEffectRecord(toMergeKey(tx, landing));
    const next = { ...landing, attempts: landing.attempts + 1 };
    tx.wakeAt(next.since + next.attempts * MERGE_PAUSE_MS);
    return tx.putQueue(base, { ...tx.queue(base), landing: next });
  }
  const denied = code === "not-mergeable" ? findDeniedMethod(why) : null;
  if (denied) return recordDeniedMethod(tx, base, { denied, why });
  if (code === "not-mergeable" && UNREBASABLE_PATTERN.test(why)) return failUnrebasable(tx, base, { landing, why });
  // In this mode GitHub requires checks on each pull request's own head.
  if (code === "not-mergeable" && /status check/i.test(why))
    return abandonLanding(tx, base, { reason: why, pauseMs: MERGE_CHECK_PAUSE_MS });
  abandonLanding(tx, base, { reason: why, pauseMs: MERGE_PAUSE_MS });
  if (code === "base-moved" || code === "conflict") return;
  const frozen = refuseDeniedLanding(base, why);
  tx.putQueue(base, { ...tx.queue(base), frozen, landingRefusedAt: tx.now });
};

/**
 * GitHub's messages:
 * https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/incorporating-changes-from-a-pull-request/about-pull-request-merges
 */
const UNREBASABLE_PATTERN = /can(?:no|')t be rebased/i;
const DENIED_METHOD_PATTERNS: readonly (readonly [RegExp, MergeMethod])[] = [
  [/merge commits are not allowed/i, "merge"],
  [/squash merges are not allowed/i, "squash"],
  [/rebase merges are not allowed/i, "rebase"],
];
const findDeniedMethod = (reason: string): MergeMethod | null => DENIED_METHOD_PATTERNS.find(([words]) => words.test(reason))?.[1] ?? null;

/** Excludes a merge method that GitHub rejects in spite of the known rules; another method is chosen. */
const recordDeniedMethod = (
  tx: QueueWriter & EffectWriter,
  base: BranchName,
  { denied, why }: { denied: MergeMethod; why: string },
): void => {
  abandonLanding(tx, base, { reason: why, pauseMs: 0 });
  const { landingTerms: _, ...queue } = tx.queue(base);
  tx.putQueue(base, { ...queue, deniedMethods: [...(queue.deniedMethods ?? []), denied] });
};

/** Fails only the step whose branch GitHub cannot rebase; other steps can still land. */
const failUnrebasable = (
  tx: StepWriter & QueueWriter & EffectWriter,
  base: BranchName,
  { landing, why }: { landing: Landing; why: string },
): void => {
  abandonLanding(tx, base, { reason: why, pauseMs: 0 });
  const [item] = landing.candidate.items;
  const found = findStep(tx, item?.task ?? "");
  if (!item || !found) return;
  const text = `GitHub cannot rebase its branch onto \`${base}\`: ${why}`;
  failStep(tx, { ...found, refusal: { code: "unrebasable", message: text, next: toRetryCommand(found.execution, item.task) }, log: "" });
};

/** Unfreezes the base periodically: permissions and rules may change without a command. */
const retryRefusedLanding = (tx: QueueWriter, base: BranchName): void => {
  const { landingRefusedAt = tx.now, ...queue } = tx.queue(base);
  if (tx.now < landingRefusedAt + RULE_RECHECK_MS) return tx.wakeAt(landingRefusedAt + RULE_RECHECK_MS);
  const { landingTerms: _, ...rest } = queue;
  tx.putQueue(base, { ...rest, frozen: null });
};

/** Opens a pull request to revert a merge with an unverified tree. A person decides about the revert. */
const prepareRevert = (tx: QueueWriter & RefWriter & EffectWriter, base: BranchName): void => {
  const { incident, ...queue } = tx.queue(base);
  const tip = tx.baseTip(base);
  if (!incident || tip === null || queue.frozen?.code !== "tree-differs") return;
  const made =
    incident.revert ?? tx.readFact<"revert">({ kind: "revert", merge: incident.merge, tip, message: renderRevertMessage(incident.merge) });
  if (made === UNKNOWN || made === null) return;
  if (incident.revert === null) tx.putQueue(base, { ...queue, incident: { ...incident, revert: made } });
  openRevertPull(tx, base, { ...incident, revert: made });
};

const openRevertPull = (tx: RefWriter & EffectWriter, base: BranchName, { merge: commit, revert }: Incident & { revert: Sha }): void => {
  const head = toRevertBranch(commit);
  const effect: Effect = {
    kind: "open-side-pull",
    key: `open-side-pull:${head}`,
    head,
    baseBranch: base,
    title: renderRevertTitle(commit),
    body: renderRevertBody(commit),
  };
  const ref = toBranchRef(head);
  if (tx.effectRecord(effect.key)?.number !== undefined && tx.effectRecord(effect.key)?.digest) return;
  if (tx.ref(ref) === null) tx.moveRef(ref, revert);
  tx.requestEffect(effect);
};
