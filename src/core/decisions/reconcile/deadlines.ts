import {
  refuseLongHold,
  refuseUnansweredPlanner,
  refuseUnansweredStep,
  refuseUnapprovedPlan,
  refuseUnapprovedStep,
} from "../../messages/refusals/deadlines.ts";
import { fail } from "../../domain/step-lifecycle.ts";
import { type Execution, isPlanning } from "../../domain/execution.ts";
import { toTaskId } from "../../domain/ids.ts";
import { toJobKey, type JobKey } from "../../domain/job.ts";
import type { Candidate, Queue, VerifyRun } from "../../domain/queue.ts";
import { findOpenConflict, isAwaitingAnswer, isBeingResolved, isHeldByPerson, type Step } from "../../domain/step.ts";
import { findJobRun } from "../../policy/run-origin.ts";
import { retryFaultyStep } from "../apply/fail-step.ts";
import { failPlanning, retryPlanningAfterFault } from "../apply/plan-result.ts";
import { retryVerifyRun } from "../apply/verify-result.ts";
import { retryResolution } from "../apply/retry-resolution.ts";
import type { DecisionTransaction } from "../decision-transaction.ts";

/** Ends every expired wait: jobs whose run is gone or overdue, and people who did not answer. */
export const reconcileDeadlines = (tx: DecisionTransaction): void => {
  for (const execution of tx.executions()) {
    if (isPlanning(execution)) enforcePlanningDeadline(tx, execution);
    if (execution.state === "proposed" || execution.state === "asking" || execution.amendment?.state === "proposed")
      failUnansweredPlan(tx, execution);
    if (execution.state === "running" || execution.state === "paused") enforceStepDeadlines(tx, execution);
  }
  for (const [base, queue] of Object.entries(tx.ledger().queues)) enforceVerifyDeadlines(tx, base, queue);
};

type JobLiveness = "alive" | "gone" | "late";

/** Stops the run of an overdue job. Returns the state of the run, which is read only if the run was reported as ended or is overdue. */
const enforceJobDeadline = (tx: DecisionTransaction, job: JobKey, until: number | null): JobLiveness => {
  tx.wakeAt(until);
  const late = until !== null && tx.now >= until;
  if (until === null || (!late && !tx.isReportedEnded(job))) return "alive";
  const runs = tx.readFact<"runs">({ kind: "runs" });
  if (!runs) return "alive";
  const run = findJobRun(runs, job, tx.snapshot);
  if (run?.state === "done") return "gone";
  if (!late) return "alive";
  if (run) tx.enqueueEffect({ kind: "stop-job", key: `stop-job:${run.id}`, run: run.id });
  return "late";
};

const describeJobLoss = (verdict: "gone" | "late"): string =>
  verdict === "gone" ? "its run ended without a result" : "it took longer than it may";

const enforcePlanningDeadline = (tx: DecisionTransaction, execution: Execution): void => {
  const job = toJobKey({ kind: "plan", target: execution.id, attempt: execution.planning.attempt });
  const verdict = enforceJobDeadline(tx, job, execution.planning.deadline);
  if (verdict !== "alive") retryPlanningAfterFault(tx, execution, describeJobLoss(verdict));
};

const failUnansweredPlan = (tx: DecisionTransaction, execution: Execution): void => {
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
      const job = toJobKey({ kind: "work", target: toTaskId(execution.id, step.id), attempt: step.attempt });
      const verdict = enforceJobDeadline(tx, job, step.deadline);
      if (verdict !== "alive") retryFaultyStep(tx, { execution, step, reason: describeJobLoss(verdict) });
    } else if (step.state === "waiting" && execution.state === "running") {
      tx.wakeAt(step.deadline);
      if (tx.now < step.deadline) continue;
      const next = `/enki retry ${toTaskId(execution.id, step.id)}`;
      const why = isAwaitingAnswer(step)
        ? refuseUnansweredStep(next)
        : isHeldByPerson(step) && step.refusal
          ? refuseLongHold(step.refusal.message, next)
          : refuseUnapprovedStep(next);
      tx.putStep(execution.id, fail(step, why));
    }
  }
};

const enforceResolutionDeadline = (tx: DecisionTransaction, execution: Execution, step: Step): void => {
  const resolution = findOpenConflict(step);
  if (!resolution) return;
  const job = toJobKey({ kind: "resolve", target: toTaskId(execution.id, step.id), attempt: resolution.attempt });
  const verdict = enforceJobDeadline(tx, job, resolution.deadline);
  if (verdict !== "alive") retryResolution(tx, { execution, step, resolution }, { reason: describeJobLoss(verdict), fault: true });
};

const enforceVerifyDeadlines = (tx: DecisionTransaction, base: string, queue: Queue): void => {
  const next = queue.candidates.map((candidate) => candidate.runs.reduce((at, run) => retryLostVerifyRun(tx, at, run), candidate));
  if (next.some((candidate, at) => candidate !== queue.candidates[at])) tx.putQueue(base, { ...queue, candidates: next });
};

const retryLostVerifyRun = (
  tx: DecisionTransaction,
  candidate: Candidate,
  { attempt, verdict, deadline, verified }: VerifyRun,
): Candidate => {
  if (verdict !== null || deadline === null || verified) return candidate;
  const end = enforceJobDeadline(tx, toJobKey({ kind: "verify", target: candidate.commit, attempt }), deadline);
  return end === "alive" ? candidate : retryVerifyRun(tx, candidate, { attempt, reason: describeJobLoss(end) });
};
