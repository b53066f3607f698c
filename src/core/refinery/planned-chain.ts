import type { Sha, TaskId } from "../domain/ids.ts";
import { type Candidate, isBeingVerified, type QueueItem } from "../domain/queue.ts";
import { type QueueView, LIKELY_TO_FAIL, isCostlyToFail, passOddsOf } from "./queue-view.ts";

/** Below this a chain is not built on: what follows is verified beside it. */
const MIN_ODDS_TO_BUILD_ON = 0.2;
/** Up to this what needs an accused step goes on behind it on slots that nobody else wants: its red run may have been a flake. */
const MAX_FAILURE_ODDS_TO_FOLLOW = 0.85;
/** A group of steps for one run is as large as makes red and green equally likely, where there are more steps than slots. */
const MIN_GROUP_ODDS = 0.5;
/** The same where a red group costs more than a run, and there is more than one slot. */
const MIN_COSTLY_GROUP_ODDS = 0.8;

/** Steps to verify on top of a candidate or of the base, and after which of them a run is wanted. */
export type PlannedChain = {
  readonly root: Candidate | null;
  readonly added: QueueItem[];
  readonly runsAfter: Set<number>;
  /** How likely all of it is good. */
  passOdds: number;
  readonly tasks: Set<TaskId>;
};

export const createChain = (board: QueueView, root: Candidate | null): PlannedChain => ({
  root,
  added: [],
  runsAfter: new Set(),
  passOdds: root ? passOddsOf(board, root) : 1,
  tasks: new Set(root?.items.map(({ task }) => task)),
});

/** What needs an accused step, behind the run of that, each with a run of its own. */
export const planFollowers = (board: QueueView, accused: PlannedChain, { untried, freeSlots }: LayoutInput): PlannedChain => {
  const last = accused.added.at(-1)?.task;
  const chain: PlannedChain = {
    ...accused,
    added: [...accused.added],
    runsAfter: new Set(),
    tasks: new Set(accused.added.map(({ task }) => task)),
  };
  if (last === undefined || board.failureOdds(last) > MAX_FAILURE_ODDS_TO_FOLLOW) return chain;
  const behind = new Set([last]);
  for (const item of untried) {
    if (chain.runsAfter.size >= freeSlots) break;
    if (!containsNeeds(board, chain, item) || !(board.needs.get(item.task) ?? []).some((need) => behind.has(need))) continue;
    behind.add(item.task);
    appendItem(board, chain, item);
    chain.runsAfter.add(chain.added.length - 1);
  }
  return chain;
};

/** The longest of each line of candidates under way, the one that brings most first. */
export const listChainTails = (board: QueueView): PlannedChain[] => {
  const active = board.queue.candidates.filter((each) => each.onto === board.tip && each.items.length > 0 && isBeingVerified(each));
  const inner = new Set<Sha>();
  for (const { items } of active) for (const { merge } of items.slice(0, -1)) inner.add(merge);
  return active
    .filter((each) => !inner.has(each.commit))
    .map((each) => createChain(board, each))
    .filter(
      ({ passOdds, tasks }) => passOdds >= MIN_ODDS_TO_BUILD_ON && [...tasks].every((task) => board.failureOdds(task) < LIKELY_TO_FAIL),
    )
    .sort((a, b) => b.passOdds * b.tasks.size - a.passOdds * a.tasks.size);
};

const appendItem = ({ failureOdds }: QueueView, chain: PlannedChain, item: QueueItem): void => {
  chain.added.push(item);
  chain.tasks.add(item.task);
  chain.passOdds *= 1 - failureOdds(item.task);
};

/** What was green before goes together, behind the chain that brings most: one run for all of it, or one for each where one lands at a time. */
export const addPassedItems = (
  board: QueueView,
  main: PlannedChain,
  { cleared, free }: { cleared: readonly QueueItem[]; free: number },
): void => {
  for (const item of cleared) {
    if (!containsNeeds(board, main, item) || main.runsAfter.size >= free) continue;
    appendItem(board, main, item);
    if (!board.landsTogether) main.runsAfter.add(main.added.length - 1);
  }
  if (main.added.length > 0) main.runsAfter.add(main.added.length - 1);
};

/** True where all that a step needs is in the chain. */
const containsNeeds = ({ needs }: QueueView, chain: PlannedChain, { task }: QueueItem): boolean =>
  (needs.get(task) ?? []).every((each) => chain.tasks.has(each));

/** Where the next step goes: a chain, and the group of steps that its next run is for. */
type LayoutCursor = { chain: PlannedChain; groupSize: number; groupOdds: number; runsLeft: number };

/** What is laid out for how many runs. */
type LayoutInput = { readonly untried: readonly QueueItem[]; readonly freeSlots: number };

/**
 * Lays steps out in chains for so many runs, in the order of the queue: behind the chain that goes on while all of it is likely good, else in one of its own.
 * Returns the chains, those that were given first.
 */
export const layOutChains = (board: QueueView, given: readonly PlannedChain[], { untried, freeSlots }: LayoutInput): PlannedChain[] => {
  const chains = [...given];
  const most = board.landsTogether ? Math.max(1, Math.ceil(untried.length / Math.max(1, freeSlots))) : 1;
  const start = (): PlannedChain => {
    const chain = createChain(board, null);
    chains.push(chain);
    return chain;
  };
  const pen: LayoutCursor = {
    chain: chains.find(({ passOdds }) => passOdds >= MIN_ODDS_TO_BUILD_ON) ?? start(),
    groupSize: 0,
    groupOdds: 1,
    runsLeft: freeSlots,
  };
  for (const item of untried) {
    const next = chooseChain(board, chains, { pen, item }) ?? start();
    if (next !== pen.chain) closeGroup(pen);
    pen.chain = next;
    if (pen.runsLeft > 0 && isWorthAdding(board, next, item)) placeItem(board, pen, { item, most });
    if (pen.runsLeft <= 0) return chains;
  }
  closeGroup(pen);
  return chains;
};

/** True where a step can be verified on a chain, and not in vain. */
const isWorthAdding = (board: QueueView, chain: PlannedChain, item: QueueItem): boolean => {
  if (!containsNeeds(board, chain, item)) return false;
  if (chain.tasks.size === 0) return true;
  const isLikely = (task: TaskId): boolean => board.failureOdds(task) < LIKELY_TO_FAIL;
  return isLikely(item.task) && [...chain.tasks].every((task) => isLikely(task)) && !completesFailedGroup(board, chain, item);
};

/** With all of a group that was red in it, a chain is red again. */
const completesFailedGroup = ({ queue }: QueueView, { tasks }: PlannedChain, { task }: QueueItem): boolean =>
  queue.failedGroups.some((group) => group.includes(task) && group.every((each) => each === task || tasks.has(each)));

const placeItem = (board: QueueView, pen: LayoutCursor, { item, most }: { item: QueueItem; most: number }): void => {
  const good = 1 - Math.max(board.failureOdds(item.task), board.cautiousOdds(item.task));
  if (pen.groupOdds * good < (isCostlyToFail(board, item.task) ? MIN_COSTLY_GROUP_ODDS : MIN_GROUP_ODDS)) closeGroup(pen);
  if (pen.runsLeft <= 0) return;
  appendItem(board, pen.chain, item);
  pen.groupSize += 1;
  pen.groupOdds *= good;
  if (pen.groupSize >= most) closeGroup(pen);
};

/** A run for the group so far. */
const closeGroup = (pen: LayoutCursor): void => {
  if (pen.groupSize === 0) return;
  pen.chain.runsAfter.add(pen.chain.added.length - 1);
  pen.runsLeft -= 1;
  pen.groupSize = 0;
  pen.groupOdds = 1;
};

/** The chain that a step goes to: the one that holds what it needs, else the present one while that is worth it; null for a new one. */
const chooseChain = (
  board: QueueView,
  chains: readonly PlannedChain[],
  { pen, item }: { pen: LayoutCursor; item: QueueItem },
): PlannedChain | null => {
  if ((board.needs.get(item.task) ?? []).length > 0) return chains.find((chain) => containsNeeds(board, chain, item)) ?? pen.chain;
  const { passOdds, tasks } = pen.chain;
  if (tasks.size === 0) return pen.chain;
  return passOdds * (1 - board.failureOdds(item.task)) >= MIN_ODDS_TO_BUILD_ON && !completesFailedGroup(board, pen.chain, item)
    ? pen.chain
    : null;
};
