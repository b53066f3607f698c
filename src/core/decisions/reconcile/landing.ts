import { followsRules } from "../../domain/decision.ts";
import { refuseMissingBase } from "../../messages/refusals/queues.ts";
import { land as landStep } from "../../domain/step-lifecycle.ts";
import { type BranchName, readTaskId, type Sha, type TaskId } from "../../domain/ids.ts";
import { toJobKey } from "../../domain/job.ts";
import { type Candidate, type Queue } from "../../domain/queue.ts";
import { toHeadRef } from "../../domain/queued-pull.ts";
import { toBranchRef, toCandidateRef, readCandidateRef } from "../../domain/refs.ts";
import { planQueue } from "../../refinery/plan-queue.ts";
import { type QueueEntrant, type RefineryEffect, type RefineryPlan } from "../../refinery/refinery-state.ts";
import { renderFailedTogether } from "../../messages/failed-together.ts";
import { failStep } from "../apply/fail-step.ts";
import { listHeldBases, listActiveBases } from "../step-base.ts";
import { recordPasses, withFailedVerification } from "../step-verification.ts";
import { createLanding, startWorkflowsAfterLanding, areOwnChecksReported, reportOwnChecks, reportReusedVerdict } from "../landings.ts";
import { recordVerdictRuns, toProvenLanding } from "../landing-proofs.ts";
import { findParallelLimits, wakeForNextLook } from "../parallel-limits.ts";
import { withLandingTerms } from "../landing-terms.ts";
import { IN_QUEUE_REFUSAL } from "../../messages/refusals/queues.ts";
import type {
  DecisionTransaction,
  DecisionReader,
  LedgerReader,
  StepWriter,
  QueueWriter,
  RefWriter,
  EffectWriter,
} from "../decision-transaction.ts";
import { JOB_SLACK_MS, MAX_FAULTS } from "../../domain/retry-policy.ts";
import { admitEntrants } from "./admit-entrants.ts";
import { revertFailedResolution, recordConflict } from "./conflicts.ts";
import { withoutOutdatedCandidates } from "./outdated-candidates.ts";
import { removeRefusedWork } from "./refused-candidates.ts";
import { countRequestedJobs } from "../count-requested-jobs.ts";
import { requestJob } from "./scheduling.ts";
import { stopRun } from "./abandoned-runs.ts";
import { findStep } from "../find-step.ts";
import { type Known, UNKNOWN } from "../../domain/known.ts";

/** Lands verified candidates and schedules further verification. A landing and its record are one push. */
export const reconcileLanding = (tx: DecisionTransaction): void => {
  for (const base of listActiveBases(tx)) advanceQueue(tx, base);
};

const advanceQueue = (tx: DecisionTransaction, base: BranchName): void => {
  recordPasses(tx, base);
  recordVerdictRuns(tx, base);
  const tip = tx.baseTip(base);
  const before = tx.queue(base);
  const queue = tip === null ? withMissingBase(before, base) : before;
  const entering = admitUnderTerms(tx, base, { queue, tip });
  if (entering === UNKNOWN) return;
  const { ready, coming } = entering;
  const { refinery } = tx.snapshot.config;
  const limits = { ...findParallelLimits(tx), timeoutMs: refinery.timeoutMs + JOB_SLACK_MS };
  // The checks of a candidate that may land are reported before it lands.
  const landable = new Set<Candidate>();
  const toTarget = (candidate: Candidate) => ({ base, candidate, commit: candidate.commit });
  const planned = planQueue({
    now: tx.now,
    baseBranch: base,
    tip: tip ?? "",
    queue: ready,
    entrants: coming,
    ...limits,
    retries: refinery.retries,
    maxFaults: MAX_FAULTS + 1,
    ...toRefineryTerms(ready),
    checksLineHeadsOnly: followsRules(tx.snapshot, 4),
    publishesKnownTrees: followsRules(tx.snapshot, 6),
    isReported: (candidate) => {
      if (ready.landingTerms?.mode !== "exact") return true;
      landable.add(candidate);
      return areOwnChecksReported(tx, ready, toTarget(candidate));
    },
    attemptsOf: (commit) => countRequestedJobs(tx, "verify", commit),
    mergeChain: (query) => tx.readFact<"merge-chain">(query),
  });
  for (const candidate of landable) reportOwnChecks(tx, ready, toTarget(candidate));
  if (removeRefusedWork(tx, base, planned.queue)) return;
  for (const effect of planned.effects) applyRefineryEffect(tx, base, effect);
  publishPlannedRefs(tx, base, planned.refs);
  const mergeRequest = planned.effects.find((effect) => effect.kind === "request-merge");
  const next = mergeRequest ? withRequestedLanding(tx, planned.queue, mergeRequest.candidate) : planned.queue;
  wakeForNextLook(tx, next, limits);
  storeQueue(tx, base, next);
  deleteUnusedCandidates(tx, base, next);
};

/** The landing terms in the words of the refinery. */
const toRefineryTerms = ({ landingTerms: terms }: Queue) => ({
  reusesVerdicts: terms?.requiresExactCommit !== true,
  landsTogether: terms?.mode !== "each" && terms?.mode !== "queue",
  mergedByGitHub: (terms?.mode ?? "exact") !== "exact",
  stacksResolutions: terms?.method === undefined,
});

type QueueAdmission = { readonly ready: Queue; readonly coming: readonly QueueEntrant[] };

/** Admits entrants under the landing terms, and returns them with the queue. */
const admitUnderTerms = (
  tx: StepWriter & EffectWriter,
  base: BranchName,
  { queue, tip }: { queue: Queue; tip: Sha | null },
): Known<QueueAdmission> => {
  const coming = admitEntrants(tx, base, queue).map((each) => withMergeQueueHold(queue, each));
  const termed = tip === null ? queue : withLandingTerms(tx, base, { queue, tip, wanted: coming.length > 0 });
  const ready = termed === UNKNOWN || tip === null ? termed : withoutOutdatedCandidates(tx, { queue: termed, tip, coming });
  if (ready === UNKNOWN) return UNKNOWN;
  if (ready.landingTerms === queue.landingTerms) return { ready, coming };
  // New rules may require reviews of heads that were free before.
  return { ready, coming: admitEntrants(tx, base, ready).map((each) => withMergeQueueHold(ready, each)) };
};

/** Holds an entrant in GitHub's merge queue: Enki neither verifies nor lands the entrant again, even if the base moves. */
const withMergeQueueHold = ({ landing }: Queue, entrant: QueueEntrant): QueueEntrant =>
  landing?.mode === "queue" && entrant.refusal === null && landing.candidate.items.some(({ task }) => task === entrant.task)
    ? { ...entrant, refusal: IN_QUEUE_REFUSAL }
    : entrant;

/** The queue with the landing that GitHub is asked for now. */
const withRequestedLanding = (tx: DecisionReader, queue: Queue, candidate: Candidate): Queue => {
  tx.wakeAt(queue.askAgainAt ?? null);
  return (queue.askAgainAt ?? 0) > tx.now ? queue : { ...queue, landing: createLanding(tx, queue, candidate) };
};

const applyRefineryEffect = (tx: StepWriter & RefWriter & EffectWriter, base: BranchName, effect: RefineryEffect): void => {
  switch (effect.kind) {
    case "land":
      return landCandidate(tx, base, effect.candidate);
    case "request-merge":
      return;
    case "eject":
      return failEjectedStep(tx, effect);
    case "resolve":
      return recordConflict(tx, effect);
    case "verify":
      return requestVerifyJob(tx, effect);
    case "stop":
      stopRun(tx, toJobKey({ kind: "verify", target: effect.commit, attempt: effect.attempt }));
  }
};

/** Moves the planned refs in the push that saves the plan: the base, and every candidate under verification. */
const publishPlannedRefs = (tx: RefWriter, base: BranchName, refs: RefineryPlan["refs"]): void => {
  for (const { kind, commit } of refs) {
    const ref = kind === "base" ? toBranchRef(base) : toCandidateRef(base, commit);
    if (tx.ref(ref) !== commit) tx.moveRef(ref, commit);
  }
};

/** Requests a verify job. A verify job belongs to the first verified step; a job for the base alone belongs to no step. */
const requestVerifyJob = (tx: EffectWriter, { commit, attempt, notBefore, tasks }: Extract<RefineryEffect, { kind: "verify" }>): void => {
  tx.wakeAt(notBefore);
  if (notBefore > tx.now) return;
  const id = readTaskId(tasks[0] ?? "");
  const title = tasks.map((task) => findTitle(tx, task)).join(", ");
  requestJob(tx, { kind: "verify", execution: id?.execution ?? "", step: id?.step ?? "", target: commit, attempt, title });
};

const findTitle = (tx: LedgerReader, task: TaskId): string => {
  const found = findStep(tx, task);
  return (found && tx.planned(found.execution, found.step.id)?.title) ?? task;
};

const storeQueue = (tx: QueueWriter, base: BranchName, queue: Queue): void => {
  const before = tx.queue(base);
  if (serializeLastingQueue(before) !== serializeLastingQueue(queue)) tx.putQueue(base, queue);
  else if (JSON.stringify(before) !== JSON.stringify(queue)) tx.recordQueue(base, queue);
};

/**
 * The part of a queue worth persisting. Hold reasons are recomputed every round, so a change in them alone does not justify a push. A
 * pending merge with the base is included: otherwise it would be lost every round.
 */
export const serializeLastingQueue = ({ items, ...rest }: Queue): string =>
  JSON.stringify({
    ...rest,
    items: items.map(({ task, head, strikes, passedBefore, mergedAgainst }) => [task, head, strikes, passedBefore, mergedAgainst === null]),
  });

const withMissingBase = (queue: Queue, base: BranchName): Queue => ({
  ...queue,
  frozen: refuseMissingBase(base),
});

const failEjectedStep = (
  tx: StepWriter & RefWriter,
  { task, head, refusal: red, failedCommit, log: last, failedWith }: Extract<RefineryEffect, { kind: "eject" }>,
): void => {
  const known = findStep(tx, task);
  if (known?.step.head?.sha !== head) return;
  const found = { ...known, step: withFailedVerification(tx, known, failedCommit) };
  tx.note(`${task} left the queue: ${red.code}`);
  const others = renderFailedTogether(failedWith.map((each) => findStepTitle(tx, each)));
  const why = {
    ...red,
    ...(others !== "" && { message: `${others}: ${red.message}` }),
    ...(found.execution.landsPull && { next: "/enki land" }),
  };
  const log = others === "" || last === "" ? last : `${others}.\n${last}`;
  if (!revertFailedResolution(tx, { ...found, log })) failStep(tx, { ...found, refusal: why, log });
};

const findStepTitle = (tx: LedgerReader, task: TaskId): string => {
  const found = findStep(tx, task);
  return (found && tx.planned(found.execution, found.step.id)?.title) ?? task;
};

const landCandidate = (tx: StepWriter & RefWriter & EffectWriter, base: BranchName, candidate: Candidate): void => {
  startWorkflowsAfterLanding(tx, base, candidate.commit);
  reportReusedVerdict(tx, base, { candidate, commit: candidate.commit });
  for (const { task, head, merge } of candidate.items) {
    const id = readTaskId(task);
    const step = id && tx.execution(id.execution)?.steps[id.step];
    if (!id || !step) continue;
    // The push names the head: if a person pushes a commit now, the push fails and the step does not land without that commit.
    const execution = tx.execution(id.execution);
    if (execution) tx.expectUnchanged(toHeadRef(execution, id.step));
    const landed = { task, commit: merge, candidate, tip: candidate.commit, method: "merge" as const, tasks: [task] };
    tx.putStep(id.execution, landStep(step, toProvenLanding(tx, landed)));
    tx.note(`${task} landed on ${base} as ${merge.slice(0, 12)} (head ${head.slice(0, 12)})`);
  }
};

/** Deletes candidate refs that are neither verified nor landed, with the next write. */
const deleteUnusedCandidates = (tx: RefWriter, base: BranchName, queue: Queue): void => {
  const kept = new Set([...queue.candidates.map(({ commit }) => commit), ...listHeldBases(tx, base)]);
  for (const ref of Object.keys(tx.snapshot.refs)) {
    const candidate = readCandidateRef(ref);
    if (candidate?.base === base && !kept.has(candidate.commit)) tx.deleteRefLater(ref);
  }
};
