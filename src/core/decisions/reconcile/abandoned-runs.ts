import type { Execution } from "../../domain/execution.ts";
import { type ExecutionId, toTaskId } from "../../domain/ids.ts";
import { toJobKey, type JobKey } from "../../domain/job.ts";
import { isBeingResolved, hasAbandonedRun, type Step } from "../../domain/step.ts";
import { findJobRun } from "../../policy/run-origin.ts";
import type { DecisionReader, StepWriter, ExecutionWriter, EffectWriter } from "../decision-transaction.ts";
import { isResolutionWanted } from "./conflicts.ts";
import { MINUTE_MS } from "../../domain/durations.ts";
import { type Known, mapKnown, UNKNOWN } from "../../domain/known.ts";

/** Milliseconds for which a just started run may be missing in GitHub's list, and milliseconds until the next look. */
const RUN_LIST_LAG_MS = MINUTE_MS;
const RUN_LOOKUP_PAUSE_MS = 5_000;

/** Stops runs that no state waits for: of cancelled, skipped and paused steps, and of a cancelled execution's planner. */
export const reconcileAbandonedRuns = (tx: StepWriter & ExecutionWriter & EffectWriter): void => {
  for (const each of tx.executions()) {
    if (each.state === "cancelled" && each.planning.deadline !== null) stopCancelledPlanner(tx, each);
    stopOvertakenRevision(tx, each.id);
    for (const step of tx.steps(each.id)) {
      if (isBeingResolved(step)) stopUnwantedResolution(tx, each, step);
      if (!hasAbandonedRun(step)) continue;
      const job = toJobKey({ kind: "work", target: toTaskId(each.id, step.id), attempt: step.attempt });
      if (stopRun(tx, job)) tx.putStep(each.id, { ...step, deadline: null });
    }
  }
};

const stopUnwantedResolution = (tx: StepWriter & EffectWriter, execution: Execution, step: Step): void => {
  const { resolution } = step;
  if (!resolution || isResolutionWanted(tx, execution, step)) return;
  const job = toJobKey({ kind: "resolve", target: toTaskId(execution.id, step.id), attempt: resolution.attempt });
  if (stopRun(tx, job)) tx.putStep(execution.id, { ...step, resolution: { ...resolution, deadline: null } });
};

const stopCancelledPlanner = (tx: ExecutionWriter & EffectWriter, execution: Execution): void => {
  const { planning } = execution;
  const job = toJobKey({ kind: "plan", target: execution.id, attempt: planning.attempt });
  if (stopRun(tx, job)) tx.putExecution({ ...execution, planning: { ...planning, deadline: null } });
};

/** Stops the planner of a revision that an approval made obsolete. */
const stopOvertakenRevision = (tx: ExecutionWriter & EffectWriter, id: ExecutionId): void => {
  const execution = tx.execution(id);
  if (execution?.stopping === undefined) return;
  const { stopping, ...rest } = execution;
  if (stopRun(tx, toJobKey({ kind: "plan", target: id, attempt: stopping }))) tx.putExecution(rest);
};

/** Requests the end of a job's run, looking its id up if necessary. Returns false while the id is unknown. */
export const stopRun = (tx: EffectWriter, job: JobKey): boolean => {
  const trace = tx.effectRecord(`start-job:${job}`);
  if (!trace || trace.refused) return true;
  const known = trace.number ?? findRunId(tx, job);
  if (known === UNKNOWN) return false;
  if (known !== null) tx.enqueueEffect({ kind: "stop-job", key: `stop-job:${known}`, run: known });
  if (known !== null || tx.now >= trace.at + RUN_LIST_LAG_MS) return true;
  tx.wakeAt(tx.now + RUN_LOOKUP_PAUSE_MS);
  return false;
};

/** The id of a job's unfinished run; null if the list has none. */
const findRunId = (tx: DecisionReader, job: JobKey): Known<number | null> => {
  const runs = tx.readFact<"runs">({ kind: "runs" });
  const run = mapKnown(runs, (listed) => findJobRun(listed, job, tx.snapshot));
  return mapKnown(run, (found) => (found === null || found.state === "done" ? null : found.id));
};
