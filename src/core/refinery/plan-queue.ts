import type { Sha } from "../domain/ids.ts";
import { type Candidate, isBeingVerified, isGreen, type Queue, type VerifyRun } from "../domain/queue.ts";
import { forgiveItem } from "../domain/queue-item-lifecycle.ts";
import type { Refusal } from "../domain/refusal.ts";
import { refuseFailedVerification, refuseOutage, refuseRedBase, refuseRepeatedFaults } from "../messages/queue-refusals.ts";
import { syncQueue } from "./sync-queue.ts";
import { isLikelyOutage, applyVerdicts } from "./apply-verdicts.ts";
import { fillSlots } from "./fill-slots.ts";
import { addLaneOutcomes, addOutcomes, applyLanding } from "./apply-landing.ts";
import { planResolutions } from "./resolution-line.ts";
import { learnCapacity } from "./verify-capacity.ts";
import { chooseLanding } from "./choose-landing.ts";
import type { PlannedRef, RefineryEffect, RefineryPlan, RefineryState } from "./refinery-state.ts";

/**
 * Decides the next landings and verifications, from the queue and facts alone. Only a commit with a green run on the current base lands. A
 * step is ejected only by red runs on a landed or green context.
 */
export const planQueue = (given: RefineryState): RefineryPlan => {
  const state = learnCapacity(given);
  const evaluated = applyVerdicts(syncQueue(state));
  const frozen = evaluated.frozen ?? findFreeze(state, evaluated);
  if (frozen) {
    const stopped = evaluated.frozen ? evaluated : freezeQueue(evaluated, frozen);
    return toRefineryPlan(given, stopped, planResolutions(state, stopped));
  }
  const { queue, ejected } = ejectFailedItems(state, evaluated);
  const ready = queue.landing ? null : chooseLanding(state, queue);
  const landing = state.mergedByGitHub ? null : ready;
  const next = dropObsoleteCandidates(landing ? applyLanding(queue, landing) : queue, landing?.commit ?? state.tip);
  const requests = [...ejected, ...(ready ? [{ kind: landing ? ("land" as const) : ("request-merge" as const), candidate: ready }] : [])];
  const now = landing ? stateAfterLanding(state, landing) : state;
  const filled = startDueRuns(state, applyNewConflicts(now, fillSlots(now, next)));
  return toRefineryPlan(given, filled, [...requests, ...planResolutions(now, filled)]);
};

/** Facts after a landing: steps whose remaining needs just landed can be verified immediately. */
const stateAfterLanding = (state: RefineryState, { commit, items }: Candidate): RefineryState => {
  const removed = new Set(items.map(({ task }) => task));
  const entrants = state.entrants.map((each) => ({ ...each, needs: each.needs.filter((need) => !removed.has(need)) }));
  return { ...state, tip: commit, entrants };
};

/** Checks steps that conflicted in a chain against the base alone, so that their resolution starts in this plan. */
const applyNewConflicts = (state: RefineryState, queue: Queue): Queue => {
  const unchecked = new Set(queue.items.flatMap(({ task, mergedAgainst }) => (mergedAgainst === null ? [task] : [])));
  if (unchecked.size === 0) return queue;
  const { items } = syncQueue({ ...state, queue, entrants: state.entrants.filter(({ task }) => unchecked.has(task)) });
  const resolving = new Map(items.flatMap((item) => (item.state === "resolving" ? [[item.task, item] as const] : [])));
  return resolving.size === 0 ? queue : { ...queue, items: queue.items.map((item) => resolving.get(item.task) ?? item) };
};

/** Starts the time limit of runs whose back-off is over. */
const startDueRuns = ({ now, timeoutMs }: RefineryState, queue: Queue): Queue => {
  const isDue = (run: VerifyRun): boolean => run.verdict === null && run.deadline === null && run.notBefore <= now;
  if (!queue.candidates.some(({ runs }) => runs.some((run) => isDue(run)))) return queue;
  const start = (run: VerifyRun): VerifyRun => (isDue(run) ? { ...run, deadline: now + timeoutMs } : run);
  return { ...queue, candidates: queue.candidates.map((each) => ({ ...each, runs: each.runs.map((run) => start(run)) })) };
};

/** Red runs of the base alone before the queue freezes. A freeze stops everyone, so one or two flakes must not cause it. */
const RED_RUNS_BEFORE_FREEZE = 3;

/** The reason to freeze the queue: verification keeps ending without a verdict, or the base itself is red. */
const findFreeze = (state: RefineryState, queue: Queue): Refusal | null => {
  const faulty = queue.candidates.find(({ faults }) => faults >= state.maxFaults);
  if (faulty) return refuseRepeatedFaults(state.baseBranch, faulty.log);
  const base = queue.candidates.find((each) => each.items.length === 0 && each.commit === state.tip && !isGreen(each));
  const redRuns = base?.runs.filter(({ verdict }) => verdict === "red").length ?? 0;
  if (!base || redRuns < RED_RUNS_BEFORE_FREEZE) return null;
  return queue.greenCommits.includes(state.tip) ? refuseOutage(state.baseBranch) : refuseRedBase(state.baseBranch);
};

/** A freeze is no step's fault: strikes and failed groups are dropped. */
const freezeQueue = (queue: Queue, frozen: Refusal): Queue => ({
  ...queue,
  frozen,
  items: queue.items.map((item) => forgiveItem(item)),
  failedGroups: [],
  candidates: queue.candidates.filter((each) => isBeingVerified(each) && each.items.length > 0 && each.faults === 0),
  strikesSinceGreen: 0,
});

type EjectResult = { readonly queue: Queue; readonly ejected: readonly RefineryEffect[] };

const ejectFailedItems = (state: RefineryState, queue: Queue): EjectResult => {
  if (isLikelyOutage(queue)) return { queue, ejected: [] };
  const failing = queue.items.filter(({ strikes }) => strikes > state.retries);
  if (failing.length === 0) return { queue, ejected: [] };
  const removed = new Set(failing.map(({ task }) => task));
  const ejected = failing.map(({ task, head, failedCommit, log, failedWith = [] }): RefineryEffect => {
    return { kind: "eject", task, head, refusal: refuseFailedVerification(task, log), failedCommit, log, failedWith };
  });
  return {
    queue: {
      ...queue,
      items: queue.items.filter(({ task }) => !removed.has(task)),
      candidates: queue.candidates.filter(({ items }) => !items.some(({ task }) => removed.has(task))),
      ...addLaneOutcomes(queue, removed, "failed"),
      recentOutcomes: addOutcomes(queue.recentOutcomes, { passed: 0, failed: failing.length }),
    },
    ejected,
  };
};

/** Drops verdicts on an earlier base, and a base that was verified. */
const dropObsoleteCandidates = (queue: Queue, tip: Sha): Queue => ({
  ...queue,
  candidates: queue.candidates.filter((each) => {
    if (each.items.length === 0) return each.commit === tip && !isGreen(each);
    return each.onto === tip || (isBeingVerified(each) && !isGreen(each) && queue.greenCommits.includes(each.onto));
  }),
});

/** Derives refs and effects from the new queue: runs to start and to stop, landings, ejections and conflict resolutions. */
const toRefineryPlan = (state: RefineryState, queue: Queue, requests: readonly RefineryEffect[]): RefineryPlan => {
  const before = state.queue;
  const land = requests.find((effect) => effect.kind === "land");
  const runs = new Map(queue.candidates.map((each) => [each.commit, each]));
  const refs: PlannedRef[] = [
    ...(land ? [{ kind: "base" as const, commit: land.candidate.commit }] : []),
    ...queue.candidates
      .filter((each) => each !== land?.candidate && ((isBeingVerified(each) && !isGreen(each)) || isNewAndGreen(state, each)))
      .map(({ commit }) => ({ kind: "candidate" as const, commit })),
  ];
  const stops = before.candidates.flatMap((each) =>
    each.runs
      .filter((run) => run.verdict === null && !isStillWanted(runs.get(each.commit), run))
      .map(({ attempt }) => ({ kind: "stop" as const, commit: each.commit, attempt })),
  );
  return {
    queue: keepIfEqual(before, queue),
    refs,
    effects: [...requests, ...stops, ...queue.candidates.flatMap((each) => listVerifyEffects(each, queue.frozen))],
  };
};

/**
 * Whether a candidate was just built with a tree that is known to be green. If it does not land at once, GitHub needs its commit for Enki's
 * own checks, and another clone needs the commit to land it.
 */
const isNewAndGreen = ({ publishesKnownTrees = false, queue }: RefineryState, candidate: Candidate): boolean =>
  publishesKnownTrees &&
  isGreen(candidate) &&
  candidate.runs.every(({ attempt }) => attempt === 0) &&
  queue.candidates.every((each) => each.commit !== candidate.commit);

const isStillWanted = (candidate: Candidate | undefined, { attempt }: VerifyRun): boolean =>
  candidate !== undefined && !isGreen(candidate) && candidate.runs.some((run) => run.attempt === attempt && run.verdict === null);

/** A frozen queue starts no run; runs in progress continue. */
const listVerifyEffects = (candidate: Candidate, frozen: Refusal | null): RefineryEffect[] =>
  isGreen(candidate)
    ? []
    : candidate.runs
        .filter(({ verdict, deadline }) => verdict === null && (deadline !== null || !frozen))
        .map(({ attempt, notBefore }) => ({
          kind: "verify",
          commit: candidate.commit,
          attempt,
          notBefore,
          tasks: candidate.items.map(({ task }) => task),
        }));

/** Returns the earlier object if nothing changed, so that nothing is written. */
const keepIfEqual = (before: Queue, after: Queue): Queue => (JSON.stringify(before) === JSON.stringify(after) ? before : after);
