import { type Execution, isPlanning } from "./execution.ts";
import { toTaskId } from "./ids.ts";
import { type JobKey, toJobKey } from "./job.ts";
import type { Ledger } from "./ledger.ts";
import type { Queue } from "./queue.ts";
import { findOpenConflict } from "./step.ts";
import { listTriedSteps, toTrialJob } from "./tried-step.ts";

/** With more results to come, one run of `enki.yml` handles several of them, and makes fewer requests than a coordinator for each. */
const MAX_OTHER_RESULTS = 3;

/** Whether the ledger waits for so few other results that the job of this one coordinates itself. */
export const expectsFewResults = (ledger: Pick<Ledger, "executions" | "queues">, job: JobKey): boolean =>
  listRunningJobs(ledger).filter((each) => each !== job).length <= MAX_OTHER_RESULTS;

/** The jobs whose results the ledger waits for. */
export const listRunningJobs = ({ executions, queues }: Pick<Ledger, "executions" | "queues">): JobKey[] => [
  ...Object.values(executions).flatMap((execution) => [...listPlanners(execution), ...listWorkers(execution)]),
  ...Object.values(queues).flatMap((queue) => listVerifications(queue)),
  ...listTriedSteps({ executions }).map(({ trial }) => toTrialJob(trial)),
];

const listPlanners = (execution: Execution): JobKey[] =>
  isPlanning(execution) ? [toJobKey({ kind: "plan", target: execution.id, attempt: execution.planning.attempt })] : [];

const listWorkers = ({ id, steps }: Execution): JobKey[] =>
  Object.values(steps).flatMap((step): JobKey[] => {
    const target = toTaskId(id, step.id);
    if (step.state === "running") return [toJobKey({ kind: "work", target, attempt: step.attempt })];
    const conflict = findOpenConflict(step);
    return conflict && conflict.deadline !== null ? [toJobKey({ kind: "resolve", target, attempt: conflict.attempt })] : [];
  });

const listVerifications = ({ candidates }: Queue): JobKey[] =>
  candidates.flatMap(({ commit, runs }) =>
    runs
      .filter(({ verdict, deadline, verified }) => verdict === null && deadline !== null && !verified)
      .map(({ attempt }) => toJobKey({ kind: "verify", target: commit, attempt })),
  );
