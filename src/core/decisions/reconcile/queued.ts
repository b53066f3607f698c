import type { Effect } from "../../domain/effect.ts";
import type { BranchName } from "../../domain/ids.ts";
import type { MergeQueuePosition } from "../../domain/github-facts.ts";
import type { Landing } from "../../domain/queue.ts";
import { refuse } from "../../domain/refusal.ts";
import { applyLanding } from "../../refinery/apply-landing.ts";
import { describeRemoval } from "../../messages/landing-words.ts";
import { failStep, findStep } from "../apply/failing.ts";
import type { Draft } from "../draft.ts";
import { landSteps, tellChecks } from "../landings.ts";
import { giveUp, headOf, mayStill, pullOf, without } from "./giving-up.ts";

/** How often an entry of GitHub's merge queue is looked at while nobody tells of it, in milliseconds. */
const POLL = 15_000;
/** GitHub takes an entry out a moment before its merge is seen: out is who is out for so long, in milliseconds. */
const OUT_PAUSE = 10_000;
const PAUSE = 2_000;
/** Until checks that GitHub waits for before it queues are looked at again, in milliseconds. */
const CHECK_PAUSE = 60_000;

type Following = { readonly base: BranchName; readonly landing: Landing; readonly pull: number };

/** Puts a pull request into GitHub's merge queue, and follows it to its merge or out of the queue again. */
export const followQueue = (draft: Draft, base: BranchName, landing: Landing): void => {
  const pull = pullOf(draft, landing);
  if (pull === null) return giveUp(draft, base, { why: "it has no pull request", pause: PAUSE });
  const of = { base, landing, pull };
  const trace = draft.trace(keysOf(of).enqueue);
  if (trace?.refused) return refused(draft, of, trace.refused);
  if (trace && trace.digest !== null) return follow(draft, of);
  // Once it was asked for it may be queued, whatever changed since: that is looked up first.
  if (trace === undefined && !mayStill(draft, base, landing)) return giveUp(draft, base, { why: "it may no longer land", pause: 0 });
  const head = headOf(landing);
  if (trace === undefined && !tellChecks(draft, draft.queue(base), { candidate: landing.candidate, commit: head })) return;
  draft.want({ kind: "enqueue-pull", key: keysOf(of).enqueue, pull, head });
};

const keysOf = ({ landing, pull }: Pick<Following, "landing" | "pull">) => {
  const name = `${pull}@${headOf(landing).slice(0, 12)}` as const;
  return { enqueue: `enqueue-pull:${name}` as const, dequeue: `dequeue-pull:${name}` as const };
};

const follow = (draft: Draft, of: Following): void => {
  const entry = draft.ask<"queue-entry">({ kind: "queue-entry", pull: of.pull });
  if (!entry) return;
  switch (entry.kind) {
    case "merged":
      return settle(draft, of, entry.commit);
    case "queued":
      return wait(draft, of, entry);
    case "out":
      return leave(draft, of, entry.reason);
    case "unknown":
      return draft.wake(draft.now + POLL);
  }
};

/** In the queue: the group that it is checked in is told what only Enki can tell. Who may not land any more is taken out. */
const wait = (draft: Draft, of: Following, { group }: Extract<MergeQueuePosition, { kind: "queued" }>): void => {
  const { base, landing, pull } = of;
  draft.wake(draft.now + POLL);
  if (landing.removedSince !== undefined) draft.learnQueue(base, { ...draft.queue(base), landing: withoutOut(landing) });
  if (!mayStill(draft, base, landing)) {
    const effect: Effect = { kind: "dequeue-pull", key: keysOf(of).dequeue, pull };
    return draft.want(effect);
  }
  if (group !== null) tellChecks(draft, draft.queue(base), { candidate: landing.candidate, commit: group });
};

const withoutOut = (landing: Landing): Landing => {
  const { removedSince: _, ...rest } = landing;
  return rest;
};

/** The queue made another commit than the one that was verified, and verified that one: nothing is compared. */
const settle = (draft: Draft, of: Following, commit: string): void => {
  const { base, landing } = of;
  const { candidate } = landing;
  const tip = draft.base(base);
  if (tip === null) return;
  const isThere = draft.ask<"contains">({ kind: "contains", commit, tip });
  const whole = draft.ask<"contains">({ kind: "contains", commit: headOf(landing), tip });
  if (isThere === undefined || whole === undefined) return;
  // GitHub tells of it before git shows it.
  if (!isThere) return draft.wake(draft.now + PAUSE);
  const before = without(draft.queue(base));
  forget(draft, of);
  landSteps(draft, base, { items: candidate.items, commit, ...(!whole && { method: "squash" as const }) });
  draft.putQueue(base, applyLanding(before, { ...candidate, commit }, draft.snapshot.config.refinery.parallel));
};

const forget = (draft: Draft, of: Following): void => {
  draft.dropTrace(keysOf(of).enqueue);
  draft.dropTrace(keysOf(of).dequeue);
};

/** Out of the queue without a merge: tried again as often as a red run is forgiven, then the step fails with GitHub's reason. */
const leave = (draft: Draft, of: Following, reason: string | null): void => {
  const { base, landing, pull } = of;
  const out = landing.removedSince ?? draft.now;
  if (draft.now < out + OUT_PAUSE) {
    if (landing.removedSince === undefined) draft.putQueue(base, { ...draft.queue(base), landing: { ...landing, removedSince: out } });
    return draft.wake(out + OUT_PAUSE);
  }
  const may = mayStill(draft, base, landing);
  forget(draft, of);
  giveUp(draft, base, { why: `GitHub's merge queue removed #${pull}: ${reason ?? "no reason"}`, pause: PAUSE });
  if (may) blame(draft, of, reason);
};

const blame = (draft: Draft, { base, landing, pull }: Following, reason: string | null): void => {
  const queue = draft.queue(base);
  const item = queue.items.find(({ task, head }) => landing.candidate.items.some((each) => each.task === task && each.head === head));
  const found = item && findStep(draft, item.task);
  if (!item || !found) return;
  const next = `/enki retry ${item.task}`;
  const fail = (code: string, why: string): void => failStep(draft, { ...found, why: { code, message: why, next }, log: "" });
  if (reason?.toUpperCase() === "MANUAL") return fail("dequeued", `A person removed #${pull} from GitHub's merge queue.`);
  const removed = (item.removals ?? 0) + 1;
  if (removed <= draft.snapshot.config.refinery.retries) {
    const items = queue.items.map((each) => (each === item ? { ...each, removals: removed } : each));
    return draft.putQueue(base, { ...queue, items });
  }
  const times = removed > 1 ? ` ${removed} times` : "";
  fail("queue-rejected", `GitHub's merge queue removed #${pull}${times}: ${describeRemoval(reason)}.`);
};

/** What each refusal means: the head moved, checks of the head are not green yet, or a rule. */
const refused = (draft: Draft, of: Following, { code, reason: why }: { readonly code: string; readonly reason: string }): void => {
  const { base } = of;
  forget(draft, of);
  const isEarly = /status check|expected|in progress|unstable/i.test(why);
  giveUp(draft, base, { why, pause: isEarly ? CHECK_PAUSE : PAUSE });
  if (isEarly || code === "conflict" || /head branch was modified|head sha/i.test(why)) return;
  const frozen = refuse("landing-refused", `GitHub's merge queue rejected #${of.pull}: ${why}`, "/enki retry").refusal;
  draft.putQueue(base, { ...draft.queue(base), frozen, landingRefusedAt: draft.now });
};
