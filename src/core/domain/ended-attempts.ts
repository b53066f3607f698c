import { type Execution, isPlanning } from "./execution.ts";
import { toTaskId } from "./ids.ts";
import type { Job } from "./job.ts";

const countAttempts = (job: Pick<Job, "kind" | "target">, count: number): readonly Job[] =>
  Array.from({ length: count }, (_, at) => ({ ...job, attempt: at + 1 }));

/** The ended attempts of the planner, and those of each step: its work, and the resolution of its conflict. */
export const listEndedAttempts = (execution: Execution): readonly Job[] => {
  const { id, planning, steps } = execution;
  return [
    ...countAttempts({ kind: "plan", target: id }, planning.attempt - (isPlanning(execution) ? 1 : 0)),
    ...Object.values(steps).flatMap((step) => {
      const [target, { resolution }] = [toTaskId(id, step.id), step];
      const isResolving = resolution !== undefined && resolution.deadline !== null;
      return [
        ...countAttempts({ kind: "work", target }, step.attempt - (step.state === "running" ? 1 : 0)),
        ...countAttempts({ kind: "resolve", target }, (resolution?.attempt ?? 0) - (isResolving ? 1 : 0)),
      ];
    }),
  ];
};
