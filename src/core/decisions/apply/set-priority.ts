import { hasEnded } from "../../domain/execution.ts";
import { toTaskId } from "../../domain/ids.ts";
import type { Priority } from "../../domain/priority.ts";
import { isTerminalState } from "../../domain/step.ts";
import { describePriority, refuseEnded } from "../../messages/priority-text.ts";
import type { TargetCommandHandler } from "./answer.ts";

/** Sets the priority of an execution or of a step. Refusal: `already-over`. */
export const setPriority =
  (priority: Priority): TargetCommandHandler =>
  (tx, { execution, step }, event) => {
    const name = step ? toTaskId(execution.id, step.id) : execution.id;
    if (step ? isTerminalState(step.state) && step.state !== "failed" : hasEnded(execution) && execution.state !== "failed")
      return refuseEnded(name, step?.state ?? execution.state);
    if (step) tx.putStep(execution.id, { ...step, priority });
    else tx.putExecution({ ...execution, priority });
    tx.note(`${event.by} gave ${name} the priority ${priority}`);
    return { text: describePriority(name, priority) };
  };
