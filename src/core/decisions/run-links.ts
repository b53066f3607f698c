import type { Execution } from "../domain/execution.ts";
import { type StepId, toTaskId } from "../domain/ids.ts";
import { type Job, toJobKey } from "../domain/job.ts";
import { findOpenConflict, type Step } from "../domain/step.ts";
import type { DecisionReader } from "./decision-transaction.ts";

/** The address of an execution's comment; of its issue before the comment exists. */
export const findCommentUrl = (tx: DecisionReader, { id, issue }: Pick<Execution, "id" | "issue">): string => {
  const comment = tx.effectRecord(`write-comment:execution/${id}`)?.number;
  return `${tx.snapshot.repositoryUrl ?? ".."}/issues/${issue}${comment === null || comment === undefined ? "" : `#issuecomment-${comment}`}`;
};

/** The addresses of the runs that show most about the steps of an execution now; a step without a known run is missing. */
export const findStepRuns = (tx: DecisionReader, execution: Execution): Readonly<Record<StepId, string>> => {
  const { repositoryUrl } = tx.snapshot;
  if (repositoryUrl === undefined) return {};
  return Object.fromEntries(
    tx.steps(execution.id).flatMap((step) => {
      const job = findShownJob(tx, execution, step);
      const run = job && tx.effectRecord(`start-job:${toJobKey(job)}`)?.number;
      return run ? [[step.id, `${repositoryUrl}/actions/runs/${run}`]] : [];
    }),
  );
};

/** The attempt of a running or failed step, or the job that resolves its conflict or verifies it. */
const findShownJob = (tx: DecisionReader, { id, baseBranch }: Execution, step: Step): Job | null => {
  const task = toTaskId(id, step.id);
  const conflict = findOpenConflict(step);
  if (conflict) return conflict.deadline === null ? null : { kind: "resolve", target: task, attempt: conflict.attempt };
  if (step.state === "running" || (step.state === "failed" && !step.head)) return { kind: "work", target: task, attempt: step.attempt };
  if (step.state !== "published") return null;
  const candidate = tx.queue(baseBranch).candidates.findLast(({ items }) => items.some((item) => item.task === task));
  const run = candidate?.runs.findLast(({ deadline }) => deadline !== null);
  return candidate && run ? { kind: "verify", target: candidate.commit, attempt: run.attempt } : null;
};
