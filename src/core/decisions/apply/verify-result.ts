import { followsRules } from "../../domain/decision.ts";
import type { Job, JobResult } from "../../domain/job.ts";
import { type Candidate, hasRequiredChecks, type Queue, type VerifyRun } from "../../domain/queue.ts";
import { backOffMs, JOB_SLACK_MS } from "../../domain/retry-policy.ts";
import type { RefineryState } from "../../refinery/refinery-state.ts";
import { recordFlakes } from "../../refinery/flaky-checks.ts";
import { learnDuration } from "../../refinery/verify-durations.ts";
import { countRequestedJobs } from "../count-requested-jobs.ts";
import type { LedgerReader, QueueWriter } from "../decision-transaction.ts";

/** Applies the end of a verify job to the waiting candidate. */
export const applyVerifyResult = (tx: QueueWriter, job: Job, result: JobResult): void => {
  for (const [base, queue] of Object.entries(tx.ledger().queues)) {
    const { timeoutMs } = tx.snapshot.config.refinery;
    const next = applyVerdict({ ...readRetryClock(tx), timeoutMs }, queue, { job, result });
    if (next === queue) continue;
    tx.putQueue(base, result.end === "success" ? learnFromRun(tx, { before: queue, next }, job) : next);
    tx.note(`candidate ${job.target.slice(0, 12)}: ${result.end}`);
  }
};

/** Learns how long a green run took. */
const learnFromRun = (tx: LedgerReader, { before, next }: { before: Queue; next: Queue }, job: Job): Queue => {
  const candidate = before.candidates.find(({ commit }) => commit === job.target);
  const deadline = candidate && findPendingRun(candidate, job.attempt)?.deadline;
  if (!candidate || typeof deadline !== "number") return next;
  const requestedAt = deadline - tx.snapshot.config.refinery.timeoutMs - JOB_SLACK_MS;
  return learnDuration(next, candidate, Math.max(0, tx.now - requestedAt));
};

type RetryClock = Pick<RefineryState, "now" | "attemptsOf">;

/** Earlier versions did not count the runs that another base requested for the same commit. */
export const readRetryClock = (tx: LedgerReader): RetryClock => ({
  now: tx.now,
  attemptsOf: (commit) => (followsRules(tx.snapshot, 5) ? countRequestedJobs(tx, "verify", commit) : 0),
});

/** `timeoutMs`: the time limit of verification. */
type VerifyClock = RetryClock & Pick<RefineryState, "timeoutMs">;
type VerifyTarget = { readonly queue: Queue; readonly candidate: Candidate };
type VerifyJobEnd = {
  readonly job: Pick<Job, "target" | "attempt">;
  readonly result: Pick<JobResult, "end" | "reason" | "output" | "failures">;
};

/** The queue with the result of a verify job; the same queue if no candidate waits for that job. */
export const applyVerdict = (clock: VerifyClock, queue: Queue, { job, result }: VerifyJobEnd): Queue => {
  const at = queue.candidates.findIndex((each) => each.commit === job.target && findPendingRun(each, job.attempt) !== undefined);
  const candidate = queue.candidates[at];
  if (!candidate) return queue;
  const candidates = queue.candidates.with(at, recordVerdict(clock, { queue, candidate }, { job, result }));
  return countFlakes(clock, { queue: { ...queue, candidates }, candidate }, result);
};

/** A job without a verdict says nothing about its commands. */
const countFlakes = ({ now }: VerifyClock, { queue, candidate }: VerifyTarget, result: VerifyJobEnd["result"]): Queue => {
  const isGreen = result.end === "success";
  if (!isGreen && result.end !== "failed") return queue;
  const { flakiness: before, ...rest } = queue;
  const { tree } = candidate;
  const flakiness = recordFlakes(before, { tree, isGreen, failures: result.failures ?? [], now });
  return flakiness ? { ...rest, flakiness } : rest;
};

/** The attempt's run, if the run has no verdict yet. */
const findPendingRun = ({ runs }: Candidate, attempt: number): VerifyRun | undefined =>
  runs.find((run) => run.attempt === attempt && run.verdict === null);

const recordVerdict = (clock: VerifyClock, { queue, candidate }: VerifyTarget, { job, result }: VerifyJobEnd): Candidate => {
  if (result.end !== "success" && result.end !== "failed")
    return retryVerifyRun(clock, candidate, { attempt: job.attempt, reason: result.reason || result.end });
  if (result.end === "success" && queue.landingTerms && hasRequiredChecks(queue.landingTerms))
    return awaitRequiredChecks(clock, candidate, job.attempt);
  const verdict = result.end === "success" ? "green" : "red";
  const log = verdict === "red" ? result.output : candidate.log;
  const runs = candidate.runs.map((run) => (run.attempt === job.attempt ? ({ ...run, verdict, deadline: null } as const) : run));
  return { ...candidate, runs, faults: 0, log };
};

/** Waits for the required checks after a successful verify job, for at most the verification timeout. */
const awaitRequiredChecks = ({ now, timeoutMs }: VerifyClock, candidate: Candidate, attempt: number): Candidate => {
  const runs = candidate.runs.map((run) =>
    run.attempt === attempt ? ({ ...run, deadline: now + timeoutMs, verified: true } as const) : run,
  );
  return { ...candidate, runs };
};

type VerifyFault = { readonly attempt: number; readonly reason: string };

/** Schedules another verify run with back-off after a fault. Faults never count against a step. */
export const retryVerifyRun = ({ now, attemptsOf }: RetryClock, candidate: Candidate, { attempt, reason }: VerifyFault): Candidate => {
  const faults = candidate.faults + 1;
  const next = Math.max(attemptsOf(candidate.commit), ...candidate.runs.map((run) => run.attempt)) + 1;
  const again: VerifyRun = { attempt: next, deadline: null, notBefore: now + backOffMs(faults), verdict: null };
  return { ...candidate, runs: candidate.runs.map((run) => (run.attempt === attempt ? again : run)), faults, log: reason };
};
