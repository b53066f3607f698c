import type { Sha, TaskId } from "../../src/core/domain/ids.ts";
import { type Candidate, emptyQueue, type Queue } from "../../src/core/domain/queue.ts";
import { planQueue } from "../../src/core/refinery/plan-queue.ts";
import { learnDuration } from "../../src/core/refinery/verify-durations.ts";
import { findNextLook } from "../../src/core/refinery/verify-capacity.ts";
import type { RefineryEffect, RefineryState } from "../../src/core/refinery/refinery-state.ts";
import type { Commit, Head } from "./commits.ts";
import { type Facts, gitFacts } from "./facts.ts";
import type { Ejection, Policy, View } from "./policy.ts";
import { hasStep } from "./steps.ts";

/** Duration of a verify run in milliseconds. */
const CHECK_MS = 600_000;
const TIMEOUT_MS = 10 * CHECK_MS;
/** Time from a freeze to the command of a person that ends it, in checks. */
const THAW_CHECKS = 1;
/** Plans at one time until the queue must be stable; a few are usually enough. */
const MAX_PLANS = 100;

/**
 * The product's own `planQueue`, called as by the coordinator: ready heads are the entrants, requested verify jobs are the runs, the end of a run is
 * recorded in its candidate, and planning repeats until the queue is stable. The answers of git come from the in-memory commit graph.
 * The refinery landed the first base, so the base is known to be green, and the usual durations of its runs are known. Conflicts go to the merger. A
 * person thaws a frozen queue after a while.
 */
export const ours = (retries: number, honors = true, usesLanes = true): Policy => {
  let memory: Memory | null = null;
  return {
    merges: () => memory?.facts.merges() ?? 0,
    decide: (view) => {
      memory ??= begin(view);
      memory.facts.learn(view.tip);
      for (const { step } of view.queue) memory.resolving.delete(step);
      const undone = brokenLines(view);
      if (undone.length > 0) return { land: null, eject: undone, want: [] };
      const now = { ...memory, view, retries, honors, usesLanes };
      let queue = thaw(now, recordVerdicts(now, memory.queue));
      for (let asked = 0; asked < MAX_PLANS; asked += 1) {
        const planned = planQueue(state(now, queue));
        const isSettled = planned.queue === queue;
        memory.queue = queue = planned.queue;
        const ejections = planned.effects.flatMap((effect) => ejection(now, effect));
        const land = planned.effects.find((effect) => effect.kind === "land");
        if (land)
          return {
            land: now.facts.commit(land.candidate.commit) ?? null,
            eject: ejections,
            want: [],
          };
        if (ejections.length > 0 || isSettled)
          return {
            land: null,
            eject: ejections,
            want: listRequestedRuns(now, planned.effects),
            wake: frozenUntil(now, queue) ?? nextLook(now, queue),
          };
      }
      throw new Error("the queue never becomes stable");
    },
  };
};

type Memory = {
  queue: Queue;
  readonly facts: Facts;
  /** Number of recorded verdicts of a candidate's commit. */ readonly recorded: Map<Sha, number>;
  readonly frozen: { since: number | null };
  /** Heads that the merger is resolving, by step. They stay in the product's queue until then. */
  readonly resolving: Map<number, Head>;
};
type Now = Omit<Memory, "queue"> & {
  readonly view: View;
  readonly retries: number;
  /** Whether priorities and the durations of runs count. */ readonly honors: boolean;
  readonly usesLanes: boolean;
};

const begin = ({ tip, merge, conflicts, usualTimes }: View): Memory => ({
  queue: {
    ...emptyQueue,
    landedTip: tip.sha,
    seenTip: tip.sha,
    greenCommits: [tip.sha],
    ...(usualTimes && { durations: [...usualTimes].map(([kind, time]) => ({ kind, ms: Math.round(time * CHECK_MS) })) }),
  },
  facts: gitFacts({ merge, conflicts }),
  recorded: new Map(),
  frozen: { since: null },
  resolving: new Map(),
});

const task = (step: number): TaskId => `abc123-s${step}`;

/** Undoes resolutions on top of heads that left the queue, as the coordinator does. */
const brokenLines = (view: View): Ejection[] => {
  const there = new Set(view.queue.map(({ id }) => id));
  return view.queue.flatMap((head): Ejection[] =>
    unlandedAhead(view, head).every(({ id }) => there.has(id)) ? [] : [{ head, why: "undone", at: view.tip }],
  );
};

const unlandedAhead = ({ tip }: View, { ahead = [] }: Head): readonly Head[] => ahead.filter(({ step }) => !hasStep(tip.steps, step));

const state = ({ view, facts, retries, resolving, honors, usesLanes }: Now, queue: Queue): RefineryState => {
  const unlanded = new Set(view.queue.map(({ step }) => step));
  const waiting = [...resolving.values()].map((head) => ({
    task: task(head.step),
    head: facts.publish(head),
    message: "",
    needs: [],
    refusal: null,
    isBeingResolved: true,
  }));
  return {
    now: Math.round(view.now * CHECK_MS),
    baseBranch: "main",
    tip: view.tip.sha,
    queue,
    entrants: [
      ...waiting,
      ...view.queue.map((head) => ({
        task: task(head.step),
        head: facts.publish(head),
        message: "",
        needs: [...view.needs(head.step).filter((need) => unlanded.has(need)), ...unlandedAhead(view, head).map(({ step }) => step)].map(
          (need) => task(need),
        ),
        refusal: null,
        ...(honors && view.isUrgent?.(head.step) && { rank: 1 }),
        ...(head.resolved && { resolvedPaths: head.resolved }),
        ...(honors && kindOf(view, head)),
        ...(usesLanes && view.laneOf && { lane: view.laneOf(head.step) }),
      })),
    ],
    stacksResolutions: true,
    checksLineHeadsOnly: true,
    publishesKnownTrees: true,
    parallel: view.slots,
    isStarted: isStarted(view, facts, queue),
    retries,
    maxFaults: 3,
    timeoutMs: TIMEOUT_MS,
    reusesVerdicts: true,
    landsTogether: true,
    attemptsOf: (commit) => verdicts(view, facts.commit(commit)).length,
    mergeChain: facts.chain,
  };
};

const kindOf = ({ kindOf }: View, { step }: Head): { verifyKind?: string } => (kindOf ? { verifyKind: kindOf(step) } : {});

/** Whether a run has started. The runs of a commit start in order. */
const isStarted =
  (view: View, facts: Facts, { candidates }: Queue): NonNullable<RefineryState["isStarted"]> =>
  (sha, attempt) => {
    const commit = facts.commit(sha);
    const open = candidates.find((each) => each.commit === sha)?.runs.filter(({ verdict }) => verdict === null) ?? [];
    return open.findIndex((run) => run.attempt === attempt) < ((commit && view.check(commit)?.started) ?? 0);
  };

const verdicts = (view: View, commit: Commit | undefined): readonly ("green" | "red")[] => (commit && view.check(commit)?.verdicts) ?? [];

/** Records the verdicts of ended runs. The first run of a commit ends first. */
const recordVerdicts = ({ view, facts, recorded }: Now, queue: Queue): Queue => {
  const known = new Set(queue.candidates.map(({ commit }) => commit));
  for (const commit of recorded.keys()) if (!known.has(commit)) recorded.delete(commit);
  let learned = queue;
  const write = (candidate: Candidate): Candidate => {
    const all = verdicts(view, facts.commit(candidate.commit));
    const added = all.slice(recorded.get(candidate.commit) ?? all.length);
    if (added.length === 0) return candidate;
    recorded.set(candidate.commit, all.length);
    const runs = candidate.runs.map((run) => {
      const verdict = run.verdict === null ? added.shift() : undefined;
      if (verdict === "green" && run.deadline !== null)
        learned = learnDuration(learned, candidate, Math.round(view.now * CHECK_MS) - (run.deadline - TIMEOUT_MS));
      return verdict ? { ...run, verdict, deadline: null } : run;
    });
    return { ...candidate, runs, faults: 0 };
  };
  const candidates = queue.candidates.map((candidate) => write(candidate));
  return candidates.some((each, at) => each !== queue.candidates[at]) ? { ...learned, candidates } : queue;
};

const thaw = ({ view, frozen }: Now, queue: Queue): Queue => {
  if (!queue.frozen) frozen.since = null;
  else frozen.since ??= view.now;
  return frozen.since !== null && view.now >= frozen.since + THAW_CHECKS ? { ...queue, frozen: null } : queue;
};

const nextLook = (now: Now, queue: Queue): number | null => {
  const at = findNextLook(queue, state(now, queue));
  // Rounding to milliseconds must not give an earlier time.
  return at === null ? null : Math.max(now.view.now, (at + 1) / CHECK_MS);
};

const frozenUntil = ({ view, frozen }: Now, queue: Queue): number | null => {
  if (!queue.frozen) return null;
  if (frozen.since !== null) return null;
  frozen.since = view.now;
  return view.now + THAW_CHECKS;
};

const listRequestedRuns = ({ view, facts, recorded }: Now, effects: readonly RefineryEffect[]): Commit[] =>
  effects.flatMap((effect) => {
    const commit = effect.kind === "verify" ? facts.commit(effect.commit) : undefined;
    if (!commit) return [];
    if (!recorded.has(commit.sha)) recorded.set(commit.sha, verdicts(view, commit).length);
    return [commit];
  });

/** The head without its last resolution. */
const beforeResolution = (head: Head): Head => {
  const { unresolved = head.textual, resolved: _, ahead: __, ...rest } = head;
  return { ...rest, id: -head.id, textual: unresolved };
};

const ejection = ({ view, facts, resolving }: Now, effect: RefineryEffect): Ejection[] => {
  if (effect.kind !== "eject" && effect.kind !== "resolve") return [];
  const head = facts.head(effect.head);
  if (!head) return [];
  if (effect.kind === "resolve") {
    if (resolving.has(head.step)) return [];
    resolving.set(head.step, head);
    return [{ head, why: "conflict", at: facts.commit(effect.onto) ?? view.tip }];
  }
  // The first red result of a resolved head counts against its resolution.
  const why = view.suspectsResolutions && head.resolved && !head.suspected ? "suspected" : "red";
  if (why === "suspected") resolving.set(head.step, beforeResolution(head));
  return [{ head, why, at: facts.commit(effect.failedCommit ?? "") ?? view.tip }];
};
