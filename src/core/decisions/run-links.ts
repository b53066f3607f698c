import { listEndedAttempts } from "../domain/ended-attempts.ts";
import type { Execution } from "../domain/execution.ts";
import { type BranchName, type StepId, type TaskId, toTaskId } from "../domain/ids.ts";
import { type Job, toJobKey } from "../domain/job.ts";
import { findOpenConflict, type Step } from "../domain/step.ts";
import { type RunsByJob, toVerificationKey } from "../messages/attempt-table.ts";
import type { LedgerReader } from "./decision-transaction.ts";

/** The address of an execution's comment; of its issue before the comment exists. */
export const findCommentUrl = (tx: LedgerReader, { id, issue }: Pick<Execution, "id" | "issue">): string => {
  const comment = tx.effectRecord(`write-comment:execution/${id}`)?.number;
  return `${tx.snapshot.repositoryUrl ?? ".."}/issues/${issue}${comment === null || comment === undefined ? "" : `#issuecomment-${comment}`}`;
};

export const toRunUrl = ({ snapshot: { repositoryUrl } }: LedgerReader, run: number | null | undefined): string | null =>
  run === null || run === undefined || repositoryUrl === undefined ? null : `${repositoryUrl}/actions/runs/${run}`;

const findRun = (tx: LedgerReader, job: Job): number | null => tx.effectRecord(`start-job:${toJobKey(job)}`)?.number ?? null;

/** The address of the most informative run for each step of an execution; steps without a known run are left out. */
export const findStepRuns = (tx: LedgerReader, execution: Execution): Readonly<Record<StepId, string>> =>
  Object.fromEntries(
    tx.steps(execution.id).flatMap((step) => {
      const url = toRunUrl(tx, findShownRun(tx, execution, step));
      return url === null ? [] : [[step.id, url]];
    }),
  );

/** The run that resolves a conflict, verifies the head, or rejected it; otherwise that of the last attempt. */
const findShownRun = (tx: LedgerReader, { id, baseBranch }: Execution, step: Step): number | null => {
  const target = toTaskId(id, step.id);
  const worked = findRun(tx, { kind: "work", target, attempt: step.attempt });
  const conflict = findOpenConflict(step);
  if (conflict) return conflict.attempt === 0 ? worked : findRun(tx, { kind: "resolve", target, attempt: conflict.attempt });
  if (step.state === "published") return findVerifyingRun(tx, baseBranch, target) ?? worked;
  const { verification, head } = step;
  return step.state === "failed" && verification?.passed === false && verification.head === head?.sha ? verification.run : worked;
};

const findVerifyingRun = (tx: LedgerReader, base: BranchName, task: TaskId): number | null => {
  const candidate = tx.queue(base).candidates.findLast(({ items }) => items.some((item) => item.task === task));
  const run = candidate?.runs.findLast(({ deadline }) => deadline !== null);
  return candidate && run ? findRun(tx, { kind: "verify", target: candidate.commit, attempt: run.attempt }) : null;
};

/**
 * The addresses of all ended attempts of an execution, and of the last verification of each step. Leaves out running jobs:
 * the table of the steps links their runs, and a run's number alone must not cause an edit of the comment.
 */
export const findJobRuns = (tx: LedgerReader, execution: Execution): RunsByJob =>
  Object.fromEntries(
    [...listEndedAttempts(execution).map((job) => [toJobKey(job), findRun(tx, job)] as const), ...listVerifications(tx, execution)].flatMap(
      ([key, run]) => {
        const url = toRunUrl(tx, run);
        return url === null ? [] : [[key, url]];
      },
    ),
  );

const listVerifications = (tx: LedgerReader, { id }: Execution): (readonly [string, number | null])[] =>
  tx.steps(id).map((step) => [toVerificationKey(step.id), step.verification?.run ?? null] as const);
