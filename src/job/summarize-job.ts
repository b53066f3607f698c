import type { TaskId } from "../core/domain/ids.ts";
import { readOwn } from "../core/domain/own-record.ts";
import { type Job, type JobResult, toJobKey } from "../core/domain/job.ts";
import type { Ledger } from "../core/domain/ledger.ts";
import { renderJobSummary } from "../core/messages/job-summary.ts";
import type { JobSpec } from "./job-spec.ts";
import type { JobHost } from "./repository-state.ts";

/** The tasks of the candidate that a job verifies. */
const listVerifiedTasks = ({ queues }: Ledger, { kind, target }: Job): readonly TaskId[] =>
  kind === "verify"
    ? (Object.values(queues)
        .flatMap(({ candidates }) => candidates)
        .find(({ commit }) => commit === target)
        ?.items.map(({ task }) => task) ?? [])
    : [];

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
