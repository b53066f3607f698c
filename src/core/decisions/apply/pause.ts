import {
  refuseIdlePause,
  refuseIdleResume,
  refusePaused,
  refuseStepPause,
  refuseStepResume,
} from "../../messages/refusals/step-commands.ts";
import { pauseExecution, resumeExecution } from "../../domain/execution-lifecycle.ts";
import { pause as pauseOne, resume as resumeOne } from "../../domain/step-lifecycle.ts";
import { mayTake } from "../../domain/step-transitions.ts";
import type { Execution } from "../../domain/execution.ts";
import { toTaskId } from "../../domain/ids.ts";
import type { Step } from "../../domain/step.ts";
import type { StepWriter } from "../decision-transaction.ts";
import { PERSON_WAIT_MS } from "../../domain/retry-policy.ts";
import { formatNounCount, type TargetCommandHandler, type StepCommandHandler } from "./answer.ts";

/**
 * Pauses an execution: running jobs finish, nothing new starts or lands. Or pauses a step: its run is stopped, and its work stays on its
 * branch without landing. Refusals: `not-running`, `cannot-pause`.
 */
export const pauseTarget: TargetCommandHandler = (tx, { execution, step }, event) => {
  if (step) return pauseStepByPerson(tx, { execution, step, event });
  if (execution.state !== "running") {
    const next = execution.state === "paused" ? `/enki resume ${execution.id}` : "/enki status";
    return refuseIdlePause(execution.id, execution.state, next);
  }
  const why = refusePaused(event.by, execution.id);
  tx.putExecution(pauseExecution(execution, why));
  tx.note(`${event.by} paused ${execution.id}`);
  return null;
};

const pauseStepByPerson: StepCommandHandler = (tx, { execution, step, event }) => {
  const task = toTaskId(execution.id, step.id);
  if (!canPause(step)) {
    const next = step.state === "paused" ? `/enki resume ${task}` : "/enki status";
    return refuseStepPause(task, step.state, next);
  }
  const why = refusePaused(event.by, task);
  tx.putStep(execution.id, pauseOne(step, why));
  tx.note(`${event.by} paused ${task}`);
  return null;
};

/** Whether a step can be paused. A report that waits for approval neither runs nor lands. */
const canPause = (step: Step): boolean => mayTake("pause", step) && (step.state !== "waiting" || step.head !== null);

/** Resumes a paused execution or step; for a running execution, every paused step of it. Refusal: `not-paused`. */
export const resumeTarget: TargetCommandHandler = (tx, { execution, step }, event) => {
  if (step) return resumeStepByPerson(tx, { execution, step, event });
  if (execution.state === "paused") {
    tx.putExecution(resumeExecution(execution));
    // No one had to answer during the pause, so deadlines for people start again.
    for (const each of Object.values(execution.steps))
      if (each.state === "waiting" && each.deadline !== null) tx.putStep(execution.id, { ...each, deadline: tx.now + PERSON_WAIT_MS });
    tx.note(`${event.by} resumed ${execution.id}`);
    return null;
  }
  const paused = execution.state === "running" ? Object.values(execution.steps).filter((each) => each.state === "paused") : [];
  for (const each of paused) resumePausedStep(tx, execution, each);
  if (paused.length === 0) return refuseIdleResume(execution.id, execution.state);
  tx.note(`${event.by} resumed ${formatNounCount(paused.length, "step")} of ${execution.id}`);
  return null;
};

const resumeStepByPerson: StepCommandHandler = (tx, { execution, step, event }) => {
  const task = toTaskId(execution.id, step.id);
  if (step.state !== "paused") return refuseStepResume(task, step.state);
  resumePausedStep(tx, execution, step);
  tx.note(`${event.by} resumed ${task}`);
  if (execution.state !== "paused") return null;
  return { text: `\`${task}\` continues when its execution is resumed: \`/enki resume ${execution.id}\`.` };
};

/** The transitions pass checks later whether its needs are still met. */
const resumePausedStep = (tx: StepWriter, execution: Execution, step: Step): void => tx.putStep(execution.id, resumeOne(step));
