import type { Execution } from "./execution.ts";
import { hasEnded } from "./execution.ts";
import { type Sha, toTaskId, type StepId, type TaskId } from "./ids.ts";
import { LONE_STEP, type PlannedStep } from "./plan.ts";
import { toBranchRef, toPullHeadRef, toTaskRef } from "./refs.ts";
import { createStep, type Step } from "./step.ts";

/** The id of the only step of an execution that lands a pull request. */
export const PULL_STEP_ID: StepId = "pull";

/** The planned step that stands for a person's pull request: no agent works on it. */
export const toPullStep = (pull: number, title: string): PlannedStep => ({
  ...LONE_STEP,
  id: PULL_STEP_ID,
  title: title === "" ? `Pull request ${pull}` : title,
  description: `Land #${pull}.`,
});

/** The step of a person's pull request at a head. Reviews of that head count, however old they are. */
export const createPullStep = (pull: number, head: Sha): Step => ({
  ...createStep(PULL_STEP_ID),
  state: "published",
  pull,
  head: { sha: head, since: 0, by: "person" },
});

/** The ref that contains a step's head: the task branch, or for a person's pull request its branch or Enki's copy of a fork's head. */
export const toHeadRef = ({ id, landsPull }: Pick<Execution, "id" | "landsPull">, step: StepId): string => {
  const task: TaskId = toTaskId(id, step);
  if (!landsPull) return toTaskRef(task);
  return landsPull.branch === null ? toPullHeadRef(task) : toBranchRef(landsPull.branch);
};

/** The command that tries a failed task again. A person's pull request has no work that could be repeated. */
export const toRetryCommand = ({ landsPull }: Pick<Execution, "landsPull">, task: TaskId): string =>
  landsPull ? "/enki land" : `/enki retry ${task}`;

/** The unfinished execution that lands a pull request. */
export const findQueuedPull = (executions: readonly Execution[], pull: number): Execution | undefined =>
  executions.find((each) => each.landsPull?.pull === pull && !hasEnded(each));
