import type { Effect } from "../../model/effect.ts";
import type { Base, Sha } from "../../model/ids.ts";
import type { MergeMethod } from "../../model/query.ts";
import type { Incident, Landing } from "../../model/queue.ts";
import { branchRef } from "../../model/refs.ts";
import { refuse } from "../../model/refusal.ts";
import { UNLANDABLE } from "../../policy/landing-mode.ts";
import { landed } from "../../refinery/land.ts";
import { batchBody, batchTitle, revertBody, revertMessage, revertTitle } from "../../render/pulls.ts";
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
    if (queue.frozen && (queue.frozen.code === "landing-refused" || UNLANDABLE.has(queue.frozen.code))) recheck(draft, base);
  }
};

const readBack = (draft: Draft, base: Base, { landing, tip }: { landing: Landing; tip: Sha }): void => {
  const { candidate } = landing;
  const { method } = landing;
  const found = draft.ask<"merge-of">({ kind: "merge-of", head: headOf(landing), onto: candidate.onto, tip, ...(method && { method }) });
  if (found === undefined) return;
  if (found === null) return giveUp(draft, base, { why: "the base moved before GitHub merged", pause: 0 });
  settle(draft, base, { landing, ...found });
};

/** What was merged is on the base: it is what was verified, or nothing lands any more. */
const settle = (draft: Draft, base: Base, { landing, commit, tree }: { landing: Landing; commit: Sha; tree: Sha }): void => {
  const { candidate } = landing;
  const before = without(draft.queue(base));
  landSteps(draft, base, { items: candidate.items, commit, ...(landing.method && { method: landing.method }) });
  const after = landed(before, { ...candidate, commit }, draft.snapshot.config.refinery.parallel);
  if (tree === candidate.tree) {
    tellReused(draft, candidate, commit);
    return draft.putQueue(base, after);
  }
  const why = `GitHub merged ${commit.slice(0, 12)} into \`${base}\`, and its files are not those that were verified as ${candidate.commit.slice(0, 12)}: look at it, and at the pull request that takes it back.`;
  draft.note(`${base}: ${commit.slice(0, 12)} is not what was verified`);
  const sound = after.sound.filter((each) => each !== commit);
  draft.putQueue(base, {
    ...after,
    sound,
    frozen: refuse("tree-differs", why, "/enki retry").refusal,
    incident: { merge: commit, revert: null },
  });
};

/** Asks GitHub to merge, as long as the queue still lets it land. */
const merge = (draft: Draft, base: Base, landing: Landing): void => {
  const pull = pullOf(draft, landing);
  const trace = draft.trace(mergeKey(draft, landing));
  if (trace?.refused) return refused(draft, base, { landing, ...trace.refused });
  // GitHub said that it is merged: the base is read again.
  if (trace && trace.digest !== null) return draft.wake(draft.now + PAUSE);
  if (trace === undefined && !mayStill(draft, base, landing)) return giveUp(draft, base, { why: "it may no longer land", pause: 0 });
  if (landing.mode === "batch" && pull === null) return offer(draft, base, landing);
  if (pull === null) return;
  if (landing.tries > 0 && draft.now < landing.since + landing.tries * PAUSE) return draft.wake(landing.since + landing.tries * PAUSE);
  askToMerge(draft, landing, { base, pull, head: headOf(landing), key: mergeKey(draft, landing) });
};

const offer = (draft: Draft, base: Base, { candidate }: Landing): void => {
  const ref = batchRef(candidate.commit);
  if (draft.ref(ref) === null) draft.move(ref, candidate.commit);
  const titled = { title: batchTitle(candidate), body: batchBody(candidate) };
  draft.want({ kind: "open-side-pull", key: sidePullKey(candidate.commit), head: batchBranch(candidate.commit), base, ...titled });
};

/** What each answer means: https://docs.github.com/rest/pulls/pulls#merge-a-pull-request */
const refused = (draft: Draft, base: Base, { landing, code, why }: { landing: Landing; code: string; why: string }): void => {
  if (code === "base-moved" && landing.tries + 1 < MAX_TRIES) {
    draft.dropTrace(mergeKey(draft, landing));
    const next = { ...landing, tries: landing.tries + 1 };
    draft.wake(next.since + next.tries * PAUSE);
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
  draft.putQueue(base, { ...draft.queue(base), frozen, refusedAt: draft.now });
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
const deny = (draft: Draft, base: Base, { denied, why }: { denied: MergeMethod; why: string }): void => {
  giveUp(draft, base, { why, pause: 0 });
  const { terms: _, ...queue } = draft.queue(base);
  draft.putQueue(base, { ...queue, denied: [...(queue.denied ?? []), denied] });
};

/** A branch whose commits cannot be replayed one by one concerns its step alone: others land meanwhile. */
const leave = (draft: Draft, base: Base, { landing, why }: { landing: Landing; why: string }): void => {
  giveUp(draft, base, { why, pause: 0 });
  const [item] = landing.candidate.items;
  const found = findStep(draft, item?.task ?? "");
  if (!item || !found) return;
  const text = `GitHub cannot rebase its branch onto \`${base}\`: ${why}`;
  failStep(draft, { ...found, why: { code: "unrebasable", why: text, next: `/enki retry ${item.task}` }, log: "" });
};

/** A right that came back, or a rule that changed, is found without a person's word. */
const recheck = (draft: Draft, base: Base): void => {
  const { refusedAt = draft.now, ...queue } = draft.queue(base);
  if (draft.now < refusedAt + RECHECK) return draft.wake(refusedAt + RECHECK);
  const { terms: _, ...rest } = queue;
  draft.putQueue(base, { ...rest, frozen: null });
};

/** Offers the way back from a merge that is not what was verified: a person decides. */
const takeBack = (draft: Draft, base: Base): void => {
  const { incident, ...queue } = draft.queue(base);
  const tip = draft.base(base);
  if (!incident || tip === null || queue.frozen?.code !== "tree-differs") return;
  const made =
    incident.revert ?? draft.ask<"revert">({ kind: "revert", merge: incident.merge, tip, message: revertMessage(incident.merge) });
  if (made === undefined || made === null) return;
  if (incident.revert === null) draft.putQueue(base, { ...queue, incident: { ...incident, revert: made } });
  offerRevert(draft, base, { ...incident, revert: made });
};

const offerRevert = (draft: Draft, base: Base, { merge: commit, revert }: Incident & { revert: Sha }): void => {
  const head = revertBranch(commit);
  const effect: Effect = {
    kind: "open-side-pull",
    key: `open-side-pull:${head}`,
    head,
    base,
    title: revertTitle(commit),
    body: revertBody(commit),
  };
  const ref = branchRef(head);
  if (draft.trace(effect.key)?.known !== undefined && draft.trace(effect.key)?.digest) return;
  if (draft.ref(ref) === null) draft.move(ref, revert);
  draft.want(effect);
};
