import type { Sha } from "../domain/ids.ts";
import { type Candidate, isBeingVerified, isGreen, type Queue, type VerifyRun } from "../domain/queue.ts";
import { refuse, type Refusal } from "../domain/refusal.ts";
import { syncQueue } from "./sync-queue.ts";
import { isLikelyOutage, applyVerdicts } from "./apply-verdicts.ts";
import { fillSlots } from "./fill-slots.ts";
import { addOutcomes, applyLanding } from "./apply-landing.ts";
import { chooseLanding } from "./choose-landing.ts";
import type { PlannedRef, RefineryEffect, RefineryPlan, RefineryState } from "./refinery-state.ts";

/**
 * What lands now and what is verified next, from the queue and facts alone: the whole refinery, without IO.
 * What lands is exactly a commit that was green on the base as it is; a step is ejected only by red runs on a context that is landed or green.
 */
export const planQueue = (state: RefineryState): RefineryPlan => {
  const before = state.queue;
  const judged = applyVerdicts(syncQueue(state));
  const frozen = judged.frozen ?? findFreeze(state, judged);
  if (frozen) return toRefineryPlan(before, judged.frozen ? judged : freezeQueue(judged, frozen), []);
  const { queue, ejected } = ejectFailedItems(state, judged);
  const ready = queue.landing ? null : chooseLanding(state, queue);
  const landing = state.mergedByGitHub ? null : ready;
  const next = dropObsoleteCandidates(landing ? applyLanding(queue, landing, state.parallel) : queue, landing?.commit ?? state.tip);
  const extra = [...ejected, ...(ready ? [{ kind: landing ? ("land" as const) : ("request-merge" as const), candidate: ready }] : [])];
  const now = landing ? stateAfterLanding(state, landing) : state;
  return toRefineryPlan(before, startDueRuns(state, applyNewConflicts(now, fillSlots(now, next))), extra);
};

/** What a landing makes of the facts: who needed only what landed can be verified on it at once. */
const stateAfterLanding = (state: RefineryState, { commit, items }: Candidate): RefineryState => {
  const gone = new Set(items.map(({ task }) => task));
  const entrants = state.entrants.map((each) => ({ ...each, needs: each.needs.filter((need) => !gone.has(need)) }));
  return { ...state, tip: commit, entrants };
};

/** What turned out to conflict where it was wanted, and does so with the base alone, is resolved now and not at the next turn. */
const applyNewConflicts = (state: RefineryState, queue: Queue): Queue => {
  const unmet = new Set(queue.items.flatMap(({ task, mergedAgainst }) => (mergedAgainst === null ? [task] : [])));
  if (unmet.size === 0) return queue;
  const { items } = syncQueue({ ...state, queue, entrants: state.entrants.filter(({ task }) => unmet.has(task)) });
  const resolving = new Map(items.flatMap((item) => (item.state === "resolving" ? [[item.task, item] as const] : [])));
  return resolving.size === 0 ? queue : { ...queue, items: queue.items.map((item) => resolving.get(item.task) ?? item) };
};

/** Runs whose back-off is over begin their time. */
const startDueRuns = ({ now, timeoutMs }: RefineryState, queue: Queue): Queue => {
  const isDue = (run: VerifyRun): boolean => run.verdict === null && run.deadline === null && run.notBefore <= now;
  if (!queue.candidates.some(({ runs }) => runs.some((run) => isDue(run)))) return queue;
  const start = (run: VerifyRun): VerifyRun => (isDue(run) ? { ...run, deadline: now + timeoutMs } : run);
  return { ...queue, candidates: queue.candidates.map((each) => ({ ...each, runs: each.runs.map((run) => start(run)) })) };
};

/** Red runs of the base alone before it is said to be red: a freeze stops everybody, so a flake or two must not do it. */
const RED_RUNS_BEFORE_FREEZE = 3;

/** Why nothing may land here now: verification that never ends, or a base that is red itself. */
const findFreeze = (state: RefineryState, queue: Queue): Refusal | null => {
  const faulty = queue.candidates.find(({ faults }) => faults >= state.maxFaults);
  if (faulty)
    return refuse(
      "verify-faults",
      `Verification on \`${state.baseBranch}\` ended without a verdict again and again: ${faulty.log}`,
      "/enki retry",
    ).refusal;
  const base = queue.candidates.find((each) => each.items.length === 0 && each.commit === state.tip && !isGreen(each));
  const reds = base?.runs.filter(({ verdict }) => verdict === "red").length ?? 0;
  if (!base || reds < RED_RUNS_BEFORE_FREEZE) return null;
  const why = queue.greenCommits.includes(state.tip)
    ? refuse(
        "outage",
        `Verification of \`${state.baseBranch}\` was green and is red now, with nothing changed: rather the machines than a step.`,
        "/enki retry",
      )
    : refuse(
        "base-red",
        `\`${state.baseBranch}\` itself does not pass verification: nobody is blamed for it.`,
        `fix ${state.baseBranch}, or /enki retry`,
      );
  return why.refusal;
};

/** A freeze is nobody's fault: what was held against steps meanwhile is forgotten. */
const freezeQueue = (queue: Queue, frozen: Refusal): Queue => ({
  ...queue,
  frozen,
  items: queue.items.map((item) => ({ ...item, strikes: 0 })),
  failedGroups: [],
  candidates: queue.candidates.filter((each) => isBeingVerified(each) && each.items.length > 0 && each.faults === 0),
  strikesSinceGreen: 0,
});

type EjectResult = { readonly queue: Queue; readonly ejected: readonly RefineryEffect[] };

const ejectFailedItems = (state: RefineryState, queue: Queue): EjectResult => {
  if (isLikelyOutage(queue)) return { queue, ejected: [] };
  const guilty = queue.items.filter(({ strikes }) => strikes > state.retries);
  if (guilty.length === 0) return { queue, ejected: [] };
  const gone = new Set(guilty.map(({ task }) => task));
  const ejected = guilty.map(({ task, head, failedCommit, log, failedWith = [] }): RefineryEffect => {
    const why = refuse("verification-failed", describeFailure(log), `/enki retry ${task}`).refusal;
    return { kind: "eject", task, head, refusal: why, failedCommit: failedCommit, log, failedWith: failedWith };
  });
  return {
    queue: {
      ...queue,
      items: queue.items.filter(({ task }) => !gone.has(task)),
      candidates: queue.candidates.filter(({ items }) => !items.some(({ task }) => gone.has(task))),
      recentOutcomes: addOutcomes(queue.recentOutcomes, { passed: 0, failed: guilty.length }),
    },
    ejected,
  };
};

/** In the log of a verify job a command's line begins with `$ `: the last of them is the one that failed. */
const describeFailure = (log: string): string => {
  const command = [...log.matchAll(/^\$ (.*)$/gm)].at(-1)?.[1]?.replaceAll("`", "'");
  return command === undefined
    ? "Its candidate did not pass verification."
    : `\`${command}\` failed: its candidate did not pass verification.`;
};

/** Without what is of no more use: verdicts on an earlier base, and a base that was verified. */
const dropObsoleteCandidates = (queue: Queue, tip: Sha): Queue => ({
  ...queue,
  candidates: queue.candidates.filter((each) => {
    if (each.items.length === 0) return each.commit === tip && !isGreen(each);
    return each.onto === tip || (isBeingVerified(each) && !isGreen(each) && queue.greenCommits.includes(each.onto));
  }),
});

/** The plan as refs and effects: what is started, what nobody waits for any more, what landed and what left. */
const toRefineryPlan = (before: Queue, queue: Queue, extra: readonly RefineryEffect[]): RefineryPlan => {
  const land = extra.find((effect) => effect.kind === "land");
  const runs = new Map(queue.candidates.map((each) => [each.commit, each]));
  const refs: PlannedRef[] = [
    ...(land ? [{ kind: "base" as const, commit: land.candidate.commit }] : []),
    ...queue.candidates
      .filter((each) => isBeingVerified(each) && !isGreen(each))
      .map(({ commit }) => ({ kind: "candidate" as const, commit })),
  ];
  const stops = before.candidates.flatMap((each) =>
    each.runs
      .filter((run) => run.verdict === null && !isStillWanted(runs.get(each.commit), run))
      .map(({ attempt }) => ({ kind: "stop" as const, commit: each.commit, attempt })),
  );
  const resolving = queue.items.flatMap(({ task, head, state: at, refusal, mergedAgainst }): RefineryEffect[] =>
    at === "resolving" && refusal && mergedAgainst ? [{ kind: "resolve", task, head, onto: mergedAgainst, refusal: refusal }] : [],
  );
  return {
    queue: keepIfEqual(before, queue),
    refs,
    effects: [...extra, ...resolving, ...stops, ...queue.candidates.flatMap((each) => listVerifyEffects(each, queue.frozen))],
  };
};

const isStillWanted = (candidate: Candidate | undefined, { attempt }: VerifyRun): boolean =>
  candidate !== undefined && !isGreen(candidate) && candidate.runs.some((run) => run.attempt === attempt && run.verdict === null);

/** While nothing lands nothing new is verified either; a run that is on its way goes on. */
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

/** The same object when nothing changed, so that nothing is written. */
const keepIfEqual = (before: Queue, after: Queue): Queue => (JSON.stringify(before) === JSON.stringify(after) ? before : after);
