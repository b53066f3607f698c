import type { Execution } from "./execution.ts";
import { readTaskId, type RefName } from "./ids.ts";
import { type Job, toJobKey } from "./job.ts";
import type { Ledger } from "./ledger.ts";
import { readOwn } from "./own-record.ts";
import { ATTEMPTS_REF, listExecutionRefs, toBranchRef, toCandidateRef, toResultRef, toTrialRef } from "./refs.ts";
import { findTriedStep } from "./tried-step.ts";

/** The refs that contain what a job works on, with its base branch. Names may contain one `*`. */
export const listJobRefs = (ledger: Ledger, job: Job): RefName[] =>
  job.kind === "verify" ? listVerifyRefs(ledger, job) : listWorkRefs(ledger, job);

const listVerifyRefs = (ledger: Ledger, job: Job): RefName[] => {
  const tried = findTriedStep(ledger, job);
  if (tried) return [toBranchRef(tried.execution.baseBranch), toTrialRef(tried.trial.commit)];
  return Object.entries(ledger.queues)
    .filter(([, { candidates }]) => candidates.some(({ commit }) => commit === job.target))
    .flatMap(([base]) => [toBranchRef(base), toCandidateRef(base, "*")]);
};

const listWorkRefs = (ledger: Ledger, job: Job): RefName[] => {
  const execution = readOwn(ledger.executions, job.kind === "plan" ? job.target : (readTaskId(job.target)?.execution ?? ""));
  if (!execution) return [];
  const { baseBranch, id } = execution;
  return [
    ...listBranches(ledger, execution).map(toBranchRef),
    ...(job.kind === "plan" ? [] : [toCandidateRef(baseBranch, "*"), ...listExecutionRefs(id)]),
    // Results of earlier attempts are kept there.
    ...(job.attempt > 1 || job.kind === "resolve" ? [ATTEMPTS_REF] : []),
    `${toResultRef(toJobKey(job))}*`,
  ];
};

const listBranches = ({ briefs }: Ledger, { baseBranch, id }: Execution): string[] => {
  const pull = readOwn(briefs, id)?.pull;
  // A branch of a fork is not in the repository.
  return [baseBranch, ...(pull ? [pull.baseBranch, pull.headRef] : [])].filter((branch) => !branch.includes(":"));
};
