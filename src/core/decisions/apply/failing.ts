import type { Execution } from "../../domain/execution.ts";
import { readTaskId, toTaskId } from "../../domain/ids.ts";
import type { Refusal } from "../../domain/refusal.ts";
import type { Step } from "../../domain/step.ts";
import type { Draft } from "../draft.ts";
import { backOff, MAX_FAULTS } from "../faults.ts";

export type At = { readonly execution: Execution; readonly step: Step };

/** The step that a task names; null where the ledger has none. */
export const findStep = (draft: Draft, task: string): At | null => {
  const id = readTaskId(task);
  const execution = id && draft.execution(id.execution);
  const step = id && execution?.steps[id.step];
  return execution && step ? { execution, step } : null;
};

/** Tries a step again after a fault, or fails it after {@link MAX_FAULTS}. */
export const workFault = (draft: Draft, { execution, step, why }: At & { why: string }): void => {
  const faults = step.faults + 1;
  const task = toTaskId(execution.id, step.id);
  if (faults > MAX_FAULTS) {
    return failStep(draft, {
      execution,
      step: { ...step, faults },
      why: { code: "work-faults", message: `Its job ended badly ${faults} times: ${why}`, next: `/enki retry ${task}` },
      log: why,
    });
  }
  draft.putStep(execution.id, {
    ...step,
    faults,
    state: "ready",
    deadline: null,
    notBefore: draft.now + backOff(faults),
    lastFailure: why,
  });
  draft.note(`${task}: fault ${faults}: ${why}`);
};

export const failStep = (draft: Draft, { execution, step, why, log }: At & { why: Refusal; log: string }): void => {
  draft.putStep(execution.id, { ...step, state: "failed", refusal: why, deadline: null, lastFailure: log || why.message });
  draft.note(`${toTaskId(execution.id, step.id)} failed: ${why.code}`);
};
