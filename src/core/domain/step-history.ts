import type { Execution } from "./execution.ts";
import { type Millis, toTaskId } from "./ids.ts";
import { type JobKey, readJobKey } from "./job.ts";
import type { Plan, PlannedStep } from "./plan.ts";
import { isTampering } from "./tampering.ts";

/** Times and costs of finished steps, newest first. Costs that no agent reported are missing. */
type StepSamples = { readonly ms: readonly Millis[]; readonly usd: readonly number[] };

/** Samples by role and tier, for commands, and for the way from a head to its landing. */
export type StepHistory = Readonly<Record<string, StepSamples>>;

const COMMAND_KEY = "command";
export const LANDING_KEY = "landing";
const NO_SAMPLES: StepSamples = { ms: [], usd: [] };

/** More samples do not make an estimate better. */
const MAX_SAMPLES = 20;

/** The slash is in no name of a role. */
export const toHistoryKey = ({ role, tier, run }: Pick<PlannedStep, "role" | "tier" | "run">): string =>
  run === null ? `${role ?? ""}/${tier}` : COMMAND_KEY;

/** The execution with the time that a job took, from its request to its result. */
export const recordTime = (execution: Execution, job: JobKey, ms: Millis): Execution => ({
  ...execution,
  times: { ...execution.times, [job]: Math.max(0, ms) },
});

type RecordedExecution = Pick<Execution, "id" | "steps" | "times" | "usage">;
type PlannedExecution = { readonly execution: RecordedExecution; readonly plan: Plan };

/** Collects the history of finished steps. The newest executions come first. */
export const collectHistory = (all: readonly PlannedExecution[]): StepHistory => {
  const history: Record<string, { ms: Millis[]; usd: number[] }> = {};
  const add = (key: string, { ms, usd }: StepSamples): void => {
    const known = (history[key] ??= { ms: [], usd: [] });
    known.ms.push(...ms.slice(0, MAX_SAMPLES - known.ms.length));
    known.usd.push(...usd.slice(0, MAX_SAMPLES - known.usd.length));
  };
  for (const { execution, plan } of all)
    for (const planned of plan.steps) {
      const step = execution.steps[planned.id];
      if (step?.state !== "done") continue;
      add(toHistoryKey(planned), sampleStep(execution, planned));
      if (step.landed && step.head && !planned.checkpoint && !isTampering(step))
        add(LANDING_KEY, { ms: [Math.max(0, step.landed.at - step.head.since)], usd: [] });
    }
  return history;
};

const sampleStep = (execution: RecordedExecution, planned: Pick<PlannedStep, "id">): StepSamples => {
  const { ms, usd } = sumAttempts(execution, planned);
  return { ms: ms === null ? [] : [ms], usd: usd === null ? [] : [usd] };
};

/** The time and the cost of all attempts of a step; null if no job ended, or no agent reported a cost. */
export const sumAttempts = (
  { id, times = {}, usage = {} }: RecordedExecution,
  planned: Pick<PlannedStep, "id">,
): { readonly ms: Millis | null; readonly usd: number | null } => {
  const task = toTaskId(id, planned.id);
  const jobs = Object.entries(times).filter(([key]) => readJobKey(key)?.target === task);
  if (jobs.length === 0) return { ms: null, usd: null };
  const costs = jobs.flatMap(([key]) => usage[key as JobKey]?.costUsd ?? []);
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  return { ms: sum(jobs.map(([, ms]) => ms ?? 0)), usd: costs.length === 0 ? null : sum(costs) };
};

/** Joins two histories; the samples of the first are newer. */
export const joinHistories = (newer: StepHistory, older: StepHistory): StepHistory =>
  Object.fromEntries(
    [...new Set([...Object.keys(newer), ...Object.keys(older)])].map((key) => {
      const [first, then] = [newer[key] ?? NO_SAMPLES, older[key] ?? NO_SAMPLES];
      return [key, { ms: [...first.ms, ...then.ms].slice(0, MAX_SAMPLES), usd: [...first.usd, ...then.usd].slice(0, MAX_SAMPLES) }];
    }),
  );
