import { type Execution, hasEnded } from "../../domain/execution.ts";
import { type ExecutionId, type Millis, readTaskId, type TaskId } from "../../domain/ids.ts";
import { type Job, readJobKey } from "../../domain/job.ts";
import type { EffectRecord } from "../../domain/ledger.ts";
import { listNeededTasks } from "../../domain/plan.ts";
import { isBeingResolved } from "../../domain/step.ts";
import { isEndedTrial, readTrialTarget } from "../../domain/trial.ts";
import { readTaskRef } from "../../domain/refs.ts";
import type { LedgerReader, ExecutionWriter, EffectWriter } from "../decision-transaction.ts";
import { PERSON_WAIT_MS } from "../../domain/retry-policy.ts";
import { DAY_MS } from "../../domain/durations.ts";

/**
 * The time for which a finished or cancelled execution stays in the ledger without activity. A failed execution stays as long as a person
 * may retry.
 */
const ARCHIVE_AFTER_MS: Millis = 7 * DAY_MS;

/**
 * Keeps the ledger small: moves finished executions to the archive and deletes old effect records that no longer prevent a repetition.
 * Saved with the next write.
 */
export const reconcileArchiving = (tx: ExecutionWriter & EffectWriter): void => {
  const traces = Object.entries(tx.ledger().effectRecords);
  archiveRestingExecutions(tx, traces);
  const old = traces.filter(([, { at }]) => at < tx.now - DAY_MS);
  if (old.length === 0) return;
  const needed = createNeededKeyTest(tx);
  for (const [key] of old) if (!needed(key)) tx.deleteEffectRecord(key);
};

const archiveRestingExecutions = (tx: ExecutionWriter, traces: readonly (readonly [string, EffectRecord])[]): void => {
  const resting = tx.executions().filter((each) => hasEnded(each) && each.createdAt < tx.now - ARCHIVE_AFTER_MS);
  if (resting.length === 0) return;
  const named = listNeededExecutions(tx);
  const mine = new Map<ExecutionId, EffectRecord[]>(resting.map(({ id }) => [id, []]));
  for (const [key, trace] of traces) mine.get(findKeyOwner(key) ?? "")?.push(trace);
  for (const execution of resting) {
    // An execution that this decision changed is not at rest, however old its last activity: a wait that ended leaves something to retry.
    if (tx.snapshot.ledger.executions[execution.id] !== execution) continue;
    if (named.has(execution.id) || !isRestingExecution(tx, execution, mine.get(execution.id) ?? [])) continue;
    tx.dropExecution(execution.id);
    tx.note(`${execution.id} archived`);
  }
};

const isRestingExecution = (tx: LedgerReader, execution: Execution, traces: readonly EffectRecord[]): boolean => {
  const settled = traces.every(({ digest, refused }) => digest !== null || refused !== null);
  const stopped =
    execution.planning.deadline === null &&
    tx.steps(execution.id).every((step) => step.deadline === null && !isBeingResolved(step) && step.trial?.state !== "running");
  const last = Math.max(execution.createdAt, ...traces.map(({ at }) => at));
  return settled && stopped && last < tx.now - (execution.state === "failed" ? PERSON_WAIT_MS : ARCHIVE_AFTER_MS);
};

/**
 * Executions with tasks needed by an unfinished execution, or with work under a step of another execution: a failed step may be retried.
 */
const listNeededExecutions = (tx: LedgerReader): ReadonlySet<ExecutionId> => {
  const live = tx.executions().filter((each) => !hasEnded(each));
  const needed = live.flatMap(({ plan }) => (tx.plan(plan)?.steps ?? []).flatMap((step) => listNeededTasks(step)));
  const below = tx.executions().flatMap(({ id }) => listTasksBelow(tx, id).filter((task) => readTaskId(task)?.execution !== id));
  const tasks = [...needed, ...below];
  return new Set(tasks.flatMap((task) => readTaskId(task)?.execution ?? []));
};

const listTasksBelow = (tx: LedgerReader, id: ExecutionId): TaskId[] =>
  tx.steps(id).flatMap(({ builtOn, resolution }) => [...builtOn, ...(resolution?.line?.ahead ?? [])].map(({ task }) => task));

const stripKeyPrefix = (key: string, start: string): string | null => (key.startsWith(start) ? key.slice(start.length) : null);

/** The execution behind an effect; null if the effect's key names no execution. */
const findKeyOwner = (key: string): ExecutionId | null => {
  const whole = stripKeyPrefix(key, "write-comment:execution/") ?? stripKeyPrefix(key, "close-issue:");
  return (
    whole ??
    findJobOwner(key) ??
    findNoticeOwner(key) ??
    readTaskId(stripKeyPrefix(key, "open-pull:") ?? readTaskRef(stripKeyPrefix(key, "keep-branch:") ?? "") ?? "")?.execution ??
    null
  );
};

/** Keys of notices are `<effect>/<execution>/<ids>`. */
const findNoticeOwner = (key: string): ExecutionId | null =>
  /^(?:write-comment:notice\/|request-review:|post-notice:)([0-9a-f]+)\//.exec(key)?.[1] ?? null;

const readStartedJob = (key: string): Job | null => readJobKey(stripKeyPrefix(key, "start-job:") ?? "");

const findJobOwner = (key: string): ExecutionId | null => {
  const job = readStartedJob(key);
  return job?.kind === "plan" ? job.target : (readTaskId(job?.target ?? "")?.execution ?? null);
};

/** Returns a test for effect records that still prevent an effect from being requested again. */
const createNeededKeyTest = (tx: LedgerReader): ((key: string) => boolean) => {
  const { queues, outbox } = tx.ledger();
  const live = tx.executions();
  const heads = new Set(live.flatMap(({ id }) => tx.steps(id).flatMap(({ head }) => head?.sha ?? [])));
  const candidates = new Set(Object.values(queues).flatMap((queue) => queue.candidates.map(({ commit }) => commit)));
  const hasTrial = live.some(({ id }) => tx.steps(id).some(({ trial }) => trial && !isEndedTrial(trial)));
  const cancels = live.some(({ id }) => tx.steps(id).some(({ state }) => state === "cancelled" || state === "skipped"));
  return (key) => {
    const owner = findKeyOwner(key);
    if (owner !== null) return tx.execution(owner) !== undefined;
    const job = readStartedJob(key);
    if (job) return candidates.has(job.target) || (hasTrial && readTrialTarget(job.target) !== null);
    const commit = stripKeyPrefix(key, "set-status:");
    if (commit !== null) return heads.has(commit.slice(0, 40)) || candidates.has(commit.slice(0, 40));
    return key.startsWith("close-pull:") ? cancels : outbox[key] !== undefined;
  };
};
