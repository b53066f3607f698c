import { refuseFaultyWork } from "../../messages/refusals/steps.ts";
import { toTaskId } from "../../domain/ids.ts";
import type { Refusal } from "../../domain/refusal.ts";
import type { StepWriter } from "../decision-transaction.ts";
import { fail, retryAfterFault } from "../../domain/step-lifecycle.ts";
import { mayTake } from "../../domain/step-transitions.ts";
import { type StepContext } from "../find-step.ts";

export const retryFaultyStep = (tx: StepWriter, { execution, step, reason }: StepContext & { reason: string }): void => {
  const faults = step.faults + 1;
  const task = toTaskId(execution.id, step.id);
  const retried = retryAfterFault(step, { reason, now: tx.now });
  if (!retried) {
    return failStep(tx, {
      execution,
      step: { ...step, faults },
      refusal: refuseFaultyWork(faults, reason, task),
      log: reason,
    });
  }
  tx.putStep(execution.id, retried);
  tx.note(`${task}: fault ${faults}: ${reason}`);
};

export const failStep = (tx: StepWriter, { execution, step, refusal, log }: StepContext & { refusal: Refusal; log: string }): void => {
  if (!mayTake("fail", step)) return tx.note(`${toTaskId(execution.id, step.id)} is ${step.state} and does not fail: ${refusal.code}`);
  tx.putStep(execution.id, fail(step, refusal, log || refusal.message));
  tx.note(`${toTaskId(execution.id, step.id)} failed: ${refusal.code}`);
};
