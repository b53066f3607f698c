import type { Execution } from "./execution.ts";
import { type Job, type JobKey, toJobKey } from "./job.ts";
import type { Ledger } from "./ledger.ts";
import type { Step } from "./step.ts";
import { type HeadTrial, readTrialTarget, type RunningTrial, toTrialTarget } from "./trial.ts";

export const toTrialJob = ({ commit, attempt }: Pick<RunningTrial, "commit" | "attempt">): JobKey =>
  toJobKey({ kind: "verify", target: toTrialTarget(commit), attempt });

export type TriedStep = { readonly execution: Execution; readonly step: Step; readonly trial: HeadTrial & { readonly state: "running" } };

/** The steps whose trial runs. */
export const listTriedSteps = ({ executions }: Pick<Ledger, "executions">): TriedStep[] =>
  Object.values(executions).flatMap((execution) =>
    Object.values(execution.steps).flatMap((step) => (step.trial?.state === "running" ? [{ execution, step, trial: step.trial }] : [])),
  );

/** The step whose trial waits for the result of a job; undefined for other jobs. */
export const findTriedStep = (ledger: Pick<Ledger, "executions">, job: Job): TriedStep | undefined =>
  readTrialTarget(job.target) === null ? undefined : listTriedSteps(ledger).find(({ trial }) => toTrialJob(trial) === toJobKey(job));
