import type { TaskId } from "../domain/ids.ts";
import type { QueueItem } from "../domain/queue.ts";
import { addPassedItems, createChain, layOutChains, listChainTails, type PlannedChain } from "./planned-chain.ts";
import type { QueueView } from "./queue-view.ts";

type LaneName = string | undefined;

type OpenItems = { readonly passed: readonly QueueItem[]; readonly untried: readonly QueueItem[] };

/**
 * Chains for the steps of several lanes. A step is verified on top of its own lane and of what it needs, so a bad step in another lane never makes
 * its candidates red. Steps that passed before share one run on the present base, whatever their lanes.
 */
export const layOutLanes = (view: QueueView, { passed, untried }: OpenItems, freeSlots: number): readonly PlannedChain[] => {
  const shared = createChain(view, null);
  if (freeSlots > 0) addPassedItems(view, shared, { passed, freeSlots });
  const lanes = [...new Set(untried.map(({ lane }) => lane))].map((lane) => {
    const waiting = untried.filter((each) => each.lane === lane);
    return { lane, waiting, maxRuns: waiting.length, running: countRuns(view, lane) };
  });
  return [shared, ...layOutShares(view, lanes, freeSlots - shared.runsAfter.size)];
};

type LaneLoad = {
  readonly lane: LaneName;
  readonly waiting: readonly QueueItem[];
  /** The number of runs that its waiting steps can use. */
  readonly maxRuns: number;
  readonly running: number;
};

/** Lays out every lane with its share of the free slots. Slots that a lane cannot use go to the others. */
const layOutShares = (view: QueueView, lanes: readonly LaneLoad[], freeSlots: number): readonly PlannedChain[] => {
  const laid = shareSlots(view, lanes, freeSlots).map(({ share, ...each }) => {
    const own = listChainTails(view, ({ items }) => isInLane(view, items, each.lane));
    const foreign = listChainTails(view, ({ items }) => !isInLane(view, items, each.lane));
    const chains = layOutChains(view, own, { untried: each.waiting, freeSlots: share, foreign });
    return { ...each, share, chains, used: chains.reduce((runs, { runsAfter }) => runs + runsAfter.size, 0) };
  });
  if (laid.every(({ used, share }) => used >= share)) return laid.flatMap(({ chains }) => chains);
  const limited = laid.map(({ lane, waiting, running, maxRuns, used, share }) => ({
    lane,
    waiting,
    running,
    maxRuns: used < share ? used : maxRuns,
  }));
  return layOutShares(view, limited, freeSlots);
};

const isInLane = ({ laneOf }: QueueView, items: readonly { readonly task: TaskId }[], lane: LaneName): boolean =>
  items.length > 0 && items.every(({ task }) => laneOf(task) === lane);

/** New runs for each lane: first one for each lane without a run, then for the lane whose runs take the least time together. */
const shareSlots = (view: QueueView, lanes: readonly LaneLoad[], freeSlots: number): readonly (LaneLoad & { readonly share: number })[] => {
  const shares = lanes.map((each) => ({ ...each, share: 0 }));
  const load = ({ running, share, waiting: [first] }: (typeof shares)[number]): number =>
    running + share === 0 || !first ? 0 : (running + share) * Math.max(1, view.runTime(first.task));
  for (let left = freeSlots; left > 0; left -= 1) {
    const [next] = shares.filter(({ share, maxRuns }) => share < maxRuns).toSorted((a, b) => load(a) - load(b));
    if (!next) break;
    next.share += 1;
  }
  return shares;
};

const countRuns = (view: QueueView, lane: LaneName): number =>
  view.queue.candidates
    .filter(({ items }) => isInLane(view, items, lane))
    .reduce((count, { runs }) => count + runs.filter(({ verdict }) => verdict === null).length, 0);
