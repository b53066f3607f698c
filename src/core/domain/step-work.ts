import type { Execution } from "./execution.ts";
import { type Millis, readTaskId, type StepId } from "./ids.ts";
import { type JobKey, readJobKey } from "./job.ts";

/** The ended jobs of a step: their time, and their cost as far as agents reported it. */
export type StepWork = {
  readonly ms: Millis;
  /** `null` if no agent reported a cost. */
  readonly usd: number | null;
  /** Whether every job reported its cost. */
  readonly isWhole: boolean;
};

const NO_WORK: StepWork = { ms: 0, usd: null, isWhole: true };

const addJob = ({ ms, usd, isWhole }: StepWork, time: Millis, cost: number | null): StepWork => ({
  ms: ms + time,
  usd: cost === null ? usd : (usd ?? 0) + cost,
  isWhole: isWhole && cost !== null,
});

/** The work on each step whose jobs have ended. */
export const collectStepWork = ({
  id,
  times = {},
  usage = {},
}: Pick<Execution, "id" | "times" | "usage">): ReadonlyMap<StepId, StepWork> => {
  const work = new Map<StepId, StepWork>();
  for (const [key, time = 0] of Object.entries(times)) {
    const task = readTaskId(readJobKey(key)?.target ?? "");
    if (task?.execution !== id) continue;
    work.set(task.step, addJob(work.get(task.step) ?? NO_WORK, time, usage[key as JobKey]?.costUsd ?? null));
  }
  return work;
};
