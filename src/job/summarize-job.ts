import { type TaskId, toTaskId } from "../core/domain/ids.ts";
import { readOwn } from "../core/domain/own-record.ts";
import { type Job, type JobResult, toJobKey } from "../core/domain/job.ts";
import type { Ledger } from "../core/domain/ledger.ts";
import { findTriedStep } from "../core/domain/tried-step.ts";
import { renderJobSummary } from "../core/messages/job-summary.ts";
import type { JobSpec } from "./job-spec.ts";
import type { JobHost } from "./repository-state.ts";

/** The tasks that a job verifies: those of a candidate, or of a trial. */
const listVerifiedTasks = (ledger: Ledger, job: Job): readonly TaskId[] => {
  if (job.kind !== "verify") return [];
  const tried = findTriedStep(ledger, job);
  if (tried) return [toTaskId(tried.execution.id, tried.step.id)];
  const candidates = Object.values(ledger.queues).flatMap((queue) => queue.candidates);
  return candidates.find(({ commit }) => commit === job.target)?.items.map(({ task }) => task) ?? [];
};

/** The page of a job's run, in Markdown; empty if its execution is unknown. */
export const summarizeJob = (
  { job, url, now }: JobHost,
  ledger: Ledger,
  { spec, result }: { spec: JobSpec; result: JobResult },
): string => {
  const execution = readOwn(ledger.executions, spec.execution);
  const requestedAt = readOwn(ledger.effectRecords, `start-job:${toJobKey(job)}`)?.at ?? null;
  if (!execution) return "";
  return renderJobSummary({
    job,
    result,
    execution,
    step: spec.step,
    tasks: listVerifiedTasks(ledger, job),
    verify: spec.verify,
    took: requestedAt === null ? null : now() - requestedAt,
    repositoryUrl: url.replace(/\.git$/, ""),
  });
};
