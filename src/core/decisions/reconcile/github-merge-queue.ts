import type { Effect } from "../../domain/effect.ts";
import type { BranchName } from "../../domain/ids.ts";
import type { MergeQueuePosition } from "../../domain/github-facts.ts";
import type { Landing } from "../../domain/queue.ts";
import { refuse } from "../../domain/refusal.ts";
import { applyLanding } from "../../refinery/apply-landing.ts";
import { describeRemoval } from "../../messages/landing-words.ts";
import { failStep, findStep } from "../apply/fail-step.ts";
import type { DecisionTransaction } from "../decision-transaction.ts";
import { landSteps, tellChecks } from "../landings.ts";
import { giveUp, headOf, mayStill, pullOf, without } from "./abandon-landing.ts";

/** Milliseconds between two reads of GitHub's merge queue if no event reports a change. */
const POLL = 15_000;
/** Milliseconds after which an entry without a merge counts as removed: GitHub removes entries shortly before the merge is visible. */
const OUT_PAUSE = 10_000;
const PAUSE = 2_000;
/** Milliseconds between two reads of checks that GitHub requires before it queues a pull request. */
const CHECK_PAUSE = 60_000;

type Following = { readonly base: BranchName; readonly landing: Landing; readonly pull: number };

/** Puts a pull request into GitHub's merge queue and follows the entry until it is merged or removed. */
export const followQueue = (tx: DecisionTransaction, base: BranchName, landing: Landing): void => {
  const pull = pullOf(tx, landing);
  if (pull === null) return giveUp(tx, base, { why: "it has no pull request", pause: PAUSE });
  const of = { base, landing, pull };
  const trace = tx.effectRecord(keysOf(of).enqueue);
  if (trace?.refused) return refused(tx, of, trace.refused);
  if (trace && trace.digest !== null) return follow(tx, of);
  // A requested entry may be queued despite later changes, so its position is read first.
  if (trace === undefined && !mayStill(tx, base, landing)) return giveUp(tx, base, { why: "it may no longer land", pause: 0 });
  const head = headOf(landing);
  if (trace === undefined && !tellChecks(tx, tx.queue(base), { candidate: landing.candidate, commit: head })) return;
  tx.want({ kind: "enqueue-pull", key: keysOf(of).enqueue, pull, head });
};

const keysOf = ({ landing, pull }: Pick<Following, "landing" | "pull">) => {
  const name = `${pull}@${headOf(landing).slice(0, 12)}` as const;
  return { enqueue: `enqueue-pull:${name}` as const, dequeue: `dequeue-pull:${name}` as const };
};

const follow = (tx: DecisionTransaction, of: Following): void => {
  const entry = tx.readFact<"queue-entry">({ kind: "queue-entry", pull: of.pull });
  if (!entry) return;
  switch (entry.kind) {
    case "merged":
      return settle(tx, of, entry.commit);
    case "queued":
      return wait(tx, of, entry);
    case "out":
      return leave(tx, of, entry.reason);
    case "unknown":
      return tx.wakeAt(tx.now + POLL);
  }
};

/** Reports Enki's own checks on the merge group while the entry is queued, and removes the entry if the step may no longer land. */
const wait = (tx: DecisionTransaction, of: Following, { group }: Extract<MergeQueuePosition, { kind: "queued" }>): void => {
  const { base, landing, pull } = of;
  tx.wakeAt(tx.now + POLL);
  if (landing.removedSince !== undefined) tx.recordQueue(base, { ...tx.queue(base), landing: withoutOut(landing) });
  if (!mayStill(tx, base, landing)) {
    const effect: Effect = { kind: "dequeue-pull", key: keysOf(of).dequeue, pull };
    return tx.want(effect);
  }
  if (group !== null) tellChecks(tx, tx.queue(base), { candidate: landing.candidate, commit: group });
};

const withoutOut = (landing: Landing): Landing => {
  const { removedSince: _, ...rest } = landing;
  return rest;
};

/** Records the merge. The queue made and verified its own commit, so there is nothing to compare. */
const settle = (tx: DecisionTransaction, of: Following, commit: string): void => {
  const { base, landing } = of;
  const { candidate } = landing;
  const tip = tx.baseTip(base);
  if (tip === null) return;
  const isThere = tx.readFact<"contains">({ kind: "contains", commit, tip });
  const whole = tx.readFact<"contains">({ kind: "contains", commit: headOf(landing), tip });
  if (isThere === undefined || whole === undefined) return;
  // GitHub reports a merge before git shows the commit.
  if (!isThere) return tx.wakeAt(tx.now + PAUSE);
  const before = without(tx.queue(base));
  forget(tx, of);
  landSteps(tx, base, { items: candidate.items, commit, ...(!whole && { method: "squash" as const }) });
  tx.putQueue(base, applyLanding(before, { ...candidate, commit }, tx.snapshot.config.refinery.parallel));
};

const forget = (tx: DecisionTransaction, of: Following): void => {
  tx.deleteEffectRecord(keysOf(of).enqueue);
  tx.deleteEffectRecord(keysOf(of).dequeue);
};

/**
 * Handles an entry that was removed without a merge: retries as often as red runs are retried, then fails the step with GitHub's reason.
 */
const leave = (tx: DecisionTransaction, of: Following, reason: string | null): void => {
  const { base, landing, pull } = of;
  const out = landing.removedSince ?? tx.now;
  if (tx.now < out + OUT_PAUSE) {
    if (landing.removedSince === undefined) tx.putQueue(base, { ...tx.queue(base), landing: { ...landing, removedSince: out } });
    return tx.wakeAt(out + OUT_PAUSE);
  }
  const may = mayStill(tx, base, landing);
  forget(tx, of);
  giveUp(tx, base, { why: `GitHub's merge queue removed #${pull}: ${reason ?? "no reason"}`, pause: PAUSE });
  if (may) blame(tx, of, reason);
};

const blame = (tx: DecisionTransaction, { base, landing, pull }: Following, reason: string | null): void => {
  const queue = tx.queue(base);
  const item = queue.items.find(({ task, head }) => landing.candidate.items.some((each) => each.task === task && each.head === head));
  const found = item && findStep(tx, item.task);
  if (!item || !found) return;
  const next = `/enki retry ${item.task}`;
  const fail = (code: string, why: string): void => failStep(tx, { ...found, why: { code, message: why, next }, log: "" });
  if (reason?.toUpperCase() === "MANUAL") return fail("dequeued", `A person removed #${pull} from GitHub's merge queue.`);
  const removed = (item.removals ?? 0) + 1;
  if (removed <= tx.snapshot.config.refinery.retries) {
    const items = queue.items.map((each) => (each === item ? { ...each, removals: removed } : each));
    return tx.putQueue(base, { ...queue, items });
  }
  const times = removed > 1 ? ` ${removed} times` : "";
  fail("queue-rejected", `GitHub's merge queue removed #${pull}${times}: ${describeRemoval(reason)}.`);
};

/** Handles a refusal: the head moved, checks of the head are not green yet, or a rule forbids the merge. */
const refused = (
  tx: DecisionTransaction,
  of: Following,
  { code, reason: why }: { readonly code: string; readonly reason: string },
): void => {
  const { base } = of;
  forget(tx, of);
  const isEarly = /status check|expected|in progress|unstable/i.test(why);
  giveUp(tx, base, { why, pause: isEarly ? CHECK_PAUSE : PAUSE });
  if (isEarly || code === "conflict" || /head branch was modified|head sha/i.test(why)) return;
  const frozen = refuse("landing-refused", `GitHub's merge queue rejected #${of.pull}: ${why}`, "/enki retry").refusal;
  tx.putQueue(base, { ...tx.queue(base), frozen, landingRefusedAt: tx.now });
};
