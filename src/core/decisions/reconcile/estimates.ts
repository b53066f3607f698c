import { followsRules } from "../../domain/decision.ts";
import { createEstimate, findExpectedEnd } from "../../domain/expected-end.ts";
import type { Execution } from "../../domain/execution.ts";
import { toTaskId } from "../../domain/ids.ts";
import { toJobKey } from "../../domain/job.ts";
import type { Plan } from "../../domain/plan.ts";
import type { Step } from "../../domain/step.ts";
import type { DecisionReader, LedgerReader, ExecutionWriter } from "../decision-transaction.ts";
import { readPlanHistory } from "../plan-history.ts";
import { type Known, UNKNOWN } from "../../domain/known.ts";

/** Records the estimate of a started plan, and its expected end after each change of a step's state. */
export const reconcileEstimates = (tx: ExecutionWriter): void => {
  // Decisions that earlier versions stored estimated nothing.
  if (!followsRules(tx.snapshot, 1)) return;
  for (const execution of tx.executions()) {
    const plan = tx.plan(execution.plan);
    if (execution.state !== "running" || execution.landsPull || !plan) continue;
    const estimated = withEstimate(tx, execution, plan);
    if (estimated === UNKNOWN || !estimated.estimate) continue;
    if (estimated !== execution || hasStepChanged(tx, execution)) tx.putExecution(withExpectedEnd(tx, estimated, plan));
  }
};

/** The execution with an estimate of its present plan, if the plan starts or grows in this decision. */
const withEstimate = (tx: DecisionReader, execution: Execution, plan: Plan): Known<Execution> => {
  const { id, plan: hash, estimate } = execution;
  const before = tx.snapshot.ledger.executions[id];
  const isStarted = before?.plan === hash && Object.keys(before?.steps ?? {}).length > 0;
  if (hash === null || isStarted) return execution;
  const history = readPlanHistory(tx);
  if (history === UNKNOWN) return UNKNOWN;
  const created = createEstimate({ plan, hash }, history, estimate);
  return Object.keys(created.steps).length === 0 ? execution : { ...execution, estimate: created };
};

/** A step with another state than before this decision changes the text of the comment anyway. */
const hasStepChanged = (tx: LedgerReader, { id, steps }: Execution): boolean => {
  const before = tx.snapshot.ledger.executions[id];
  if (before?.steps === steps) return false;
  return Object.values(steps).some((step) => {
    const known = before?.steps[step.id];
    return known !== step && (known?.state !== step.state || known.attempt !== step.attempt);
  });
};

const withExpectedEnd = (tx: LedgerReader, execution: Execution, plan: Plan): Execution => {
  const startOf = ({ id, attempt }: Step): number | undefined =>
    tx.effectRecord(`start-job:${toJobKey({ kind: "work", target: toTaskId(execution.id, id), attempt })}`)?.at;
  const end = findExpectedEnd(execution, plan, { now: tx.now, startOf });
  if (!execution.estimate) return execution;
  const { end: _, ...estimate } = execution.estimate;
  return { ...execution, estimate: { ...estimate, ...(end !== null && { end }) } };
};
