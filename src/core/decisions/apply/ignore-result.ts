import type { Event } from "../../domain/event.ts";
import { type ExecutionId, readTaskId, type RefName, type Sha } from "../../domain/ids.ts";
import { type Job, type JobKey, type JobResult, readJobKey } from "../../domain/job.ts";
import { followsRules } from "../../domain/decision.ts";
import { findOpenConflict, mayLeaveWork } from "../../domain/step.ts";
import { isPlanning } from "../../domain/execution.ts";
import { findTriedStep } from "../../domain/tried-step.ts";
import type { LedgerReader, ExecutionWriter, RefWriter } from "../decision-transaction.ts";
import { findStep } from "../find-step.ts";

type MisplacedEvent = Extract<Event, { kind: "misplaced" }>;

/** Whether a state waits for the result of a job. */
export const isAwaited = (tx: LedgerReader, job: Job): boolean => {
  if (job.kind === "verify") return findCandidate(tx, job) !== null || findTriedStep(tx.ledger(), job) !== undefined;
  if (job.kind === "plan") {
    const execution = tx.execution(job.target);
    return execution !== undefined && isPlanning(execution) && execution.planning.attempt === job.attempt;
  }
  const step = findStep(tx, job.target)?.step;
  if (!step) return false;
  if (job.kind === "work") return step.state === "running" && step.attempt === job.attempt;
  const conflict = findOpenConflict(step);
  return conflict?.attempt === job.attempt && conflict.deadline !== null;
};

/** Whether a result only brings what a stopped attempt wrote. */
export const isLeftWork = (tx: LedgerReader, job: Job, { kept = [] }: JobResult): boolean => {
  const step = job.kind === "work" ? findStep(tx, job.target)?.step : undefined;
  return step?.attempt === job.attempt && mayLeaveWork(step) && kept.length > 0 && followsRules(tx.snapshot, 1);
};

/** The candidate of a verify job without a verdict. */
const findCandidate = (tx: LedgerReader, { target, attempt }: Job) => {
  for (const { candidates } of Object.values(tx.ledger().queues)) {
    const found = candidates.find(
      ({ commit, runs }) => commit === target && runs.some((run) => run.attempt === attempt && run.verdict === null),
    );
    if (found) return found;
  }
  return null;
};

/** The executions that a result of the job would change. */
const listConcernedExecutions = (tx: LedgerReader, job: Job): readonly ExecutionId[] => {
  if (job.kind === "plan") return [job.target];
  const tried = findTriedStep(tx.ledger(), job);
  if (tried) return [tried.execution.id];
  const tasks = job.kind === "verify" ? (findCandidate(tx, job)?.items ?? []).map(({ task }) => task) : [job.target];
  return [...new Set(tasks.flatMap((task) => readTaskId(task)?.execution ?? []))];
};

type IgnoredRef = {
  readonly ref: RefName;
  readonly commit: Sha;
  readonly job: JobKey;
  /** The end that the content states. */ readonly claim: string;
  readonly why: string;
};

/** Deletes the ref of a result and causes a write. */
export const deleteResultRef = (tx: RefWriter, { ref, commit }: { ref: RefName; commit: Sha }): void => {
  if (tx.snapshot.refs[ref] === commit) tx.moveRef(ref, null);
};

/** Deletes a forged ref and shows the deletion on the executions of its job. */
export const ignoreForgedResult = (tx: ExecutionWriter & RefWriter, { ref, commit, job: key, claim, why }: IgnoredRef): void => {
  deleteResultRef(tx, { ref, commit });
  tx.note(`${ref} was ignored: ${why}`);
  const job = readJobKey(key);
  if (!job || !isAwaited(tx, job)) return;
  for (const id of listConcernedExecutions(tx, job)) {
    const execution = tx.execution(id);
    if (!execution) continue;
    const count = (execution.ignoredResults?.count ?? 0) + 1;
    tx.putExecution({ ...execution, ignoredResults: { count, ref, claim } });
  }
};

/** Deletes a ref without a result or a request. */
export const applyMisplaced = (tx: ExecutionWriter & RefWriter, { ref, commit, job, fault }: MisplacedEvent): void => {
  if (job !== null)
    return ignoreForgedResult(tx, { ref, commit, job, claim: fault === "foreign-ledger" ? fault : "no-result", why: fault });
  deleteResultRef(tx, { ref, commit });
  tx.note(`${ref} was deleted: it ${fault === "no-request" ? "holds no request" : "names no job"}`);
};
