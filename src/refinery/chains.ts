import type { Sha, TaskId } from "../model/ids.ts";
import { type Candidate, isActive, type Queue, type QueueItem } from "../model/queue.ts";
import { suspectsOf } from "./evidence.ts";
import { doubt, failureRate } from "./odds.ts";

/** Below this a chain is not built on: what follows is verified beside it. */
const WORTH = 0.3;
/** Below this a run that is under way gives its slot to another. */
const DOOMED = 0.15;
/** A group of steps for one run is as large as makes red and green equally likely, where there are more steps than slots. */
const EVEN = 0.5;

/** Steps to verify on top of a candidate or of the base, and after which of them a run is wanted. */
export type Chain = {
  readonly root: Candidate | null;
  readonly add: QueueItem[];
  readonly ends: Set<number>;
  /** How likely all of it is good. */
  odds: number;
  readonly tasks: Set<TaskId>;
};

/** What is known at this moment, for choosing. */
export type Board = {
  readonly queue: Queue;
  readonly tip: Sha;
  readonly items: ReadonlyMap<TaskId, QueueItem>;
  readonly rate: number;
  readonly needs: ReadonlyMap<TaskId, readonly TaskId[]>;
};

export const openBoard = (queue: Queue, tip: Sha, needs: Board["needs"]): Board => ({
  queue,
  tip,
  items: new Map(queue.items.map((item) => [item.task, item])),
  rate: failureRate(queue),
  needs,
});

/** How likely a candidate is good. */
const oddsOf = ({ items, rate }: Board, candidate: Candidate): number =>
  candidate.items.reduce((odds, { task }) => odds * (1 - doubt(items.get(task) ?? { strikes: 0, cleared: false, among: 0 }, rate)), 1);

export const newChain = (board: Board, root: Candidate | null): Chain => ({
  root,
  add: [],
  ends: new Set(),
  odds: root ? oddsOf(board, root) : 1,
  tasks: new Set(root?.items.map(({ task }) => task)),
});

/** Steps of which a run is under way that may bring them into the base. */
export const coveredOf = (board: Board): Set<TaskId> =>
  new Set(
    board.queue.candidates
      .filter((each) => each.onto === board.tip && isActive(each) && oddsOf(board, each) >= DOOMED)
      .flatMap(({ items }) => items.map(({ task }) => task)),
  );

/** The longest of each line of candidates under way, the one that brings most first. */
export const tailsOf = (board: Board): Chain[] => {
  const active = board.queue.candidates.filter((each) => each.onto === board.tip && each.items.length > 0 && isActive(each));
  const inner = new Set<Sha>();
  for (const { items } of active) for (const { merge } of items.slice(0, -1)) inner.add(merge);
  return active
    .filter((each) => !inner.has(each.commit))
    .map((each) => newChain(board, each))
    .filter(({ odds }) => odds >= WORTH)
    .sort((a, b) => b.odds * b.tasks.size - a.odds * a.tasks.size);
};

/** Runs that may be stopped when another is wanted more: of what is likely red, and of what was built on an earlier base. */
export const expendable = (board: Board): Candidate[] => {
  const sound = new Set(board.queue.sound);
  return board.queue.candidates.filter((each) => {
    if (!isActive(each) || each.items.length === 0) return false;
    const { suspects, known } = suspectsOf(each, sound);
    if (known && suspects.length === 1) return false;
    return each.onto !== board.tip || oddsOf(board, each) < DOOMED;
  });
};

const put = (chain: Chain, item: QueueItem, rate: number): void => {
  chain.add.push(item);
  chain.tasks.add(item.task);
  chain.odds *= 1 - doubt(item, rate);
};

/** What was green before goes together, behind the chain that brings most: one run for all of it. */
export const joinCleared = (board: Board, main: Chain, cleared: readonly QueueItem[]): number => {
  for (const item of cleared) if (fits(board, main, item)) put(main, item, board.rate);
  if (main.add.length === 0) return 0;
  main.ends.add(main.add.length - 1);
  return 1;
};

/** True where all that a step needs is in the chain. */
const fits = ({ needs }: Board, chain: Chain, { task }: QueueItem): boolean =>
  (needs.get(task) ?? []).every((each) => chain.tasks.has(each));

/** Where the next step goes: a chain, and the group of steps that its next run is for. */
type Pen = { chain: Chain; size: number; odds: number; left: number };

/**
 * Lays steps out in chains for so many runs, in the order of the queue: behind the chain that goes on while all of it is likely good, else in one of its own.
 * Returns the chains, those that were given first.
 */
export const layOut = (board: Board, given: readonly Chain[], { fresh, free }: { fresh: readonly QueueItem[]; free: number }): Chain[] => {
  const chains = [...given];
  const most = Math.max(1, Math.ceil(fresh.length / Math.max(1, free)));
  const start = (): Chain => {
    const chain = newChain(board, null);
    chains.push(chain);
    return chain;
  };
  const pen: Pen = { chain: chains.find(({ odds }) => odds >= WORTH) ?? start(), size: 0, odds: 1, left: free };
  for (const item of fresh) {
    const next = nextChain(board, chains, { pen, item }) ?? start();
    if (next !== pen.chain) close(pen);
    if (pen.left <= 0) break;
    pen.chain = next;
    if (!fits(board, next, item)) continue;
    put(next, item, board.rate);
    pen.size += 1;
    pen.odds *= 1 - doubt(item, board.rate);
    if (pen.size >= most || pen.odds * (1 - doubt(item, board.rate)) < EVEN) close(pen);
    if (pen.left <= 0) break;
  }
  if (pen.left > 0) close(pen);
  return chains;
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
  return tasks.size === 0 || odds * (1 - doubt(item, board.rate)) >= WORTH ? pen.chain : null;
};
