import { NO_BUDGET } from "../domain/budget.ts";
import { chargeEarlierAttempts, findBudgetCap, findDayEnd, reserveCharge, sumCharges, sumDayCharges } from "../domain/execution-charges.ts";
import { type Execution, isPlanning } from "../domain/execution.ts";
import { type ExecutionId, readTaskId, type StepId } from "../domain/ids.ts";
import { type JobKey, readJobKey } from "../domain/job.ts";
import { findOpenConflict, isBeingResolved } from "../domain/step.ts";
import type { BudgetHold, BudgetView } from "../messages/budget-text.ts";
import type { DecisionReader, LedgerReader, ExecutionWriter } from "./decision-transaction.ts";

/** Why no agent of an execution may start: its budget or the day's has no room for another attempt. Null if there is room. */
export const findBudgetHold = (tx: DecisionReader, execution: Execution): BudgetHold | null => {
  const { budget: config = NO_BUDGET } = tx.snapshot.config;
  const cap = findBudgetCap(execution, config);
  const wanted = config.attempt;
  if (cap !== null) {
    const charged = sumCharges(withEarlierCharges(tx, execution));
    if (charged + wanted > cap) return { kind: "execution", charged, cap, wanted };
  }
  if (config.day === null) return null;
  const charged = sumDayCharges(tx.executions(), tx.now);
  if (charged + wanted <= config.day) return null;
  const until = findDayEnd(tx.now);
  tx.wakeAt(until);
  return { kind: "day", charged, cap: config.day, wanted, until };
};

/** Reserves money at the start of a job, if an agent carries out the job and a budget applies. */
export const reserveAttempt = (tx: ExecutionWriter, id: ExecutionId, job: JobKey): void => {
  const execution = tx.execution(id);
  const { budget: config = NO_BUDGET } = tx.snapshot.config;
  const step = readTaskId(readJobKey(job)?.target ?? "")?.step;
  if (!execution || (step !== undefined && !hasAgent(tx, execution, step))) return;
  if (findBudgetCap(execution, config) === null && config.day === null) return;
  const charged = withEarlierCharges(tx, execution, job);
  tx.putExecution(reserveCharge(charged, { job, micros: config.attempt, at: tx.now }));
};

/** Whether an agent carries out a planned step; a command of a workflow costs nothing. */
export const hasAgent = (tx: LedgerReader, execution: Execution, step: StepId): boolean =>
  (tx.planned(execution, step)?.run ?? null) === null;

/** The execution with a charge for each attempt. `starting`: a job at its start, not charged yet. */
export const withEarlierCharges = (tx: LedgerReader, execution: Execution, starting?: JobKey): Execution => {
  if (execution.charges) return execution;
  const { budget: config = NO_BUDGET } = tx.snapshot.config;
  const charged = chargeEarlierAttempts(execution, {
    micros: config.attempt,
    at: tx.now,
    hasAgent: (step) => hasAgent(tx, execution, step),
    isStarted: (job) => tx.effectRecord(`start-job:${job}`) !== undefined,
  });
  if (starting === undefined) return charged;
  const { [starting]: _, ...charges } = charged.charges ?? {};
  return { ...charged, charges };
};

/** The budget of an execution as its comment shows it. */
export const viewBudget = (tx: DecisionReader, execution: Execution): BudgetView => {
  const cap = findBudgetCap(execution, tx.snapshot.config.budget ?? NO_BUDGET);
  return {
    charged: cap === null ? 0 : sumCharges(withEarlierCharges(tx, execution)),
    cap,
    hold: isWaitingToStart(execution) ? findBudgetHold(tx, execution) : null,
  };
};

/** Whether agents could start and none works: the end of a running attempt may leave room for the next. */
const isWaitingToStart = (execution: Execution): boolean => {
  const { state, planning } = execution;
  if (state !== "planning" && state !== "running") return false;
  const steps = Object.values(execution.steps);
  const isPlannerReady = isPlanning(execution) && planning.deadline === null;
  const isBusy = (isPlanning(execution) && !isPlannerReady) || steps.some((step) => step.state === "running" || isBeingResolved(step));
  return !isBusy && (isPlannerReady || steps.some((step) => step.state === "ready" || findOpenConflict(step) !== null));
};
