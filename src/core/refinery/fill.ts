import type { Sha, TaskId } from "../domain/ids.ts";
import { type Candidate, isBeingVerified, isGreen, type Queue, type QueueItem } from "../domain/queue.ts";
import { openCandidates } from "./candidates.ts";
import { behindDoomed, type Board, coveredOf, expendable, openBoard, triedBy } from "./board.ts";
import { type Chain, followers, joinCleared, layOut, newChain, tailsOf } from "./chains.ts";
import { isOutage } from "./evidence.ts";
import type { RefineryState } from "./state.ts";

/** Fills the free verify slots with what brings most, and stops what is not worth its slot any more. */
export const fill = (state: RefineryState, queue: Queue): Queue => {
  const roomy = makeRoom(openBoard(state, queue));
  const board = openBoard(state, roomy);
  const gaveWay = queue.candidates.filter((each) => !roomy.candidates.includes(each));
  return spend(state, board, { free: board.slots - runsOf(roomy), skip: new Set(), gaveWay });
};

const runsOf = ({ candidates }: Queue): number =>
  candidates.reduce((count, { runs }) => count + runs.filter(({ verdict }) => verdict === null).length, 0);

type Wanted = {
  /** Whether the base has to be verified alone. */
  readonly base: boolean;
  readonly accused: readonly QueueItem[];
  readonly cleared: readonly QueueItem[];
  readonly fresh: readonly QueueItem[];
  readonly held: readonly QueueItem[];
};

/** What no run is under way for, each in the order of the queue. */
const wantedOf = (board: Board, skip: ReadonlySet<TaskId> = new Set()): Wanted => {
  const covered = coveredOf(board);
  const sound = new Set(board.queue.greenCommits);
  const tried = new Set(board.queue.candidates.map((each) => triedBy(board, sound, each)));
  const items = board.queue.items.filter(({ task, state }) => !skip.has(task) && state !== "resolving");
  const open = items.filter(({ task, state }) => (state === "queued" || state === "accused") && !covered.has(task));
  return {
    base: wantsBase(board, sound),
    accused: items.filter(({ task, strikes }) => strikes > 0 && strikes <= board.retries && !tried.has(task)),
    cleared: open.filter(({ strikes, passedBefore }) => strikes === 0 && passedBefore),
    fresh: open.filter(({ strikes, passedBefore }) => strikes === 0 && !passedBefore),
    held: items.filter(
      ({ task, state, refusal, passedBefore }) => state === "held" && refusal?.code !== "paused" && !passedBefore && !tried.has(task),
    ),
  };
};

/** The base is verified alone before anybody is blamed on it, where it is not known to be green or nothing is. */
const wantsBase = ({ queue, tip }: Board, sound: ReadonlySet<Sha>): boolean => {
  if (queue.candidates.some((each) => each.items.length === 0 && each.commit === tip && isBeingVerified(each))) return false;
  if (isOutage(queue)) return true;
  return (
    !sound.has(tip) &&
    queue.candidates.some((each) => each.onto === tip && !isGreen(each) && each.runs.some(({ verdict }) => verdict === "red"))
  );
};

/** Stops runs that are likely red or of no use for landing, as many as something better waits for. */
const makeRoom = (board: Board): Queue => {
  const { slots } = board;
  const wanted = wantedOf(board);
  const behind = behindDoomed(board);
  const fresh = wanted.fresh.filter(({ task }) => !behind.has(task));
  const most = wanted.accused.length + fresh.length + (wanted.base ? 1 : 0) + (wanted.cleared.length > 0 ? 1 : 0);
  const lacking = Math.min(slots, most) - (slots - runsOf(board.queue));
  if (lacking <= 0) return board.queue;
  const out = new Set(expendable(board).slice(-lacking));
  return { ...board.queue, candidates: board.queue.candidates.filter((each) => !out.has(each)) };
};

/** What is still free goes to what needs an accused step. */
const goOn = (board: Board, draft: ReturnType<typeof openCandidates>, fresh: readonly QueueItem[]): void => {
  for (const item of board.queue.items) {
    if (item.strikes === 0 || item.strikes > board.retries) continue;
    const free = board.slots - runsOf(draft.queue());
    if (free > 0) draft.verify(followers(board, alone(board, item), { fresh, free }));
  }
};

type Slots = {
  readonly free: number;
  /** Steps that conflict with what they would be verified on. */
  readonly skip: ReadonlySet<TaskId>;
  readonly gaveWay: readonly Candidate[];
};

/** Base and accused first, so that blame never waits; then what was green before; then the rest; then what is held; then what needs the accused. */
const spend = (state: RefineryState, board: Board, { free, skip, gaveWay }: Slots): Queue => {
  const wanted = wantedOf(board, skip);
  const draft = openCandidates(state, board.queue, gaveWay);
  let left = free;
  const verify = (chain: Chain): void => {
    left -= chain.ends.size;
    draft.verify(chain);
  };
  if (wanted.base && left > 0) {
    draft.verifyBase();
    left -= 1;
  }
  for (const item of wanted.accused) if (left > 0) verify(alone(board, item));
  const [main = newChain(board, null), ...others] = tailsOf(board);
  if (left > 0) joinCleared(board, main, { cleared: wanted.cleared, free: left });
  for (const chain of layOut(board, [main, ...others], { fresh: wanted.fresh, free: left - main.ends.size })) verify(chain);
  for (const item of wanted.held) if (left > 0) verify(alone(board, item));
  goOn(board, draft, wanted.fresh);
  const queue = draft.queue();
  const conflicting = draft.conflicting().filter((task) => !skip.has(task));
  if (conflicting.length === 0) return queue;
  // What conflicts took a slot that another can have.
  const rest = { free: free - (runsOf(queue) - runsOf(board.queue)), skip: new Set([...skip, ...conflicting]), gaveWay };
  return spend(state, openBoard(state, queue), rest);
};

/** One step on the base, with all that it needs below it. What is held below it nobody else verifies: that comes first, or a red run would tell of neither. */
const alone = (board: Board, item: QueueItem): Chain => {
  const chain = newChain(board, null);
  const below = new Set<TaskId>();
  const stack = [item.task];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (below.has(at)) continue;
    below.add(at);
    stack.push(...(board.needs.get(at) ?? []));
  }
  chain.add.push(...board.queue.items.filter(({ task }) => below.has(task)));
  const ground = chain.add.slice(0, -1);
  const isVerified = board.queue.candidates.some(
    (each) =>
      each.onto === board.tip &&
      (isGreen(each) || isBeingVerified(each)) &&
      each.items.length === ground.length &&
      each.items.every(({ task }, at) => task === ground[at]?.task),
  );
  chain.ends.add(ground.some(({ state }) => state === "held") && !isVerified ? ground.length - 1 : ground.length);
  return chain;
};
