import { followsRules } from "../../domain/decision.ts";
import type { Execution } from "../../domain/execution.ts";
import { type BranchName, toTaskId } from "../../domain/ids.ts";
import { readTrialRef, toTrialRef } from "../../domain/refs.ts";
import { JOB_SLACK_MS } from "../../domain/retry-policy.ts";
import { isAwaitingAnswer, type Step } from "../../domain/step.ts";
import { isTampering, listFindings } from "../../domain/tampering.ts";
import { type HeadTrial, isEndedTrial, toTrialTarget } from "../../domain/trial.ts";
import { listTriedSteps, toTrialJob, type TriedStep } from "../../domain/tried-step.ts";
import { formatTrialMessage } from "../../messages/commit-messages.ts";
import { countOpenRuns } from "../../refinery/fill-slots.ts";
import { readCapacity } from "../../refinery/verify-capacity.ts";
import { putTrial } from "../apply/trial-result.ts";
import type { LedgerReader, StepWriter, RefWriter, EffectWriter } from "../decision-transaction.ts";
import { findParallelLimits } from "../parallel-limits.ts";
import { countRequestedJobs } from "../count-requested-jobs.ts";
import { requestJob } from "./scheduling.ts";
import { stopRun } from "./abandoned-runs.ts";
import { listTamperingBases } from "./tampering.ts";
import { UNKNOWN } from "../../domain/known.ts";

/**
 * Verifies each head with findings once more without its changes to the checks that judge it. Trials use verify slots that no candidate
 * needs, until candidates have stopped one twice. Their verdict opens and closes nothing.
 */
export const reconcileTrials = (tx: StepWriter & RefWriter & EffectWriter): void => {
  if (!followsRules(tx.snapshot, 4)) return;
  for (const execution of tx.executions()) for (const step of tx.steps(execution.id)) reviseTrial(tx, execution, step);
  const bases = new Set(listOpenTrials(tx).map(({ execution }) => execution.baseBranch));
  for (const base of bases) shareSlots(tx, base);
  const kept = new Set(listTriedSteps(tx.ledger()).map(({ trial }) => toTrialRef(trial.commit)));
  for (const ref of Object.keys(tx.snapshot.refs)) if (readTrialRef(ref) !== null && !kept.has(ref)) tx.deleteRefLater(ref);
};

/** Whether a person still has to decide about the head, and commands exist that can judge it. */
const isTrialWanted = (tx: LedgerReader, execution: Execution, step: Step): boolean => {
  if (execution.state !== "running" || (step.state !== "published" && step.state !== "waiting")) return false;
  const isApproved = step.state === "published" && step.approvals?.head === step.head?.sha;
  if (!isTampering(step) || isAwaitingAnswer(step) || isApproved) return false;
  const { refinery, broken } = tx.snapshot.config;
  return broken === null && refinery.verify.length > 0;
};

/** Gives a new head a trial of its own, and stops a trial that nobody needs any longer. A verdict stays with its head. */
const reviseTrial = (tx: StepWriter & EffectWriter, execution: Execution, step: Step): void => {
  const { trial, head } = step;
  const isWanted = isTrialWanted(tx, execution, step);
  const isOwn = trial !== undefined && trial.head === head?.sha;
  if (isOwn && (isWanted || isEndedTrial(trial))) return;
  if (trial?.state === "running" && !stopRun(tx, toTrialJob(trial))) return;
  if (isWanted && head) return putTrial(tx, { execution, step }, { head: head.sha, faults: 0, state: "waiting", notBefore: 0 });
  if (!trial) return;
  const { trial: _, ...rest } = step;
  tx.putStep(execution.id, rest);
};

type OpenTrial = { readonly execution: Execution; readonly step: Step; readonly trial: HeadTrial };

const listOpenTrials = (tx: LedgerReader): OpenTrial[] =>
  tx
    .executions()
    .flatMap((execution) =>
      tx.steps(execution.id).flatMap((step) => (step.trial && !isEndedTrial(step.trial) ? [{ execution, step, trial: step.trial }] : [])),
    );

/** Starts trials in free slots, and stops the newest ones that may be stopped if candidates need their slots. */
const shareSlots = (tx: StepWriter & RefWriter & EffectWriter, base: BranchName): void => {
  const queue = tx.queue(base);
  const limits = findParallelLimits(tx);
  const { slots } = readCapacity(queue, { ...limits, timeoutMs: 0 });
  // Until runs show how many runners there are, a trial may take the only one that a candidate will need.
  const most = limits.firstParallel !== undefined && queue.capacity === undefined ? 1 : slots;
  const free = Math.min(most, Math.max(0, slots - countOpenRuns(queue)));
  const open = listOpenTrials(tx).filter(({ execution }) => execution.baseBranch === base);
  const running = listTriedSteps(tx.ledger())
    .filter(({ execution }) => execution.baseBranch === base)
    .toSorted((one, other) => one.trial.deadline - other.trial.deadline);
  const patient = running.filter((each) => mayGiveWay(tx, each));
  const moved = patient.slice(Math.max(0, free - (running.length - patient.length)));
  for (const each of moved) giveWay(tx, each);
  for (const each of running) if (!moved.includes(each)) requestTrial(tx, each);
  const waiting = open.flatMap(({ trial, ...of }) => (trial.state === "waiting" ? [{ ...of, trial }] : []));
  for (const { trial } of waiting) tx.wakeAt(trial.notBefore);
  const due = waiting.filter(({ trial }) => trial.notBefore <= tx.now);
  for (const each of due.slice(0, Math.max(0, free - running.length))) startTrial(tx, each);
};

/** After these many stops, a trial keeps its slot: a long one would start again and again while candidates come. */
const MAX_STOPS_FOR_CANDIDATES = 2;

/** Each attempt before this one had a fault, or was stopped for a candidate. */
const mayGiveWay = (tx: LedgerReader, { trial: { attempt, faults } }: TriedStep): boolean =>
  attempt - 1 - faults < MAX_STOPS_FOR_CANDIDATES || !followsRules(tx.snapshot, 5);

/** Stops a trial for a candidate. It runs again later, and this counts as no fault. */
const giveWay = (tx: StepWriter & EffectWriter, { execution, step, trial }: TriedStep): void => {
  if (!stopRun(tx, toTrialJob(trial))) return;
  putTrial(tx, { execution, step }, { head: trial.head, faults: trial.faults, state: "waiting", notBefore: 0 });
};

const startTrial = (tx: StepWriter & RefWriter & EffectWriter, { execution, step, trial: { head, faults } }: OpenTrial): void => {
  const onto = listTamperingBases(tx, execution, step);
  if (onto.length === 0) return;
  const task = toTaskId(execution.id, step.id);
  const paths = listFindings(step).map(({ path }) => path);
  const message = formatTrialMessage({ task, head, suffix: tx.snapshot.config.git.commitSuffix });
  const built = tx.readFact<"trial">({ kind: "trial", head, onto, paths, message });
  if (built === UNKNOWN) return;
  const giveUp = (reason: string): void => putTrial(tx, { execution, step }, { head, faults, state: "unknown", reason });
  if (built.kind === "unchanged") return giveUp("Its files are as they were before.");
  if (built.kind === "inseparable") return giveUp(`The tests in ${built.path} cannot be told apart from the code around them.`);
  const ref = toTrialRef(built.commit);
  const refused = tx.refusedCandidates().get(ref);
  if (refused !== undefined) return giveUp(`GitHub refused its commit: ${refused}`);
  if (tx.ref(ref) !== built.commit) tx.moveRef(ref, built.commit);
  const attempt = countRequestedJobs(tx, "verify", toTrialTarget(built.commit)) + 1;
  const deadline = tx.now + tx.snapshot.config.refinery.timeoutMs + JOB_SLACK_MS;
  const trial = { head, faults, state: "running", commit: built.commit, onto: built.onto, attempt, deadline } as const;
  putTrial(tx, { execution, step }, trial);
  requestTrial(tx, { execution, step, trial });
};

const requestTrial = (tx: EffectWriter, { execution, step, trial }: TriedStep): void => {
  const { title = step.id } = tx.planned(execution, step.id) ?? {};
  requestJob(tx, {
    kind: "verify",
    execution: execution.id,
    step: step.id,
    target: toTrialTarget(trial.commit),
    attempt: trial.attempt,
    title: `With the checks as before: ${title}`,
  });
};
