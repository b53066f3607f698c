import type { Millis } from "../domain/ids.ts";
import type { Candidate, Queue, VerifyCapacity, VerifyRun } from "../domain/queue.ts";
import type { RefineryState } from "./refinery-state.ts";
import { MINUTE_MS } from "../domain/durations.ts";

/** If a runner is free, a run starts within this many milliseconds of its request. */
const START_CHECK_MS = MINUTE_MS;
/** Milliseconds until Enki checks a waiting run again while no other run is in progress. */
const WAITING_CHECK_MS = 5 * MINUTE_MS;

type CapacityLimits = Pick<RefineryState, "parallel" | "firstParallel" | "timeoutMs">;

export const readCapacity = ({ capacity }: Queue, { parallel, firstParallel = parallel }: CapacityLimits): VerifyCapacity => {
  const known = capacity ?? { slots: firstParallel, startsOnTime: 0, isLimited: false, nextLook: 0 };
  return known.slots > parallel ? { ...known, slots: parallel } : known;
};

const isOpen = ({ verdict, deadline }: VerifyRun): boolean => verdict === null && deadline !== null;
const isStarted = ({ started, verified }: VerifyRun): boolean => started === true || verified === true;

/** The next time to look at the starts of runs; null while a look is useless, since a single run says nothing about further runners. */
export const findNextLook = (queue: Queue, limits: CapacityLimits): Millis | null => {
  const open = queue.candidates.flatMap(({ runs }) => runs.filter((run) => isOpen(run)));
  const { slots, nextLook } = readCapacity(queue, limits);
  if (open.length < 2 && (open.length < slots || slots === limits.parallel)) return null;
  const requests = open.flatMap((run) => (isStarted(run) || run.deadline === null ? [] : [run.deadline - limits.timeoutMs]));
  return requests.length === 0 ? null : Math.max(nextLook, Math.min(...requests) + START_CHECK_MS);
};

/**
 * Learns the number of runners from the starts of runs. If runs wait, slots shrink to the started runs, and the waiting runs are given up in favor
 * of larger groups. If every slot is used and all runs start on time, slots grow: doubled until the first wait, by one after it.
 */
export const learnCapacity = (state: RefineryState): RefineryState => {
  if (!state.isStarted) return { ...state, parallel: readCapacity(state.queue, state).slots };
  const learned = learnFromVerdicts(state);
  const look = findNextLook(learned.queue, state);
  const before = readCapacity(learned.queue, state);
  if (look === null || look > state.now) return { ...learned, parallel: before.slots };
  const { queue, startedNow, late, isUnknown } = lookAtRuns(learned);
  const open = queue.candidates.flatMap(({ runs }) => runs.filter((run) => isOpen(run)));
  const grown = late.size > 0 ? shrink(state, open) : grow(state, before, open.length >= before.slots ? startedNow : 0);
  const capacity = isUnknown ? { ...grown, nextLook: Math.max(grown.nextLook, state.now + START_CHECK_MS) } : grown;
  const kept = late.size > 0 ? dropWaitingRuns(queue, late, open.some((run) => isStarted(run)) ? 0 : 1) : queue;
  return { ...state, queue: { ...kept, capacity }, parallel: capacity.slots };
};

/** Counts runs that ended before the first look: a runner was free for each. */
const learnFromVerdicts = (state: RefineryState): RefineryState => {
  const before = readCapacity(state.queue, state);
  const isNew = (run: VerifyRun): boolean => run.verdict !== null && !isStarted(run);
  const runs = state.queue.candidates.flatMap((each) => each.runs);
  const ended = runs.filter((run) => isNew(run)).length;
  if (ended === 0) return state;
  const isFull = ended + runs.filter((run) => isOpen(run)).length >= before.slots;
  const candidates = state.queue.candidates.map((each) => ({
    ...each,
    runs: each.runs.map((run) => (isNew(run) ? { ...run, started: true as const } : run)),
  }));
  return { ...state, queue: { ...state.queue, candidates, capacity: grow(state, before, isFull ? ended : 0) } };
};

type RunLook = { readonly queue: Queue; readonly startedNow: number; readonly late: ReadonlySet<VerifyRun>; readonly isUnknown: boolean };

/** The queue with the runs that have started, and the runs that should have. `isUnknown`: whether GitHub did not show a run. */
const lookAtRuns = (state: RefineryState): RunLook => {
  const late = new Set<VerifyRun>();
  let startedNow = 0;
  let isUnknown = false;
  const lookAt = (candidate: Candidate, run: VerifyRun): VerifyRun => {
    if (!isOpen(run) || isStarted(run) || (run.deadline ?? 0) - state.timeoutMs + START_CHECK_MS > state.now) return run;
    const hasStarted = state.isStarted?.(candidate.commit, run.attempt);
    if (hasStarted === true) {
      startedNow += 1;
      return { ...run, started: true };
    }
    if (hasStarted === false) late.add(run);
    else isUnknown = true;
    return run;
  };
  const candidates = state.queue.candidates.map((each) => ({ ...each, runs: each.runs.map((run) => lookAt(each, run)) }));
  return { queue: { ...state.queue, candidates }, startedNow, late, isUnknown };
};

const shrink = ({ now }: RefineryState, open: readonly VerifyRun[]): VerifyCapacity => {
  const going = open.filter((run) => isStarted(run)).length;
  return { slots: Math.max(1, going), startsOnTime: 0, isLimited: true, nextLook: now + (going === 0 ? WAITING_CHECK_MS : START_CHECK_MS) };
};

const grow = ({ parallel }: RefineryState, before: VerifyCapacity, startedNow: number): VerifyCapacity => {
  const startsOnTime = before.startsOnTime + startedNow;
  if (before.slots >= parallel || startsOnTime < before.slots * (before.isLimited ? 2 : 1)) return { ...before, startsOnTime };
  return { ...before, slots: Math.min(parallel, before.isLimited ? before.slots + 1 : 2 * before.slots), startsOnTime: 0 };
};

/** Gives up waiting runs, except for the first `kept` of them. */
const dropWaitingRuns = (queue: Queue, late: ReadonlySet<VerifyRun>, kept: number): Queue => {
  const dropped = new Set([...late].slice(kept));
  const candidates = queue.candidates.flatMap((each): Candidate[] => {
    const runs = each.runs.filter((run) => !dropped.has(run));
    return runs.length === 0 ? [] : [{ ...each, runs }];
  });
  return { ...queue, candidates };
};
