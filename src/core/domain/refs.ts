import { type BranchName, type ExecutionId, isSha, readTaskId, type RefName, type Sha, type TaskId } from "./ids.ts";
import { isJobKind, type JobKey, readJobKey } from "./job.ts";

/** The ledger's ref; every write is a commit with a single parent. */
export const LEDGER_REF: RefName = "refs/enki/ledger";
/** Finished executions that left the ledger. */
export const ARCHIVE_REF: RefName = "refs/enki/archive";
/** Statements about landings, each in a file named after the landed commit. */
export const PROOFS_REF: RefName = "refs/enki/proofs";
/** Two folders, because a landing writes each of its folders again. */
export const toProofPath = (commit: Sha): string => `${commit.slice(0, 2)}/${commit.slice(2, 4)}/${commit.slice(4)}.json`;
/** Each applied result becomes a parent of a commit on this one ref, because every ref slows down every push. */
export const ATTEMPTS_REF: RefName = "refs/enki/attempts";
export const REFUSED_PREFIX = "refs/enki/refused/";
export const RESULTS_PREFIX = "refs/enki/results/";
const CANDIDATES_PREFIX = "refs/enki/candidates/";
const TASKS_PREFIX = "refs/heads/task/";

export const toBranchRef = (branch: string): RefName => `refs/heads/${branch}`;

export const toTaskBranch = (task: TaskId): string => `task/${task}`;
export const toTaskRef = (task: TaskId): RefName => TASKS_PREFIX + task;
export const readTaskRef = (ref: RefName): TaskId | null => {
  const task = ref.startsWith(TASKS_PREFIX) ? readTaskId(ref.slice(TASKS_PREFIX.length)) : null;
  return task && `${task.execution}-${task.step}`;
};

/** Keeps the head of a fork's pull request in the queue, so that every clone has its commits. */
const PULL_HEADS_PREFIX = "refs/enki/pulls/";
export const toPullHeadRef = (task: TaskId): RefName => PULL_HEADS_PREFIX + task;
/** Patterns of the refs with the work of an execution's steps. */
export const listExecutionRefs = (execution: ExecutionId): RefName[] =>
  [TASKS_PREFIX, PULL_HEADS_PREFIX].map((prefix) => `${prefix}${execution}-*`);
export const readPullHeadRef = (ref: RefName): TaskId | null => {
  const task = ref.startsWith(PULL_HEADS_PREFIX) ? readTaskId(ref.slice(PULL_HEADS_PREFIX.length)) : null;
  return task && `${task.execution}-${task.step}`;
};

export const toCandidateRef = (base: BranchName, commit: Sha): RefName => `${CANDIDATES_PREFIX}${base}/${commit}`;
export const readCandidateRef = (ref: RefName): { base: BranchName; commit: Sha } | null => {
  if (!ref.startsWith(CANDIDATES_PREFIX)) return null;
  const at = ref.lastIndexOf("/");
  const [base, commit] = [ref.slice(CANDIDATES_PREFIX.length, at), ref.slice(at + 1)];
  return base !== "" && isSha(commit) ? { base, commit } : null;
};

/** Keeps the commit of a running trial, apart from the candidates. */
const TRIALS_PREFIX = "refs/enki/trials/";
export const toTrialRef = (commit: Sha): RefName => TRIALS_PREFIX + commit;
export const readTrialRef = (ref: RefName): Sha | null => {
  const commit = ref.startsWith(TRIALS_PREFIX) ? ref.slice(TRIALS_PREFIX.length) : "";
  return isSha(commit) ? commit : null;
};

/** Branches through which a branch-triggered workflow checks a candidate. Each name is used once and is not derived from a commit. */
const CANDIDATE_BRANCH_PREFIX = "enki/candidate/";
export const toCandidateBranch = (name: string): string => CANDIDATE_BRANCH_PREFIX + name;
export const readCandidateBranch = (ref: RefName): string | null => {
  const start = toBranchRef(CANDIDATE_BRANCH_PREFIX);
  return ref.startsWith(start) ? ref.slice(start.length) : null;
};

/** Keeps a commit that somebody else put in the place of the ledger or the archive. */
export const toRefusedRef = (commit: Sha): RefName => REFUSED_PREFIX + commit;
export const readRefusedRef = (ref: RefName): Sha | null => {
  const commit = ref.startsWith(REFUSED_PREFIX) ? ref.slice(REFUSED_PREFIX.length) : "";
  return isSha(commit) ? commit : null;
};

/** Keeps a commit that somebody else put in the place of the proofs. Issues report only ledgers. */
export const toRefusedProofsRef = (commit: Sha): RefName => `${REFUSED_PREFIX}proofs/${commit}`;

/** Requests by jobs of CI: each ref is created once, and deleted by the write that applies the request. */
export const REQUESTS_PREFIX = "refs/enki/requests/";
export const toRequestRef = (name: string): RefName => REQUESTS_PREFIX + name;

/** The ref of a job's result: created once, never moved, deleted by the write that applies the result. */
export const toResultRef = (job: JobKey): RefName => RESULTS_PREFIX + job;
export const readResultRef = (ref: RefName): JobKey | null => {
  const key = ref.startsWith(RESULTS_PREFIX) ? readJobKey(ref.slice(RESULTS_PREFIX.length)) : null;
  return key && isJobKind(key.kind) ? `${key.kind}/${key.target}/${key.attempt}` : null;
};

/** Whether a decision can do without the move: true for branches, candidates, trials and heads of forks, false for the ledger's own refs. */
export const isWorkRef = (ref: RefName): boolean =>
  ref.startsWith("refs/heads/") || readCandidateRef(ref) !== null || readTrialRef(ref) !== null || readPullHeadRef(ref) !== null;
