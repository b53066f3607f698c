import {
  refuseLongHold,
  refuseUnansweredPlanner,
  refuseUnansweredStep,
  refuseUnapprovedPlan,
  refuseUnapprovedStep,
} from "../../messages/refusals/deadlines.ts";
import { refuseFailedStart, refusePlaceholder } from "../../messages/refusals/job-starts.ts";
import { followsRules } from "../../domain/decision.ts";
import { fail } from "../../domain/step-lifecycle.ts";
import { type Execution, isPlanning } from "../../domain/execution.ts";
import type { WorkflowRunInfo } from "../../domain/github-facts.ts";
import { type Sha, toTaskId } from "../../domain/ids.ts";
import { type Job, toJobKey, type JobKey } from "../../domain/job.ts";
import type { Queue, VerifyRun } from "../../domain/queue.ts";
import { toBranchRef } from "../../domain/refs.ts";
import type { Refusal } from "../../domain/refusal.ts";
import { findOpenConflict, isAwaitingAnswer, isBeingResolved, isHeldByPerson, type Step } from "../../domain/step.ts";
import { toTrialTarget } from "../../domain/trial.ts";
import { listTriedSteps } from "../../domain/tried-step.ts";
import { findJobRun, STEP_WORKFLOW_FILE } from "../../policy/run-origin.ts";
import { failJob } from "../apply/fail-job.ts";
import { retryFaultyStep } from "../apply/fail-step.ts";
import { failPlanning, retryPlanningAfterFault } from "../apply/plan-result.ts";
import { readRetryClock, retryVerifyRun } from "../apply/verify-result.ts";
import { retryResolution } from "../apply/retry-resolution.ts";
import { retryTrial } from "../apply/trial-result.ts";
import type { DecisionTransaction, DecisionReader, ExecutionWriter, QueueWriter, EffectWriter } from "../decision-transaction.ts";
import { type Known, UNKNOWN } from "../../domain/known.ts";

/** Ends every expired wait: jobs whose run is gone or overdue, and people who did not answer. */
export const reconcileDeadlines = (tx: DecisionTransaction): void => {
  for (const execution of tx.executions()) {
    if (isPlanning(execution)) enforcePlanningDeadline(tx, execution);
    if (execution.state === "proposed" || execution.state === "asking" || execution.amendment?.state === "proposed")
      failUnansweredPlan(tx, execution);
    if (execution.state === "running" || execution.state === "paused") enforceStepDeadlines(tx, execution);
  }
  for (const [base, queue] of Object.entries(tx.ledger().queues)) enforceVerifyDeadlines(tx, base, queue);
  enforceTrialDeadlines(tx);
};

/** Why a job gives no result: a fault, which another attempt may not meet, or a refusal of every attempt. */
type JobLoss = { readonly reason: string; readonly refusal: Refusal | null };

const LATE_LOSS: JobLoss = { reason: "it took longer than allowed", refusal: null };

/** Stops the run of an overdue job. Null while the job may still end. The state of the run is read only if the run was reported as ended or is overdue. */
const enforceJobDeadline = (tx: EffectWriter, job: JobKey, until: number | null): JobLoss | null => {
  tx.wakeAt(until);
  const late = until !== null && tx.now >= until;
  if (until === null || (!late && !tx.isReportedEnded(job))) return null;
  const runs = tx.readFact<"runs">({ kind: "runs" });
  if (runs === UNKNOWN) return null;
  const run = findJobRun(runs, job, tx.snapshot);
  if (run?.state === "done") return findRunLoss(tx, run);
  if (!late) return null;
  if (run) tx.enqueueEffect({ kind: "stop-job", key: `stop-job:${run.id}`, run: run.id });
  return LATE_LOSS;
};

/** Null until the workflow file is read. */
const findRunLoss = (tx: DecisionReader, { conclusion }: WorkflowRunInfo): JobLoss | null => {
  const refusal = findStartFault(tx, conclusion);
  return refusal === UNKNOWN ? null : { reason: "its run ended without a result", refusal };
};

/** Why no run of the workflow file can start; null if another attempt may succeed. */
const findStartFault = (tx: DecisionReader, conclusion: string | null): Known<Refusal | null> => {
  if (!followsRules(tx.snapshot, 2) || (conclusion !== "failure" && conclusion !== "startup_failure")) return null;
  const { defaultBranch, refs } = tx.snapshot;
  const commit = refs[toBranchRef(defaultBranch)];
  const files = commit === undefined ? [] : tx.readFact<"workflow-files">({ kind: "workflow-files", commit });
  if (files === UNKNOWN) return UNKNOWN;
  const placeholder = files.find(({ file }) => file === STEP_WORKFLOW_FILE)?.placeholder;
  if (placeholder !== undefined) return refusePlaceholder(placeholder);
  return conclusion === "startup_failure" ? refuseFailedStart() : null;
};

/** Ends the attempt: fails its job if no attempt can start, else repeats it. */
const endLostJob = (tx: DecisionTransaction, { job, until }: { job: Job; until: number | null }, retry: (reason: string) => void): void => {
  const loss = enforceJobDeadline(tx, toJobKey(job), until);
  if (loss?.refusal) failJob(tx, job, loss.refusal);
  else if (loss) retry(loss.reason);
};

const enforcePlanningDeadline = (tx: DecisionTransaction, execution: Execution): void => {
  const job = { kind: "plan", target: execution.id, attempt: execution.planning.attempt } as const;
  endLostJob(tx, { job, until: execution.planning.deadline }, (reason) => retryPlanningAfterFault(tx, execution, reason));
};

const failUnansweredPlan = (tx: ExecutionWriter, execution: Execution): void => {
  const { deadline } = execution.planning;
  tx.wakeAt(deadline);
  if (deadline === null || tx.now < deadline) return;
  const next = `/enki retry ${execution.id}`;
  const why = execution.state === "asking" ? refuseUnansweredPlanner(next) : refuseUnapprovedPlan(next);
  failPlanning(tx, execution, why);
};

const enforceStepDeadlines = (tx: DecisionTransaction, execution: Execution): void => {
  for (const step of tx.steps(execution.id)) {
    if (isBeingResolved(step)) enforceResolutionDeadline(tx, execution, step);
    if (step.deadline === null) continue;
    if (step.state === "running") {
      const job = { kind: "work", target: toTaskId(execution.id, step.id), attempt: step.attempt } as const;
      endLostJob(tx, { job, until: step.deadline }, (reason) => retryFaultyStep(tx, { execution, step, reason }));
    } else if (step.state === "waiting" && execution.state === "running") {
      tx.wakeAt(step.deadline);
      if (tx.now < step.deadline) continue;
      const next = `/enki retry ${toTaskId(execution.id, step.id)}`;
      const why = isAwaitingAnswer(step)
        ? refuseUnansweredStep(next)
        : isHeldByPerson(step)
          ? refuseLongHold(step.refusal.message, next)
          : refuseUnapprovedStep(next);
      tx.putStep(execution.id, fail(step, why));
    }
  }
};

const enforceResolutionDeadline = (tx: DecisionTransaction, execution: Execution, step: Step): void => {
  const resolution = findOpenConflict(step);
  if (!resolution) return;
  const job = { kind: "resolve", target: toTaskId(execution.id, step.id), attempt: resolution.attempt } as const;
  endLostJob(tx, { job, until: resolution.deadline }, (reason) =>
    retryResolution(tx, { execution, step, resolution }, { reason, fault: true }),
  );
};

const enforceVerifyDeadlines = (tx: DecisionTransaction, base: string, queue: Queue): void => {
  for (const { commit, runs } of queue.candidates)
    for (const { attempt, deadline } of runs.filter((run) => isVerdictAwaited(run)))
      endLostJob(tx, { job: { kind: "verify", target: commit, attempt }, until: deadline }, (reason) =>
        retryLostVerifyRun(tx, base, { commit, attempt, reason }),
      );
};

const enforceTrialDeadlines = (tx: DecisionTransaction): void => {
  for (const tried of listTriedSteps(tx.ledger())) {
    const { commit, attempt, deadline } = tried.trial;
    endLostJob(tx, { job: { kind: "verify", target: toTrialTarget(commit), attempt }, until: deadline }, (reason) =>
      retryTrial(tx, tried, reason),
    );
  }
};

const isVerdictAwaited = ({ verdict, deadline, verified }: VerifyRun): boolean => verdict === null && deadline !== null && !verified;

type LostVerifyRun = { readonly commit: Sha; readonly attempt: number; readonly reason: string };

const retryLostVerifyRun = (tx: QueueWriter, base: string, { commit, attempt, reason }: LostVerifyRun): void => {
  const queue = tx.queue(base);
  const clock = readRetryClock(tx);
  const candidates = queue.candidates.map((candidate) =>
    candidate.commit === commit ? retryVerifyRun(clock, candidate, { attempt, reason }) : candidate,
  );
  tx.putQueue(base, { ...queue, candidates });
};
