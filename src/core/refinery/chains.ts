import type { Sha, TaskId } from "../domain/ids.ts";
import { type Candidate, isBeingVerified, type QueueItem } from "../domain/queue.ts";
import { type Board, DOOMED, isBound, oddsOf } from "./board.ts";

/** Below this a chain is not built on: what follows is verified beside it. */
const WORTH = 0.2;
/** Up to this what needs an accused step goes on behind it on slots that nobody else wants: its red run may have been a flake. */
const FORLORN = 0.85;
/** A group of steps for one run is as large as makes red and green equally likely, where there are more steps than slots. */
const EVEN = 0.5;
/** The same where a red group costs more than a run, and there is more than one slot. */
const BOUND = 0.8;

/** Steps to verify on top of a candidate or of the base, and after which of them a run is wanted. */
export type Chain = {
  readonly root: Candidate | null;
  readonly add: QueueItem[];
  readonly ends: Set<number>;
  /** How likely all of it is good. */
  odds: number;
  readonly tasks: Set<TaskId>;
};

export const newChain = (board: Board, root: Candidate | null): Chain => ({
  root,
  add: [],
  ends: new Set(),
  odds: root ? oddsOf(board, root) : 1,
  tasks: new Set(root?.items.map(({ task }) => task)),
});

/** What needs an accused step, behind the run of that, each with a run of its own. */
export const followers = (board: Board, accused: Chain, { fresh, free }: Laying): Chain => {
  const last = accused.add.at(-1)?.task;
  const chain: Chain = { ...accused, add: [...accused.add], ends: new Set(), tasks: new Set(accused.add.map(({ task }) => task)) };
  if (last === undefined || board.doubt(last) > FORLORN) return chain;
  const behind = new Set([last]);
  for (const item of fresh) {
    if (chain.ends.size >= free) break;
    if (!fits(board, chain, item) || !(board.needs.get(item.task) ?? []).some((need) => behind.has(need))) continue;
    behind.add(item.task);
    put(board, chain, item);
    chain.ends.add(chain.add.length - 1);
  }
  return chain;
};

/** The longest of each line of candidates under way, the one that brings most first. */
export const tailsOf = (board: Board): Chain[] => {
  const active = board.queue.candidates.filter((each) => each.onto === board.tip && each.items.length > 0 && isBeingVerified(each));
  const inner = new Set<Sha>();
  for (const { items } of active) for (const { merge } of items.slice(0, -1)) inner.add(merge);
  return active
    .filter((each) => !inner.has(each.commit))
    .map((each) => newChain(board, each))
    .filter(({ odds, tasks }) => odds >= WORTH && [...tasks].every((task) => board.doubt(task) < DOOMED))
    .sort((a, b) => b.odds * b.tasks.size - a.odds * a.tasks.size);
};

const put = ({ doubt }: Board, chain: Chain, item: QueueItem): void => {
  chain.add.push(item);
  chain.tasks.add(item.task);
  chain.odds *= 1 - doubt(item.task);
};

/** What was green before goes together, behind the chain that brings most: one run for all of it, or one for each where one lands at a time. */
export const joinCleared = (board: Board, main: Chain, { cleared, free }: { cleared: readonly QueueItem[]; free: number }): void => {
  for (const item of cleared) {
    if (!fits(board, main, item) || main.ends.size >= free) continue;
    put(board, main, item);
    if (!board.together) main.ends.add(main.add.length - 1);
  }
  if (main.add.length > 0) main.ends.add(main.add.length - 1);
};

/** True where all that a step needs is in the chain. */
const fits = ({ needs }: Board, chain: Chain, { task }: QueueItem): boolean =>
  (needs.get(task) ?? []).every((each) => chain.tasks.has(each));

/** Where the next step goes: a chain, and the group of steps that its next run is for. */
type Pen = { chain: Chain; size: number; odds: number; left: number };

/** What is laid out for how many runs. */
type Laying = { readonly fresh: readonly QueueItem[]; readonly free: number };

/**
 * Lays steps out in chains for so many runs, in the order of the queue: behind the chain that goes on while all of it is likely good, else in one of its own.
 * Returns the chains, those that were given first.
 */
export const layOut = (board: Board, given: readonly Chain[], { fresh, free }: Laying): Chain[] => {
  const chains = [...given];
  const most = board.together ? Math.max(1, Math.ceil(fresh.length / Math.max(1, free))) : 1;
  const start = (): Chain => {
    const chain = newChain(board, null);
    chains.push(chain);
    return chain;
  };
  const pen: Pen = { chain: chains.find(({ odds }) => odds >= WORTH) ?? start(), size: 0, odds: 1, left: free };
  for (const item of fresh) {
    const next = nextChain(board, chains, { pen, item }) ?? start();
    if (next !== pen.chain) close(pen);
    pen.chain = next;
    if (pen.left > 0 && isWorth(board, next, item)) write(board, pen, { item, most });
    if (pen.left <= 0) return chains;
  }
  close(pen);
  return chains;
};

/** True where a step can be verified on a chain, and not in vain. */
const isWorth = (board: Board, chain: Chain, item: QueueItem): boolean => {
  if (!fits(board, chain, item)) return false;
  if (chain.tasks.size === 0) return true;
  const isLikely = (task: TaskId): boolean => board.doubt(task) < DOOMED;
  return isLikely(item.task) && [...chain.tasks].every((task) => isLikely(task)) && !completesGroup(board, chain, item);
};

/** With all of a group that was red in it, a chain is red again. */
const completesGroup = ({ queue }: Board, { tasks }: Chain, { task }: QueueItem): boolean =>
  queue.failedGroups.some((group) => group.includes(task) && group.every((each) => each === task || tasks.has(each)));

const write = (board: Board, pen: Pen, { item, most }: { item: QueueItem; most: number }): void => {
  const good = 1 - Math.max(board.doubt(item.task), board.cautious(item.task));
  if (pen.odds * good < (isBound(board, item.task) ? BOUND : EVEN)) close(pen);
  if (pen.left <= 0) return;
  put(board, pen.chain, item);
  pen.size += 1;
  pen.odds *= good;
  if (pen.size >= most) close(pen);
};

/** A run for the group so far. */
const close = (pen: Pen): void => {
  if (pen.size === 0) return;
  pen.chain.ends.add(pen.chain.add.length - 1);
  pen.left -= 1;
  pen.size = 0;
  pen.odds = 1;
};

/** The chain that a step goes to: the one that holds what it needs, else the present one while that is worth it; null for a new one. */
const nextChain = (board: Board, chains: readonly Chain[], { pen, item }: { pen: Pen; item: QueueItem }): Chain | null => {
  if ((board.needs.get(item.task) ?? []).length > 0) return chains.find((chain) => fits(board, chain, item)) ?? pen.chain;
  const { odds, tasks } = pen.chain;
  if (tasks.size === 0) return pen.chain;
  return odds * (1 - board.doubt(item.task)) >= WORTH && !completesGroup(board, pen.chain, item) ? pen.chain : null;
};
