import { addUsage, type AgentUsage, isUsageReported, NO_USAGE } from "./agent-usage.ts";
import type { Execution } from "./execution.ts";
import { type JobKey, type JobResult, readJobKey } from "./job.ts";

/** An execution with what a job's agent reported. Recording a job again changes nothing. */
export const recordUsage = (execution: Execution, job: JobKey, { usage }: Pick<JobResult, "usage">): Execution =>
  usage === undefined || !isUsageReported(usage) ? execution : { ...execution, usage: { ...execution.usage, [job]: usage } };

export type AttemptUsage = {
  /** The step's id; null for the planner. */
  readonly step: string | null;
  readonly attempt: number;
  /** Whether the attempt resolved a conflict. */
  readonly isResolution: boolean;
  readonly usage: AgentUsage;
};

/** The usage that each attempt reported, in the order of the record. */
export const listAttemptUsage = ({ usage = {} }: Pick<Execution, "usage">): AttemptUsage[] =>
  Object.entries(usage).flatMap(([key, reported]) => {
    const job = readJobKey(key);
    if (job === null || reported === undefined) return [];
    const [, step] = /^[^-]+-(.+)$/.exec(job.target) ?? [];
    return [{ step: (job.kind !== "plan" && step) || null, attempt: job.attempt, isResolution: job.kind === "resolve", usage: reported }];
  });

export type UsageTotal = {
  readonly usage: AgentUsage;
  /** Attempts with a report, and all started attempts. */
  readonly reported: number;
  readonly attempts: number;
};

/** The sum of an execution; null if no attempt reported anything. */
export const sumUsage = (execution: Pick<Execution, "usage" | "planning" | "steps" | "quick" | "workflow">): UsageTotal | null => {
  const all = listAttemptUsage(execution);
  if (all.length === 0) return null;
  const planned = execution.quick || execution.workflow ? 0 : execution.planning.attempt;
  const started = Object.values(execution.steps).reduce((sum, { attempt }) => sum + attempt, planned);
  return {
    usage: all.reduce((sum, { usage }) => addUsage(sum, usage), NO_USAGE),
    reported: all.length,
    attempts: Math.max(started + all.filter(({ isResolution }) => isResolution).length, all.length),
  };
};
