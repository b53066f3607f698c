import { type Execution, isPlanning } from "../../domain/execution.ts";
import { type ExecutionId, type Millis, type StepId, toTaskId } from "../../domain/ids.ts";
import { type JobKind, toJobKey } from "../../domain/job.ts";
import { findRank } from "../../domain/priority.ts";
import { DEFAULT_TIER, listNeededSteps, type Tier } from "../../domain/plan.ts";
import { publishStartingCommit } from "../step-base.ts";
import { findOpenConflict, isBeingResolved, type Step } from "../../domain/step.ts";
import { scheduleWork, type WorkLoad, type StartableWork } from "../schedule.ts";
import type {
  DecisionTransaction,
  DecisionReader,
  LedgerReader,
  StepWriter,
  ExecutionWriter,
  RefWriter,
  EffectWriter,
  TextWriter,
} from "../decision-transaction.ts";
import { toOneLine } from "../../messages/escape.ts";
import { JOB_SLACK_MS } from "../../domain/retry-policy.ts";
import { findBudgetHold, hasAgent, reserveAttempt } from "../budget-room.ts";
import { listQuotaHolds, readQuotaWaits } from "../quota-waits.ts";
import { isRevertDue } from "../undo-state.ts";
import { countRequestedJobs } from "../count-requested-jobs.ts";
import { startStep } from "./start-step.ts";
import { type StepContext } from "../find-step.ts";
import { UNKNOWN } from "../../domain/known.ts";

/** Starts work within the limits, and requests every job of running work. */
export const reconcileScheduling = (tx: DecisionTransaction): void => {
  for (const each of scheduleWork(listStartable(tx), countLoad(tx), tx.snapshot.config.workers)) startWork(tx, each);
  for (const execution of tx.executions()) requestExecutionJobs(tx, execution);
};

const listStartable = (tx: DecisionReader): StartableWork[] => {
  const quotas = readQuotaWaits(tx);
  for (const until of quotas.values()) tx.wakeAt(until);
  return tx.executions().flatMap((execution): StartableWork[] => {
    const { id, createdAt, planning, state } = execution;
    if (state !== "planning" && state !== "running") return [];
    const isHeld = findBudgetHold(tx, execution) !== null;
    const ranks = listRanks(tx, execution);
    const waiting = listQuotaHolds(tx, execution, quotas);
    const plans =
      !isHeld && !waiting.has(null) && isPlanning(execution) && planning.deadline === null && checkTimeReached(tx, planning.notBefore);
    const steps = tx
      .steps(execution.id)
      .filter((step) => !isHeld || (step.state === "ready" && !hasAgent(tx, execution, step.id)))
      .filter((step) => !waiting.has(step.id))
      .filter((step) => !isRevertDue(execution, step))
      .filter((step) => checkStepReady(tx, step) || checkResolutionReady(tx, execution, step))
      .map((step) => ({
        execution: id,
        createdAt,
        step: step.id,
        tier: findStepTier(tx, execution, step.id),
        rank: ranks.get(step.id) ?? findRank(execution, step),
      }));
    return [...(plans ? [{ execution: id, createdAt, step: null, tier: DEFAULT_TIER, rank: findRank(execution) }] : []), ...steps];
  });
};

/** The ranks of an execution's steps: needs of an unfinished step have at least its rank. Empty without priorities. */
const listRanks = (tx: LedgerReader, execution: Execution): ReadonlyMap<StepId, number> => {
  const ranks = new Map<StepId, number>();
  if (Object.values(execution.steps).every(({ priority }) => priority === undefined)) return ranks;
  for (const planned of tx.order(execution).toReversed()) {
    const step = execution.steps[planned.id];
    if (!step || step.state === "done" || step.state === "skipped" || step.state === "cancelled") continue;
    const rank = Math.max(findRank(execution, step), ranks.get(planned.id) ?? -Infinity);
    for (const need of [planned.id, ...listNeededSteps(planned)]) ranks.set(need, Math.max(ranks.get(need) ?? -Infinity, rank));
  }
  return ranks;
};

const checkStepReady = (tx: DecisionReader, { state, deadline, notBefore }: Step): boolean =>
  state === "ready" && deadline === null && checkTimeReached(tx, notBefore);

/** Whether a conflict can be resolved now; a frozen base would not receive the resolution. */
const checkResolutionReady = (tx: DecisionReader, { baseBranch, state }: Execution, step: Step): boolean => {
  const conflict = findOpenConflict(step);
  return conflict?.deadline === null && state === "running" && !tx.queue(baseBranch).frozen && checkTimeReached(tx, conflict.notBefore);
};

const checkTimeReached = (tx: DecisionReader, notBefore: number): boolean => {
  tx.wakeAt(notBefore);
  return notBefore <= tx.now;
};

const findStepTier = (tx: LedgerReader, execution: Execution, step: string): Tier => tx.planned(execution, step)?.tier ?? DEFAULT_TIER;

const countLoad = (tx: LedgerReader): WorkLoad => {
  const tiers: Record<Tier, number> = { light: 0, standard: 0, heavy: 0 };
  const byExecution = new Map<ExecutionId, number>();
  const count = (id: ExecutionId, tier: Tier): void => {
    tiers[tier] += 1;
    byExecution.set(id, (byExecution.get(id) ?? 0) + 1);
  };
  for (const execution of tx.executions()) {
    if (isPlanning(execution) && execution.planning.deadline !== null) count(execution.id, DEFAULT_TIER);
    for (const step of tx.steps(execution.id))
      if (step.state === "running" || isBeingResolved(step)) count(execution.id, findStepTier(tx, execution, step.id));
  }
  return { total: tiers.light + tiers.standard + tiers.heavy, tiers, byExecution };
};

const startWork = (tx: DecisionTransaction, each: StartableWork): void => {
  const execution = tx.execution(each.execution);
  if (!execution) return;
  // Work that was just started may have taken the room.
  const isFree = each.step !== null && execution.steps[each.step]?.state === "ready" && !hasAgent(tx, execution, each.step);
  if (!isFree && findBudgetHold(tx, execution) !== null) return;
  const until = tx.now + tx.snapshot.config.tiers[each.tier].timeoutMs + JOB_SLACK_MS;
  if (each.step === null) return startPlannerJob(tx, execution, until);
  const step = execution.steps[each.step];
  const planned = tx.planned(execution, each.step);
  if (!step || !planned) return;
  if (step.state === "ready") startStep(tx, { execution, step, planned, deadline: until });
  else startResolutionAttempt(tx, { execution, step }, until);
};

const startPlannerJob = (tx: ExecutionWriter & TextWriter, execution: Execution, until: Millis): void => {
  // The planner's job may not read issues, so it gets the backlog as of now.
  const backlog = tx.readFact<"backlog">({ kind: "backlog" });
  if (backlog === UNKNOWN) return;
  tx.recordBacklog(backlog);
  tx.putExecution({ ...execution, planning: { ...execution.planning, deadline: until } });
  reserveAttempt(tx, execution.id, toJobKey({ kind: "plan", target: execution.id, attempt: execution.planning.attempt }));
  tx.note(`plan of ${execution.id}: attempt ${execution.planning.attempt}`);
};

const startResolutionAttempt = (tx: StepWriter & ExecutionWriter & RefWriter, { execution, step }: StepContext, until: Millis): void => {
  const resolution = findOpenConflict(step);
  if (!resolution) return;
  const task = toTaskId(execution.id, step.id);
  const attempt = countRequestedJobs(tx, "resolve", task) + 1;
  publishStartingCommit(tx, execution.baseBranch, { commit: resolution.onto, builtOn: resolution.line?.ahead ?? [] });
  tx.putStep(execution.id, { ...step, resolution: { ...resolution, attempt, deadline: until } });
  reserveAttempt(tx, execution.id, toJobKey({ kind: "resolve", target: task, attempt }));
  tx.note(`${task}: try ${resolution.failedAttempts + 1} to resolve its conflict`);
};

const requestExecutionJobs = (tx: EffectWriter, execution: Execution): void => {
  if (isPlanning(execution) && execution.planning.deadline !== null) {
    const { id, amendment, request, planning } = execution;
    const title = amendment?.state === "planning" ? amendment.request : request;
    requestJob(tx, { kind: "plan", execution: id, step: "", target: id, attempt: planning.attempt, title });
  }
  for (const step of tx.steps(execution.id)) {
    const target = toTaskId(execution.id, step.id);
    const of = { execution: execution.id, step: step.id, target, title: tx.planned(execution, step.id)?.title ?? "" };
    if (step.state === "running") requestJob(tx, { kind: "work", ...of, attempt: step.attempt });
    const conflict = findOpenConflict(step);
    if (conflict && conflict.deadline !== null) requestJob(tx, { kind: "resolve", ...of, attempt: conflict.attempt });
  }
};

export type JobRequest = {
  readonly kind: JobKind;
  readonly execution: string;
  readonly step: string;
  readonly target: string;
  readonly attempt: number;
  /** Appended to the run's name. */
  readonly title: string;
};

const MAX_RUN_TITLE_CHARS = 100;

/** Requests a job's run until its start is confirmed. */
export const requestJob = (tx: EffectWriter, { kind, execution, step, target, attempt, ...request }: JobRequest): void => {
  const job = toJobKey({ kind, target, attempt });
  const title = toOneLine(request.title, MAX_RUN_TITLE_CHARS);
  tx.requestEffect({
    kind: "start-job",
    key: `start-job:${job}`,
    job,
    inputs: { kind, execution, step, target, attempt: String(attempt), ...(title !== "" && { title }) },
  });
};
