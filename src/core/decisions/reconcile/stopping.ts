import type { Execution } from "../../domain/execution.ts";
import { type ExecutionId, toTaskId } from "../../domain/ids.ts";
import { toJobKey, type JobKey } from "../../domain/job.ts";
import { isBeingResolved, hasAbandonedRun, type Step } from "../../domain/step.ts";
import type { Draft } from "../draft.ts";
import { isWantedResolution } from "./resolving.ts";

/** How long a run that was just started may be missing in GitHub's list, and the pause before it is looked for again; milliseconds. */
const LAG = 60_000;
const PAUSE = 5_000;

/** Stops the runs that nobody waits for: of steps that were cancelled, skipped or paused, and of a cancelled execution's planner. */
export const reconcileStopping = (draft: Draft): void => {
  for (const each of draft.executions()) {
    if (each.state === "cancelled" && each.planning.deadline !== null) stopPlanner(draft, each);
    stopRevision(draft, each.id);
    for (const step of draft.steps(each.id)) {
      if (isBeingResolved(step)) stopResolving(draft, each, step);
      if (!hasAbandonedRun(step)) continue;
      const job = toJobKey({ kind: "work", target: toTaskId(each.id, step.id), attempt: step.attempt });
      if (stopRun(draft, job)) draft.putStep(each.id, { ...step, deadline: null });
    }
  }
};

const stopResolving = (draft: Draft, execution: Execution, step: Step): void => {
  const { resolution } = step;
  if (!resolution || isWantedResolution(draft, execution, step)) return;
  const job = toJobKey({ kind: "resolve", target: toTaskId(execution.id, step.id), attempt: resolution.attempt });
  if (stopRun(draft, job)) draft.putStep(execution.id, { ...step, resolution: { ...resolution, deadline: null } });
};

const stopPlanner = (draft: Draft, execution: Execution): void => {
  const { planning } = execution;
  const job = toJobKey({ kind: "plan", target: execution.id, attempt: planning.attempt });
  if (stopRun(draft, job)) draft.putExecution({ ...execution, planning: { ...planning, deadline: null } });
};

/** Stops the planner of a revision that an approval overtook. */
const stopRevision = (draft: Draft, id: ExecutionId): void => {
  const execution = draft.execution(id);
  if (execution?.stopping === undefined) return;
  const { stopping, ...rest } = execution;
  if (stopRun(draft, toJobKey({ kind: "plan", target: id, attempt: stopping }))) draft.putExecution(rest);
};

/** Asks for the end of a job's run, whose id may have to be looked up; false while that is not settled. */
export const stopRun = (draft: Draft, job: JobKey): boolean => {
  const trace = draft.trace(`start-job:${job}`);
  if (!trace || trace.refused) return true;
  const known = trace.number ?? findRun(draft, job);
  if (known === undefined) return false;
  if (known !== null) draft.post({ kind: "stop-job", key: `stop-job:${known}`, run: known });
  if (known !== null || draft.now >= trace.at + LAG) return true;
  draft.wake(draft.now + PAUSE);
  return false;
};

/** The id of a job's run that goes on; null where the list has none, undefined while it is not read. */
const findRun = (draft: Draft, job: JobKey): number | null | undefined => {
  const runs = draft.ask<"runs">({ kind: "runs" });
  return runs && (runs.find(({ name, state }) => name === job && state !== "done")?.id ?? null);
};
