import type { Effect } from "../../domain/effect.ts";
import type { BranchName, Sha } from "../../domain/ids.ts";
import type { MergeMethod } from "../../domain/github-facts.ts";
import type { Incident, Landing } from "../../domain/queue.ts";
import { toBranchRef } from "../../domain/refs.ts";
import { refuse } from "../../domain/refusal.ts";
import { UNLANDABLE_CODES } from "../../policy/landing-mode.ts";
import { applyLanding } from "../../refinery/apply-landing.ts";
import { renderBatchBody, renderBatchTitle, renderRevertBody, renderRevertMessage, renderRevertTitle } from "../../messages/pull-text.ts";
import { failStep, findStep } from "../apply/failing.ts";
import type { Draft } from "../draft.ts";
import { askToMerge } from "./asking-to-merge.ts";
import { giveUp, headOf, mayStill, mergeKey, pullOf, without } from "./giving-up.ts";
import { followQueue } from "./queued.ts";
import { batchBranch, batchRef, landSteps, revertBranch, sidePullKey, tellReused } from "../landings.ts";

/** GitHub says that a base had just moved at most this often in a row. */
const MAX_TRIES = 5;
/** Between two tries, and until a ref that GitHub moved is read again; milliseconds. */
const PAUSE = 2_000;
/** Until checks that GitHub waits for are looked at again, in milliseconds. */
const CHECK_PAUSE = 60_000;
/** After a refusal by a rule it is tried again after this time, in milliseconds. */
const RECHECK = 15 * 60_000;

/** Takes in what GitHub merged: it is read back from the base, and compared with what was verified. */
export const reconcileMerged = (draft: Draft): void => {
  for (const base of Object.keys(draft.ledger().queues)) {
    const { landing } = draft.queue(base);
    const tip = draft.base(base);
    if (landing?.mode === "queue") followQueue(draft, base, landing);
    else if (landing && tip !== null && tip !== landing.candidate.onto) readBack(draft, base, { landing, tip });
  }
};

/** Asks GitHub to merge what was written down, and offers the way back from what went wrong. */
export const reconcileMerging = (draft: Draft): void => {
  for (const base of Object.keys(draft.ledger().queues)) {
    const queue = draft.queue(base);
    if (queue.landing && queue.landing.mode !== "queue" && draft.base(base) === queue.landing.candidate.onto)
      merge(draft, base, queue.landing);
    if (draft.queue(base).incident) takeBack(draft, base);
    if (queue.frozen && (queue.frozen.code === "landing-refused" || UNLANDABLE_CODES.has(queue.frozen.code))) recheck(draft, base);
  }
};

const readBack = (draft: Draft, base: BranchName, { landing, tip }: { landing: Landing; tip: Sha }): void => {
  const { candidate } = landing;
  const { method } = landing;
  const found = draft.ask<"merge-of">({ kind: "merge-of", head: headOf(landing), onto: candidate.onto, tip, ...(method && { method }) });
  if (found === undefined) return;
  if (found === null) return giveUp(draft, base, { why: "the base moved before GitHub merged", pause: 0 });
  settle(draft, base, { landing, ...found });
};

/** What was merged is on the base: it is what was verified, or nothing lands any more. */
const settle = (draft: Draft, base: BranchName, { landing, commit, tree }: { landing: Landing; commit: Sha; tree: Sha }): void => {
  const { candidate } = landing;
  const before = without(draft.queue(base));
  landSteps(draft, base, { items: candidate.items, commit, ...(landing.method && { method: landing.method }) });
  const after = applyLanding(before, { ...candidate, commit }, draft.snapshot.config.refinery.parallel);
  if (tree === candidate.tree) {
    tellReused(draft, candidate, commit);
    return draft.putQueue(base, after);
  }
  const why = `GitHub merged ${commit.slice(0, 12)} into \`${base}\`, and its files are not those that were verified as ${candidate.commit.slice(0, 12)}: look at it, and at the pull request that takes it back.`;
  draft.note(`${base}: ${commit.slice(0, 12)} is not what was verified`);
  const sound = after.greenCommits.filter((each) => each !== commit);
  draft.putQueue(base, {
    ...after,
    greenCommits: sound,
    frozen: refuse("tree-differs", why, "/enki retry").refusal,
    incident: { merge: commit, revert: null },
  });
};

/** Asks GitHub to merge, as long as the queue still lets it land. */
const merge = (draft: Draft, base: BranchName, landing: Landing): void => {
  const pull = pullOf(draft, landing);
  const trace = draft.trace(mergeKey(draft, landing));
  if (trace?.refused) return refused(draft, base, { landing, ...trace.refused });
  // GitHub said that it is merged: the base is read again.
  if (trace && trace.digest !== null) return draft.wake(draft.now + PAUSE);
  if (trace === undefined && !mayStill(draft, base, landing)) return giveUp(draft, base, { why: "it may no longer land", pause: 0 });
  if (landing.mode === "batch" && pull === null) return offer(draft, base, landing);
  if (pull === null) return;
  if (landing.attempts > 0 && draft.now < landing.since + landing.attempts * PAUSE)
    return draft.wake(landing.since + landing.attempts * PAUSE);
  askToMerge(draft, landing, { base, pull, head: headOf(landing), key: mergeKey(draft, landing) });
};

const offer = (draft: Draft, base: BranchName, { candidate }: Landing): void => {
  const ref = batchRef(candidate.commit);
  if (draft.ref(ref) === null) draft.move(ref, candidate.commit);
  const titled = { title: renderBatchTitle(candidate), body: renderBatchBody(candidate) };
  draft.want({
    kind: "open-side-pull",
    key: sidePullKey(candidate.commit),
    head: batchBranch(candidate.commit),
    baseBranch: base,
    ...titled,
  });
};

/** What each answer means: https://docs.github.com/rest/pulls/pulls#merge-a-pull-request */
const refused = (
  draft: Draft,
  base: BranchName,
  { landing, code, reason: why }: { landing: Landing; code: string; reason: string },
): void => {
  if (code === "base-moved" && landing.attempts + 1 < MAX_TRIES) {
    draft.dropTrace(mergeKey(draft, landing));
    const next = { ...landing, attempts: landing.attempts + 1 };
    draft.wake(next.since + next.attempts * PAUSE);
    return draft.putQueue(base, { ...draft.queue(base), landing: next });
  }
  const denied = code === "not-mergeable" ? deniedMethod(why) : null;
  if (denied) return deny(draft, base, { denied, why });
  if (code === "not-mergeable" && UNREBASABLE.test(why)) return leave(draft, base, { landing, why });
  // In this mode GitHub wants required checks on each pull request's own head.
  if (code === "not-mergeable" && /status check/i.test(why)) return giveUp(draft, base, { why, pause: CHECK_PAUSE });
  giveUp(draft, base, { why, pause: PAUSE });
  if (code === "base-moved" || code === "conflict") return;
  const frozen = refuse("landing-refused", `GitHub does not let Enki land on \`${base}\`: ${why}`, "/enki retry").refusal;
  draft.putQueue(base, { ...draft.queue(base), frozen, landingRefusedAt: draft.now });
};

/** GitHub's words: https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/incorporating-changes-from-a-pull-request/about-pull-request-merges */
const UNREBASABLE = /can(?:no|')t be rebased/i;
const DENIED: readonly (readonly [RegExp, MergeMethod])[] = [
  [/merge commits are not allowed/i, "merge"],
  [/squash merges are not allowed/i, "squash"],
  [/rebase merges are not allowed/i, "rebase"],
];
const deniedMethod = (why: string): MergeMethod | null => DENIED.find(([words]) => words.test(why))?.[1] ?? null;

/** A way of merging that is not allowed, though GitHub did not show that: another is chosen. */
const deny = (draft: Draft, base: BranchName, { denied, why }: { denied: MergeMethod; why: string }): void => {
  giveUp(draft, base, { why, pause: 0 });
  const { landingTerms: _, ...queue } = draft.queue(base);
  draft.putQueue(base, { ...queue, deniedMethods: [...(queue.deniedMethods ?? []), denied] });
};

/** A branch whose commits cannot be replayed one by one concerns its step alone: others land meanwhile. */
const leave = (draft: Draft, base: BranchName, { landing, why }: { landing: Landing; why: string }): void => {
  giveUp(draft, base, { why, pause: 0 });
  const [item] = landing.candidate.items;
  const found = findStep(draft, item?.task ?? "");
  if (!item || !found) return;
  const text = `GitHub cannot rebase its branch onto \`${base}\`: ${why}`;
  failStep(draft, { ...found, why: { code: "unrebasable", message: text, next: `/enki retry ${item.task}` }, log: "" });
};

/** A right that came back, or a rule that changed, is found without a person's word. */
const recheck = (draft: Draft, base: BranchName): void => {
  const { landingRefusedAt = draft.now, ...queue } = draft.queue(base);
  if (draft.now < landingRefusedAt + RECHECK) return draft.wake(landingRefusedAt + RECHECK);
  const { landingTerms: _, ...rest } = queue;
  draft.putQueue(base, { ...rest, frozen: null });
};

/** Offers the way back from a merge that is not what was verified: a person decides. */
const takeBack = (draft: Draft, base: BranchName): void => {
  const { incident, ...queue } = draft.queue(base);
  const tip = draft.base(base);
  if (!incident || tip === null || queue.frozen?.code !== "tree-differs") return;
  const made =
    incident.revert ?? draft.ask<"revert">({ kind: "revert", merge: incident.merge, tip, message: renderRevertMessage(incident.merge) });
  if (made === undefined || made === null) return;
  if (incident.revert === null) draft.putQueue(base, { ...queue, incident: { ...incident, revert: made } });
  offerRevert(draft, base, { ...incident, revert: made });
};

const offerRevert = (draft: Draft, base: BranchName, { merge: commit, revert }: Incident & { revert: Sha }): void => {
  const head = revertBranch(commit);
  const effect: Effect = {
    kind: "open-side-pull",
    key: `open-side-pull:${head}`,
    head,
    baseBranch: base,
    title: renderRevertTitle(commit),
    body: renderRevertBody(commit),
  };
  const ref = toBranchRef(head);
  if (draft.trace(effect.key)?.number !== undefined && draft.trace(effect.key)?.digest) return;
  if (draft.ref(ref) === null) draft.move(ref, revert);
  draft.want(effect);
};
