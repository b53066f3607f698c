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
import { layOutLanes } from "./lane-layout.ts";
import { isLikelyOutage } from "./apply-verdicts.ts";
import type { RefineryState } from "./refinery-state.ts";

/** Gives free verify slots to the most valuable runs, and stops runs that are no longer worth their slot. */
export const fillSlots = (state: RefineryState, queue: Queue): Queue => {
  const reduced = stopExpendableRuns(openQueueView(state, queue));
  const view = openQueueView(state, reduced);
  const stopped = queue.candidates.filter((each) => !reduced.candidates.includes(each));
  return assignSlots(state, view, { freeSlots: view.slots - countOpenRuns(reduced), skip: new Set(), stopped });
};

/** The runs of candidates that have no verdict yet. */
export const countOpenRuns = ({ candidates }: Pick<Queue, "candidates">): number =>
  candidates.reduce((count, { runs }) => count + runs.filter(({ verdict }) => verdict === null).length, 0);

type WantedRuns = {
  /** Whether the base must be verified alone. */
  readonly needsBase: boolean;
  readonly accused: readonly QueueItem[];
  readonly passed: readonly QueueItem[];
  readonly untried: readonly QueueItem[];
  readonly held: readonly QueueItem[];
};

/** Steps that no run covers, in the order of the queue. */
const findWantedRuns = (view: QueueView, skip: ReadonlySet<TaskId> = new Set()): WantedRuns => {
  const covered = findCoveredTasks(view);
  const greenCommits = new Set(view.queue.greenCommits);
  const tested = new Set(view.queue.candidates.map((each) => findTestedTask(view, greenCommits, each)));
  const items = view.queue.items.filter(({ task, state }) => !skip.has(task) && state !== "resolving");
  const open = items.filter(({ task, state }) => (state === "queued" || state === "accused") && !covered.has(task));
  return {
    needsBase: needsBaseRun(view, greenCommits),
    accused: items.filter(({ task, strikes }) => strikes > 0 && strikes <= view.retries && !tested.has(task)),
    passed: open.filter(({ strikes, passedBefore }) => strikes === 0 && passedBefore),
    untried: open.filter(({ strikes, passedBefore }) => strikes === 0 && !passedBefore),
    held: items.filter(
      ({ task, state, refusal, passedBefore }) => state === "held" && refusal?.code !== "paused" && !passedBefore && !tested.has(task),
    ),
  };
};

/** Before a step is blamed on a base, the base is verified alone if it is not known to be green or an outage is likely. */
const needsBaseRun = ({ queue, tip }: QueueView, greenCommits: ReadonlySet<Sha>): boolean => {
  if (queue.candidates.some((each) => each.items.length === 0 && each.commit === tip && isBeingVerified(each))) return false;
  if (isLikelyOutage(queue)) return true;
  return (
    !greenCommits.has(tip) &&
    queue.candidates.some((each) => each.onto === tip && !isGreen(each) && each.runs.some(({ verdict }) => verdict === "red"))
  );
};

/** Stops as many expendable runs as better ones need slots. */
const stopExpendableRuns = (view: QueueView): Queue => {
  const { slots } = view;
  const wanted = findWantedRuns(view);
  const blocked = findLikelyBlockedTasks(view);
  const startable = wanted.untried.filter(({ task }) => !blocked.has(task));
  const wantedRuns = wanted.accused.length + startable.length + (wanted.needsBase ? 1 : 0) + (wanted.passed.length > 0 ? 1 : 0);
  const lacking = Math.min(slots, wantedRuns) - (slots - countOpenRuns(view.queue));
  if (lacking <= 0) return view.queue;
  const expendable = new Set(listExpendableRuns(view).slice(-lacking));
  return { ...view.queue, candidates: view.queue.candidates.filter((each) => !expendable.has(each)) };
};

/** Remaining slots go to dependents of accused steps. */
const verifyFollowers = (view: QueueView, builder: ReturnType<typeof openCandidateBuilder>, untried: readonly QueueItem[]): void => {
  for (const item of view.queue.items) {
    if (item.strikes === 0 || item.strikes > view.retries) continue;
    const freeSlots = view.slots - countOpenRuns(builder.queue());
    if (freeSlots > 0) builder.verify(planFollowers(view, createSoloChain(view, item), { untried, freeSlots }));
  }
};

type SlotBudget = {
  readonly freeSlots: number;
  /** Steps that conflict with the chain that they would join. */
  readonly skip: ReadonlySet<TaskId>;
  readonly stopped: readonly Candidate[];
};

/**
 * Slots go to the base and accused steps first, so that blame never waits; then to steps that passed before, untried steps, held steps, and
 * dependents of accused steps.
 */
const assignSlots = (state: RefineryState, view: QueueView, { freeSlots, skip, stopped }: SlotBudget): Queue => {
  const wanted = findWantedRuns(view, skip);
  const builder = openCandidateBuilder(state, view.queue, stopped);
  let remaining = freeSlots;
  const verify = (chain: PlannedChain): void => {
    remaining -= chain.runsAfter.size;
    builder.verify(chain);
  };
  if (wanted.needsBase && remaining > 0) {
    builder.verifyBase();
    remaining -= 1;
  }
  for (const item of wanted.accused) if (remaining > 0) verify(createSoloChain(view, item));
  for (const chain of planOpenItems(view, wanted, remaining)) verify(chain);
  for (const item of wanted.held) if (remaining > 0) verify(createSoloChain(view, item));
  verifyFollowers(view, builder, wanted.untried);
  const queue = builder.queue();
  const conflicting = builder.conflicting().filter((task) => !skip.has(task));
  if (conflicting.length === 0) return queue;
  // Conflicting steps left their slots unused.
  const rest = {
    freeSlots: freeSlots - (countOpenRuns(queue) - countOpenRuns(view.queue)),
    skip: new Set([...skip, ...conflicting]),
    stopped,
  };
  return assignSlots(state, openQueueView(state, queue), rest);
};

/** Chains for steps that passed before and for untried steps. */
const planOpenItems = (view: QueueView, wanted: WantedRuns, freeSlots: number): readonly PlannedChain[] => {
  if (view.hasLanes) return layOutLanes(view, wanted, freeSlots);
  const [main = createChain(view, null), ...others] = listChainTails(view);
  if (freeSlots > 0) addPassedItems(view, main, { passed: wanted.passed, freeSlots });
  return layOutChains(view, [main, ...others], { untried: wanted.untried, freeSlots: freeSlots - main.runsAfter.size });
};

/**
 * A step on the base, on top of its needs. If a step below it is held and not verified, the run ends below the step itself:
 * nothing else verifies the held step, and a red run of both would not show which one is bad.
 */
const createSoloChain = (view: QueueView, item: QueueItem): PlannedChain => {
  const chain = createChain(view, null);
  const below = new Set<TaskId>();
  const stack = [item.task];
  for (let task = stack.pop(); task !== undefined; task = stack.pop()) {
    if (below.has(task)) continue;
    below.add(task);
    stack.push(...(view.needs.get(task) ?? []));
  }
  chain.added.push(...view.queue.items.filter(({ task }) => below.has(task)));
  const needed = chain.added.slice(0, -1);
  const isVerified = view.queue.candidates.some(
    (each) =>
      each.onto === view.tip &&
      (isGreen(each) || isBeingVerified(each)) &&
      each.items.length === needed.length &&
      each.items.every(({ task }, at) => task === needed[at]?.task),
  );
  chain.runsAfter.add(needed.some(({ state }) => state === "held") && !isVerified ? needed.length - 1 : needed.length);
  return chain;
};
