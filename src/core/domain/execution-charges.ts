import type { AgentUsage } from "./agent-usage.ts";
import { type AttemptCharge, type BudgetConfig, type MicroUsd, toMicroUsd } from "./budget.ts";
import type { Execution } from "./execution.ts";
import { type Millis, type StepId, toTaskId } from "./ids.ts";
import { type JobKey, readJobKey, toJobKey } from "./job.ts";
import { findOpenConflict } from "./step.ts";
import { DAY_MS } from "./durations.ts";

/** The limit on an execution's cost; null for no limit. */
export const findBudgetCap = ({ budget }: Pick<Execution, "budget">, config: BudgetConfig): MicroUsd | null =>
  budget?.cap ?? config.execution;

/** Settled and reserved money of an execution. */
export const sumCharges = ({ charges = {} }: Pick<Execution, "charges">): MicroUsd =>
  Object.values(charges).reduce((sum, charge) => sum + (charge?.micros ?? 0), 0);

const toDayStart = (at: Millis): Millis => at - (at % DAY_MS);

/** When the day's budget is free again: the next midnight in UTC. */
export const findDayEnd = (now: Millis): Millis => toDayStart(now) + DAY_MS;

/** Settled and reserved money of the attempts that started today, in UTC. */
export const sumDayCharges = (executions: readonly Pick<Execution, "charges">[], now: Millis): MicroUsd =>
  executions
    .flatMap(({ charges = {} }) => Object.values(charges))
    .reduce((sum, charge) => sum + (charge && charge.at >= toDayStart(now) ? charge.micros : 0), 0);

type Reservation = { readonly job: JobKey; readonly micros: MicroUsd; readonly at: Millis };

/** The execution with money reserved for a job that starts. */
export const reserveCharge = (execution: Execution, { job, micros, at }: Reservation): Execution =>
  execution.charges?.[job] ? execution : { ...execution, charges: { ...execution.charges, [job]: { micros, at } } };

/** The execution whose job has ended: its charge is what its agent reported, or stays. An execution without charges has no budget. */
export const settleCharge = (execution: Execution, job: JobKey, usage: AgentUsage | undefined): Execution => {
  const charge = execution.charges?.[job];
  if (!charge) return execution;
  const cost = usage?.costUsd ?? null;
  const micros = cost === null ? charge.micros : toMicroUsd(cost);
  return { ...execution, charges: { ...execution.charges, [job]: { ...charge, micros, isSettled: true } } };
};

type EarlierAttempts = Pick<Reservation, "micros" | "at"> & {
  /** Whether an agent carries out a step. */
  readonly hasAgent: (step: StepId) => boolean;
  /** Whether a planner's job was started: some executions have a plan from elsewhere. */
  readonly isStarted: (job: JobKey) => boolean;
};

/** Charges attempts that started before a budget applied. */
export const chargeEarlierAttempts = (execution: Execution, { micros, at, hasAgent, isStarted }: EarlierAttempts): Execution => {
  if (execution.charges) return execution;
  const charges = listStartedJobs(execution, { hasAgent, isStarted }).map((job): [JobKey, AttemptCharge] => {
    const cost = execution.usage?.[job]?.costUsd ?? null;
    return [job, { micros: cost === null ? micros : toMicroUsd(cost), at, ...(cost !== null && { isSettled: true as const }) }];
  });
  return { ...execution, charges: Object.fromEntries(charges) };
};

/** The agents' jobs that an execution has started. */
const listStartedJobs = (execution: Execution, { hasAgent, isStarted }: Pick<EarlierAttempts, "hasAgent" | "isStarted">): JobKey[] => {
  const { id, planning, steps, usage = {} } = execution;
  const plans = countTo(planning.attempt)
    .map((attempt) => toJobKey({ kind: "plan", target: id, attempt }))
    .filter((job) => usage[job] !== undefined || isStarted(job));
  const works = Object.values(steps)
    .filter((step) => hasAgent(step.id))
    .flatMap((step) => countTo(step.attempt).map((attempt) => toJobKey({ kind: "work", target: toTaskId(id, step.id), attempt })));
  const reported = Object.keys(usage).flatMap((key) => {
    const job = readJobKey(key);
    return job?.kind === "resolve" ? [toJobKey(job)] : [];
  });
  const open = Object.values(steps).flatMap((step) => {
    const conflict = findOpenConflict(step);
    if (!conflict || conflict.deadline === null) return [];
    return [toJobKey({ kind: "resolve", target: toTaskId(id, step.id), attempt: conflict.attempt })];
  });
  return [...new Set([...plans, ...works, ...reported, ...open])];
};

const countTo = (last: number): number[] => Array.from({ length: last }, (_, at) => at + 1);
