import type { Ledger } from "../domain/ledger.ts";
import { readTaskId } from "../domain/ids.ts";
import type { JobEnd } from "../domain/job.ts";
import { readOwn } from "../domain/own-record.ts";
import type { EndedJob, LedgerChange } from "./ended-jobs.ts";
import type { TelemetrySpan } from "./telemetry-span.ts";

/** A result in the words of OpenTelemetry (`cicd.pipeline.task.run.result`), with the class of its error. */
export type RunOutcome = {
  readonly result: "success" | "failure" | "error" | "timeout" | "cancellation";
  readonly errorType: string | null;
};

const OUTCOMES: Readonly<Record<JobEnd, RunOutcome["result"]>> = {
  success: "success",
  artifact: "success",
  unchanged: "success",
  asked: "success",
  failed: "failure",
  refused: "failure",
  "timed-out": "timeout",
  crashed: "error",
  cancelled: "cancellation",
};

const STATUSES: Readonly<Record<RunOutcome["result"], TelemetrySpan["status"]>> = {
  success: "ok",
  failure: "error",
  error: "error",
  timeout: "error",
  cancellation: "unset",
};

export const toSpanStatus = ({ result }: RunOutcome): TelemetrySpan["status"] => STATUSES[result];

/** Whether Enki starts the job again, or gives up, because its run ended without a result. */
const isLost = ({ job, verified }: EndedJob, { before, after }: LedgerChange): boolean => {
  switch (job.kind) {
    case "plan": {
      const [was, is] = [readOwn(before.executions, job.target), readOwn(after.executions, job.target)];
      return is !== undefined && (is.state === "failed" || is.planning.faults > (was?.planning.faults ?? 0));
    }
    case "work":
    case "resolve":
      return isStepLost(after, job.target);
    case "verify": {
      const candidates = readOwn(after.queues, verified?.base ?? "")?.candidates ?? [];
      return candidates.some(({ commit, runs }) => commit === job.target && runs.some(({ attempt }) => attempt > job.attempt));
    }
  }
};

const isStepLost = ({ executions }: Ledger, task: string): boolean => {
  const id = readTaskId(task);
  const state = id && readOwn(readOwn(executions, id.execution)?.steps ?? {}, id.step)?.state;
  return state === "ready" || state === "failed";
};

export const judgeEndedJob = (ended: EndedJob, change: LedgerChange): RunOutcome => {
  if (ended.result === null)
    return isLost(ended, change) ? { result: "error", errorType: "lost" } : { result: "cancellation", errorType: null };
  const { end, failure } = ended.result;
  const result = failure && OUTCOMES[end] === "success" ? "failure" : OUTCOMES[end];
  return { result, errorType: STATUSES[result] === "error" ? (failure?.code ?? end) : null };
};
