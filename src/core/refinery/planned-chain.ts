import type { Sha, TaskId } from "../domain/ids.ts";
import { type Candidate, isBeingVerified, type QueueItem } from "../domain/queue.ts";
import { type QueueView, LIKELY_TO_FAIL, isCostlyToFail, passOddsOf } from "./queue-view.ts";

/** A chain with lower pass odds is not extended: later steps are verified beside it. */
const MIN_ODDS_TO_BUILD_ON = 0.2;
/** Dependents of an accused step with at most these failure odds are verified on spare slots: its red run may have been a flake. */
const MAX_FAILURE_ODDS_TO_FOLLOW = 0.85;
/** Minimum pass odds of a group of steps that share a run, if there are more steps than slots. */
const MIN_GROUP_ODDS = 0.5;
/** Minimum pass odds of a group whose red run costs more than a run. */
const MIN_COSTLY_GROUP_ODDS = 0.8;

/** Steps to verify on top of a candidate, or of the base if `root` is null. */
export type PlannedChain = {
  readonly root: Candidate | null;
  readonly added: QueueItem[];
  /** Indices in `added` after which a run is requested. */
  readonly runsAfter: Set<number>;
  /** The odds of every step being good. */
  passOdds: number;
  readonly tasks: Set<TaskId>;
};

export const createChain = (view: QueueView, root: Candidate | null): PlannedChain => ({
  root,
  added: [],
  runsAfter: new Set(),
  passOdds: root ? passOddsOf(view, root) : 1,
  tasks: new Set(root?.items.map(({ task }) => task)),
});

/** The dependents of an accused step behind it, each with a run of its own. */
export const planFollowers = (view: QueueView, accused: PlannedChain, { untried, freeSlots }: LayoutInput): PlannedChain => {
  const last = accused.added.at(-1)?.task;
  const chain: PlannedChain = {
    ...accused,
    added: [...accused.added],
    runsAfter: new Set(),
    tasks: new Set(accused.added.map(({ task }) => task)),
  };
  if (last === undefined || view.failureOdds(last) > MAX_FAILURE_ODDS_TO_FOLLOW) return chain;
  const behind = new Set([last]);
  for (const item of untried) {
    if (chain.runsAfter.size >= freeSlots) break;
    if (!containsNeeds(view, chain, item) || !(view.needs.get(item.task) ?? []).some((need) => behind.has(need))) continue;
    behind.add(item.task);
    appendItem(view, chain, item);
    chain.runsAfter.add(chain.added.length - 1);
  }
  return chain;
};

/** The longest candidate of each chain under verification, the most valuable one first. `isMeant` selects the candidates. */
export const listChainTails = (view: QueueView, isMeant: (candidate: Candidate) => boolean = () => true): PlannedChain[] => {
  const active = view.queue.candidates.filter(
    (each) => each.onto === view.tip && each.items.length > 0 && isBeingVerified(each) && isMeant(each),
  );
  const inner = new Set<Sha>();
  for (const { items } of active) for (const { merge } of items.slice(0, -1)) inner.add(merge);
  return active
    .filter((each) => !inner.has(each.commit))
    .map((each) => createChain(view, each))
    .filter(
      ({ passOdds, tasks }) => passOdds >= MIN_ODDS_TO_BUILD_ON && [...tasks].every((task) => view.failureOdds(task) < LIKELY_TO_FAIL),
    )
    .sort((a, b) => b.passOdds * b.tasks.size - a.passOdds * a.tasks.size);
};

const appendItem = ({ failureOdds }: QueueView, chain: PlannedChain, item: QueueItem): void => {
  chain.added.push(item);
  chain.tasks.add(item.task);
  chain.passOdds *= 1 - failureOdds(item.task);
};

/** Appends steps that passed before to the most valuable chain: one run for all of them, or one each if steps land one at a time. */
export const addPassedItems = (
  view: QueueView,
  main: PlannedChain,
  { passed, freeSlots }: { passed: readonly QueueItem[]; freeSlots: number },
): void => {
  for (const item of passed) {
    if (!containsNeeds(view, main, item) || main.runsAfter.size >= freeSlots) continue;
    appendItem(view, main, item);
    if (!view.landsTogether) main.runsAfter.add(main.added.length - 1);
  }
  if (main.added.length > 0) main.runsAfter.add(main.added.length - 1);
};

/** Whether a chain contains everything that a step needs. */
const containsNeeds = ({ needs }: QueueView, chain: PlannedChain, { task }: QueueItem): boolean =>
  (needs.get(task) ?? []).every((each) => chain.tasks.has(each));

/** The chain and the group that the next step joins. */
type LayoutCursor = { chain: PlannedChain; home: PlannedChain; groupSize: number; groupOdds: number; groupTime: number; runsLeft: number };

type LayoutInput = {
  readonly untried: readonly QueueItem[];
  readonly freeSlots: number;
  /** Chains that only steps with needs in them extend. */
  readonly foreign?: readonly PlannedChain[];
};

/**
 * Distributes steps over chains in the order of the queue, with at most `freeSlots` runs. Extends a chain while its pass odds suffice, otherwise
 * starts another one. Returns all chains.
 */
export const layOutChains = (
  view: QueueView,
  startChains: readonly PlannedChain[],
  { untried, freeSlots, foreign = [] }: LayoutInput,
): PlannedChain[] => {
  const chains = [...startChains];
  const maxGroupSize = view.landsTogether ? Math.max(1, Math.ceil(untried.length / Math.max(1, freeSlots))) : 1;
  const addChain = (): PlannedChain => {
    const chain = createChain(view, null);
    chains.push(chain);
    return chain;
  };
  const first = chains.find(({ passOdds }) => passOdds >= MIN_ODDS_TO_BUILD_ON) ?? addChain();
  const cursor: LayoutCursor = {
    chain: first,
    home: first,
    groupSize: 0,
    groupOdds: 1,
    groupTime: 0,
    runsLeft: freeSlots,
  };
  for (const item of untried) {
    const next = chooseChain(view, [...chains, ...foreign], { cursor, item }) ?? addChain();
    if (next !== cursor.chain) closeGroup(cursor);
    cursor.chain = next;
    if (!foreign.includes(next)) cursor.home = next;
    if (cursor.runsLeft > 0 && isWorthAdding(view, next, item)) placeItem(view, cursor, { item, maxGroupSize });
    if (cursor.runsLeft <= 0) break;
  }
  closeGroup(cursor);
  return [...chains, ...foreign];
};

/** Whether a step can be verified on a chain with a chance to pass. */
const isWorthAdding = (view: QueueView, chain: PlannedChain, item: QueueItem): boolean => {
  if (!containsNeeds(view, chain, item)) return false;
  if (chain.tasks.size === 0) return true;
  const isLikely = (task: TaskId): boolean => view.failureOdds(task) < LIKELY_TO_FAIL;
  return isLikely(item.task) && [...chain.tasks].every((task) => isLikely(task)) && !completesFailedGroup(view, chain, item);
};

/** Whether a step completes a group that failed before, so that the chain would fail again. */
const completesFailedGroup = ({ queue }: QueueView, { tasks }: PlannedChain, { task }: QueueItem): boolean =>
  queue.failedGroups.some((group) => group.includes(task) && group.every((each) => each === task || tasks.has(each)));

const placeItem = (view: QueueView, cursor: LayoutCursor, { item, maxGroupSize }: { item: QueueItem; maxGroupSize: number }): void => {
  const itemOdds = 1 - Math.max(view.failureOdds(item.task), view.cautiousOdds(item.task));
  // A run is as slow as its slowest step.
  if (cursor.groupSize > 0 && view.runTime(item.task) > cursor.groupTime) closeGroup(cursor);
  if (cursor.groupOdds * itemOdds < (isCostlyToFail(view, item.task) ? MIN_COSTLY_GROUP_ODDS : MIN_GROUP_ODDS)) closeGroup(cursor);
  if (cursor.runsLeft <= 0) return;
  appendItem(view, cursor.chain, item);
  cursor.groupSize += 1;
  cursor.groupTime = view.runTime(item.task);
  cursor.groupOdds *= itemOdds;
  if (cursor.groupSize >= maxGroupSize) closeGroup(cursor);
};

/** Requests a run for the group. */
const closeGroup = (cursor: LayoutCursor): void => {
  if (cursor.groupSize === 0) return;
  cursor.chain.runsAfter.add(cursor.chain.added.length - 1);
  cursor.runsLeft -= 1;
  cursor.groupSize = 0;
  cursor.groupOdds = 1;
};

/** The chain for a step: the one with its needs, otherwise the current one while its pass odds suffice; null for a new chain. */
const chooseChain = (
  view: QueueView,
  chains: readonly PlannedChain[],
  { cursor, item }: { cursor: LayoutCursor; item: QueueItem },
): PlannedChain | null => {
  if ((view.needs.get(item.task) ?? []).length > 0) return chains.find((chain) => containsNeeds(view, chain, item)) ?? cursor.chain;
  const { home } = cursor;
  if (home.tasks.size === 0) return home;
  return home.passOdds * (1 - view.failureOdds(item.task)) >= MIN_ODDS_TO_BUILD_ON && !completesFailedGroup(view, home, item) ? home : null;
};
