import type { Sha, TaskId } from "../domain/ids.ts";
import { type Candidate, isBeingVerified, isGreen, type Queue, type QueueItem } from "../domain/queue.ts";
import { openCandidateBuilder } from "./candidate-builder.ts";
import {
  findLikelyBlockedTasks,
  type QueueView,
  findCoveredTasks,
  listExpendableRuns,
  openQueueView,
  findTestedTask,
} from "./queue-view.ts";
import { type PlannedChain, planFollowers, addPassedItems, layOutChains, createChain, listChainTails } from "./planned-chain.ts";
import { isLikelyOutage } from "./apply-verdicts.ts";
import type { RefineryState } from "./refinery-state.ts";

/** Fills the free verify slots with what brings most, and stops what is not worth its slot any more. */
export const fillSlots = (state: RefineryState, queue: Queue): Queue => {
  const roomy = stopExpendableRuns(openQueueView(state, queue));
  const board = openQueueView(state, roomy);
  const gaveWay = queue.candidates.filter((each) => !roomy.candidates.includes(each));
  return assignSlots(state, board, { freeSlots: board.slots - countOpenRuns(roomy), skip: new Set(), stopped: gaveWay });
};

const countOpenRuns = ({ candidates }: Queue): number =>
  candidates.reduce((count, { runs }) => count + runs.filter(({ verdict }) => verdict === null).length, 0);

type WantedRuns = {
  /** Whether the base has to be verified alone. */
  readonly needsBase: boolean;
  readonly accused: readonly QueueItem[];
  readonly passed: readonly QueueItem[];
  readonly untried: readonly QueueItem[];
  readonly held: readonly QueueItem[];
};

/** What no run is under way for, each in the order of the queue. */
const findWantedRuns = (board: QueueView, skip: ReadonlySet<TaskId> = new Set()): WantedRuns => {
  const covered = findCoveredTasks(board);
  const sound = new Set(board.queue.greenCommits);
  const tried = new Set(board.queue.candidates.map((each) => findTestedTask(board, sound, each)));
  const items = board.queue.items.filter(({ task, state }) => !skip.has(task) && state !== "resolving");
  const open = items.filter(({ task, state }) => (state === "queued" || state === "accused") && !covered.has(task));
  return {
    needsBase: needsBaseRun(board, sound),
    accused: items.filter(({ task, strikes }) => strikes > 0 && strikes <= board.retries && !tried.has(task)),
    passed: open.filter(({ strikes, passedBefore }) => strikes === 0 && passedBefore),
    untried: open.filter(({ strikes, passedBefore }) => strikes === 0 && !passedBefore),
    held: items.filter(
      ({ task, state, refusal, passedBefore }) => state === "held" && refusal?.code !== "paused" && !passedBefore && !tried.has(task),
    ),
  };
};

/** The base is verified alone before anybody is blamed on it, where it is not known to be green or nothing is. */
const needsBaseRun = ({ queue, tip }: QueueView, sound: ReadonlySet<Sha>): boolean => {
  if (queue.candidates.some((each) => each.items.length === 0 && each.commit === tip && isBeingVerified(each))) return false;
  if (isLikelyOutage(queue)) return true;
  return (
    !sound.has(tip) &&
    queue.candidates.some((each) => each.onto === tip && !isGreen(each) && each.runs.some(({ verdict }) => verdict === "red"))
  );
};

/** Stops runs that are likely red or of no use for landing, as many as something better waits for. */
const stopExpendableRuns = (board: QueueView): Queue => {
  const { slots } = board;
  const wanted = findWantedRuns(board);
  const behind = findLikelyBlockedTasks(board);
  const fresh = wanted.untried.filter(({ task }) => !behind.has(task));
  const most = wanted.accused.length + fresh.length + (wanted.needsBase ? 1 : 0) + (wanted.passed.length > 0 ? 1 : 0);
  const lacking = Math.min(slots, most) - (slots - countOpenRuns(board.queue));
  if (lacking <= 0) return board.queue;
  const out = new Set(listExpendableRuns(board).slice(-lacking));
  return { ...board.queue, candidates: board.queue.candidates.filter((each) => !out.has(each)) };
};

/** What is still free goes to what needs an accused step. */
const verifyFollowers = (board: QueueView, draft: ReturnType<typeof openCandidateBuilder>, fresh: readonly QueueItem[]): void => {
  for (const item of board.queue.items) {
    if (item.strikes === 0 || item.strikes > board.retries) continue;
    const free = board.slots - countOpenRuns(draft.queue());
    if (free > 0) draft.verify(planFollowers(board, createSoloChain(board, item), { untried: fresh, freeSlots: free }));
  }
};

type SlotBudget = {
  readonly freeSlots: number;
  /** Steps that conflict with what they would be verified on. */
  readonly skip: ReadonlySet<TaskId>;
  readonly stopped: readonly Candidate[];
};

/** Base and accused first, so that blame never waits; then what was green before; then the rest; then what is held; then what needs the accused. */
const assignSlots = (state: RefineryState, board: QueueView, { freeSlots, skip, stopped }: SlotBudget): Queue => {
  const wanted = findWantedRuns(board, skip);
  const draft = openCandidateBuilder(state, board.queue, stopped);
  let left = freeSlots;
  const verify = (chain: PlannedChain): void => {
    left -= chain.runsAfter.size;
    draft.verify(chain);
  };
  if (wanted.needsBase && left > 0) {
    draft.verifyBase();
    left -= 1;
  }
  for (const item of wanted.accused) if (left > 0) verify(createSoloChain(board, item));
  const [main = createChain(board, null), ...others] = listChainTails(board);
  if (left > 0) addPassedItems(board, main, { cleared: wanted.passed, free: left });
  for (const chain of layOutChains(board, [main, ...others], { untried: wanted.untried, freeSlots: left - main.runsAfter.size }))
    verify(chain);
  for (const item of wanted.held) if (left > 0) verify(createSoloChain(board, item));
  verifyFollowers(board, draft, wanted.untried);
  const queue = draft.queue();
  const conflicting = draft.conflicting().filter((task) => !skip.has(task));
  if (conflicting.length === 0) return queue;
  // What conflicts took a slot that another can have.
  const rest = {
    freeSlots: freeSlots - (countOpenRuns(queue) - countOpenRuns(board.queue)),
    skip: new Set([...skip, ...conflicting]),
    stopped,
  };
  return assignSlots(state, openQueueView(state, queue), rest);
};

/** One step on the base, with all that it needs below it. What is held below it nobody else verifies: that comes first, or a red run would tell of neither. */
const createSoloChain = (board: QueueView, item: QueueItem): PlannedChain => {
  const chain = createChain(board, null);
  const below = new Set<TaskId>();
  const stack = [item.task];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (below.has(at)) continue;
    below.add(at);
    stack.push(...(board.needs.get(at) ?? []));
  }
  chain.added.push(...board.queue.items.filter(({ task }) => below.has(task)));
  const ground = chain.added.slice(0, -1);
  const isVerified = board.queue.candidates.some(
    (each) =>
      each.onto === board.tip &&
      (isGreen(each) || isBeingVerified(each)) &&
      each.items.length === ground.length &&
      each.items.every(({ task }, at) => task === ground[at]?.task),
  );
  chain.runsAfter.add(ground.some(({ state }) => state === "held") && !isVerified ? ground.length - 1 : ground.length);
  return chain;
};
