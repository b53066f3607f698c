import type { Event } from "../domain/event.ts";
import type { Execution } from "../domain/execution.ts";
import { type ExecutionId, type Millis, readTaskId } from "../domain/ids.ts";
import { type Job, type JobKey, type JobResult, readJobKey, toJobKey } from "../domain/job.ts";
import type { Ledger } from "../domain/ledger.ts";
import { readOwn } from "../domain/own-record.ts";
import type { Candidate } from "../domain/queue.ts";
import type { JobTrace } from "./job-spans.ts";
import { listRunningJobs } from "../domain/running-jobs.ts";
import { findTriedStep } from "../domain/tried-step.ts";

/** A saved write of the ledger, with the events that it was decided from. */
export type LedgerChange = { readonly before: Ledger; readonly after: Ledger; readonly events: readonly Event[]; readonly at: Millis };

/** A job whose result the ledger no longer waits for. */
export type EndedJob = {
  readonly job: Job;
  readonly key: JobKey;
  /** When it was requested. */
  readonly from: Millis;
  /** Its run; null if unknown. */
  readonly run: number | null;
  /** The accepted result; null if the job was lost, or is no longer needed. */
  readonly result: JobResult | null;
  /** For the verify job of a candidate: the branch of its queue, and the candidate. */
  readonly verified: { readonly base: string; readonly candidate: Candidate } | null;
  /** The executions to whose trace it belongs. */
  readonly executions: readonly ExecutionId[];
};

/** The accepted result of a job: only its write marks the event as handled. */
const findResult = ({ before, after, events }: LedgerChange, key: JobKey): JobResult | null => {
  for (const event of events)
    if (
      event.kind === "resulted" &&
      event.result.job === key &&
      Object.hasOwn(after.handledEvents, event.id) &&
      !Object.hasOwn(before.handledEvents, event.id)
    )
      return event.result;
  return null;
};

const findVerified = ({ queues }: Ledger, job: Job): EndedJob["verified"] => {
  for (const [base, { candidates }] of Object.entries(queues)) {
    const candidate = candidates.find(({ commit, runs }) => commit === job.target && runs.some(({ attempt }) => attempt === job.attempt));
    if (candidate) return { base, candidate };
  }
  return null;
};

/** The executions with work in a candidate. A base without work is verified for the first item of its queue. */
const listVerifiedExecutions = (ledger: Ledger, { base, candidate }: NonNullable<EndedJob["verified"]>): ExecutionId[] => {
  const items = candidate.items.length > 0 ? candidate.items : (readOwn(ledger.queues, base)?.items.slice(0, 1) ?? []);
  return [...new Set(items.flatMap(({ task }) => readTaskId(task)?.execution ?? []))];
};

const listTriedExecutions = (ledger: Ledger, job: Job): ExecutionId[] => {
  const tried = findTriedStep(ledger, job);
  return tried ? [tried.execution.id] : [];
};

const listExecutions = (ledger: Ledger, job: Job, verified: EndedJob["verified"]): readonly ExecutionId[] => {
  switch (job.kind) {
    case "plan":
      return [job.target];
    case "work":
    case "resolve":
      return [readTaskId(job.target)?.execution ?? ""];
    case "verify":
      return verified === null ? listTriedExecutions(ledger, job) : listVerifiedExecutions(ledger, verified);
  }
};

const pickTraced = (execution: Execution | undefined): Pick<Execution, "id" | "createdAt">[] =>
  execution ? [{ id: execution.id, createdAt: execution.createdAt }] : [];

/** The ledger's part of the trace of a job that is about to end. */
export const findJobTrace = (ledger: Ledger, job: Job): Omit<JobTrace, "phases"> => {
  const ids = listExecutions(ledger, job, job.kind === "verify" ? findVerified(ledger, job) : null);
  const requestedAt = readOwn(ledger.effectRecords, `start-job:${toJobKey(job)}`)?.at ?? null;
  return { job, requestedAt, executions: ids.flatMap((id) => pickTraced(readOwn(ledger.executions, id))) };
};

/** The jobs that ended with a write. A job that was never requested is not one of them. */
export const listEndedJobs = (change: LedgerChange): EndedJob[] => {
  const { before, after } = change;
  const running = new Set(listRunningJobs(after));
  return listRunningJobs(before).flatMap((key) => {
    const job = running.has(key) ? null : readJobKey(key);
    const record = readOwn(after.effectRecords, `start-job:${key}`) ?? readOwn(before.effectRecords, `start-job:${key}`);
    if (job === null || record === undefined || record.refused !== null) return [];
    const verified = job.kind === "verify" ? findVerified(before, job) : null;
    const executions = listExecutions(before, job, verified);
    const { at: from, number: run } = record;
    return [{ job, key, from, run, result: findResult(change, key), verified, executions }];
  });
};
