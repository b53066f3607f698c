import { type Base, isSha, readTaskId, type RefName, type Sha, type TaskId } from "./ids.ts";
import { isJobKind, type JobKey, readJobKey } from "./job.ts";

/** The ledger: one ref, one parent a write. `LEDGER_BRANCH` where a host refuses refs outside `refs/heads`. */
export const LEDGER: RefName = "refs/enki/ledger";
/** Finished executions that the ledger no longer needs. */
export const ARCHIVE: RefName = "refs/enki/archive";
/** Every absorbed result is one more parent of this single ref, because each push pays for every ref there is. */
export const ATTEMPTS: RefName = "refs/enki/attempts";
export const RESULTS = "refs/enki/results/";
const CANDIDATES = "refs/enki/candidates/";
const TASKS = "refs/heads/task/";

export const branchRef = (branch: string): RefName => `refs/heads/${branch}`;

export const taskBranch = (task: TaskId): string => `task/${task}`;
export const taskRef = (task: TaskId): RefName => TASKS + task;
export const readTaskRef = (ref: RefName): TaskId | null => {
  const task = ref.startsWith(TASKS) ? readTaskId(ref.slice(TASKS.length)) : null;
  return task && `${task.execution}-${task.step}`;
};

export const candidateRef = (base: Base, commit: Sha): RefName => `${CANDIDATES}${base}/${commit}`;
export const readCandidateRef = (ref: RefName): { base: Base; commit: Sha } | null => {
  if (!ref.startsWith(CANDIDATES)) return null;
  const at = ref.lastIndexOf("/");
  const [base, commit] = [ref.slice(CANDIDATES.length, at), ref.slice(at + 1)];
  return base !== "" && isSha(commit) ? { base, commit } : null;
};

/** Where what checks branches sees a candidate: a name that was never used before, and stands for no commit. */
const CANDIDATE_BRANCHES = "enki/candidate/";
export const candidateBranch = (name: string): string => CANDIDATE_BRANCHES + name;
export const readCandidateBranch = (ref: RefName): string | null => {
  const start = branchRef(CANDIDATE_BRANCHES);
  return ref.startsWith(start) ? ref.slice(start.length) : null;
};

/** Where a job leaves its result: created once, never moved, removed by the write that absorbs it. */
export const resultRef = (job: JobKey): RefName => RESULTS + job;
export const readResultRef = (ref: RefName): JobKey | null => {
  const key = ref.startsWith(RESULTS) ? readJobKey(ref.slice(RESULTS.length)) : null;
  return key && isJobKind(key.kind) ? `${key.kind}/${key.target}/${key.attempt}` : null;
};
