import type { Sha, TaskId } from "../model/ids.ts";
import { type Candidate, isActive, type Queue, type QueueItem } from "../model/queue.ts";
import { suspectsOf } from "./evidence.ts";
import { cautiousRates, doubts } from "./odds.ts";
import type { RefineryState } from "./state.ts";

/** Below this a chain is not built on: what follows is verified beside it. */
const WORTH = 0.2;
/** With a step in it that is this likely bad a run gives its slot to another, unless it is about that step alone. */
const DOOMED = 0.65;
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

/** What is known at this moment, for choosing. */
export type Board = {
  readonly queue: Queue;
  readonly tip: Sha;
  /** Runs that may be under way at a time. */
  readonly slots: number;
  readonly items: ReadonlyMap<TaskId, QueueItem>;
  /** How likely a step is bad. */
  readonly doubt: (task: TaskId) => number;
  /** How likely it may be that a step is bad, for how many of them are risked in one run. */
  readonly cautious: (task: TaskId) => number;
  readonly needs: ReadonlyMap<TaskId, readonly TaskId[]>;
  /** False where one step lands at a time: what is verified as two never lands. */
  readonly together: boolean;
  /** Red runs that are forgiven. */
  readonly retries: number;
};

export const openBoard = ({ tip, entrants, retries, together, parallel }: RefineryState, queue: Queue): Board => {
  const cautious = cautiousRates(queue);
  const board: Board = {
    queue,
    tip,
    slots: queue.window === 0 ? parallel : Math.min(queue.window, parallel),
    retries,
    together,
    items: new Map(queue.items.map((item) => [item.task, item])),
    doubt: doubts(queue),
    cautious: (task) => (isBound(board, task) || (board.needs.get(task) ?? []).length > 0 ? cautious.bound : cautious.free),
    needs: new Map(entrants.map((each) => [each.task, each.needs])),
  };
  return board;
};

/** How likely a candidate is good. */
const oddsOf = ({ doubt }: Board, candidate: Candidate): number => candidate.items.reduce((odds, { task }) => odds * (1 - doubt(task)), 1);

const isDoomed = ({ doubt }: Board, { items }: Candidate): boolean => items.length > 1 && items.some(({ task }) => doubt(task) >= DOOMED);

export const newChain = (board: Board, root: Candidate | null): Chain => ({
  root,
  add: [],
  ends: new Set(),
  odds: root ? oddsOf(board, root) : 1,
  tasks: new Set(root?.items.map(({ task }) => task)),
});

/** Steps of which a run is under way that may bring them into the base. Of a run that is likely red those are left that could be nowhere else. */
export const coveredOf = (board: Board): Set<TaskId> => {
  const behind = behindDoomed(board);
  return new Set(
    board.queue.candidates
      .filter((each) => each.onto === board.tip && isActive(each))
      .flatMap((each) => each.items.map(({ task }) => task).filter((task) => !isDoomed(board, each) || behind.has(task))),
  );
};

/** What needs a step that is likely bad. */
export const behindDoomed = ({ queue, doubt, needs }: Board): Set<TaskId> => {
  const behind = new Set<TaskId>();
  const isBad = (task: TaskId): boolean => behind.has(task) || doubt(task) >= DOOMED;
  for (const { task } of queue.items) if ((needs.get(task) ?? []).some((need) => isBad(need))) behind.add(task);
  return behind;
};

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
  const active = board.queue.candidates.filter((each) => each.onto === board.tip && each.items.length > 0 && isActive(each));
  const inner = new Set<Sha>();
  for (const { items } of active) for (const { merge } of items.slice(0, -1)) inner.add(merge);
  return active
    .filter((each) => !inner.has(each.commit))
    .map((each) => newChain(board, each))
    .filter(({ odds, tasks }) => odds >= WORTH && [...tasks].every((task) => board.doubt(task) < DOOMED))
    .sort((a, b) => b.odds * b.tasks.size - a.odds * a.tasks.size);
};

/** The step for whose sake a run is under way: the only one that it tells of, or the last, where that is accused or held. Such a run is not stopped for another like it. */
export const triedBy = ({ tip, items }: Board, sound: ReadonlySet<Sha>, candidate: Candidate): TaskId | null => {
  if (!isActive(candidate)) return null;
  const { suspects, known } = suspectsOf(candidate, sound);
  if (suspects.length === 1 && (known || candidate.onto === tip)) return suspects[0]?.task ?? null;
  const last = candidate.onto === tip ? candidate.items.at(-1) : undefined;
  const item = last && items.get(last.task);
  return item && (item.strikes > 0 || item.state === "held") ? item.task : null;
};

/** Runs that may be stopped when another is wanted more: of what is likely red, and of what was built on an earlier base. */
export const expendable = (board: Board): Candidate[] => {
  const sound = new Set(board.queue.sound);
  return board.queue.candidates.filter((each) => {
    if (!isActive(each) || each.items.length === 0 || triedBy(board, sound, each) !== null) return false;
    return each.onto !== board.tip || isDoomed(board, each);
  });
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

/** What is laid out for how many runs; `single` where each step needs a run of its own. */
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
  queue.groups.some((group) => group.includes(task) && group.every((each) => each === task || tasks.has(each)));

/** A red group costs such a step more than a run: others wait for it, or its first red run is its last. */
const isBound = ({ slots, retries, needs }: Board, task: TaskId): boolean =>
  slots > 1 && (retries === 0 || (needs.get(task) ?? []).length > 0);

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
