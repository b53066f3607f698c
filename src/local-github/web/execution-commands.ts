import { type Execution, hasEnded } from "../../core/domain/execution.ts";
import { toTaskId } from "../../core/domain/ids.ts";
import { isTerminalState, type Step } from "../../core/domain/step.ts";
import { mayTake } from "../../core/domain/step-transitions.ts";

/** A command of a button: the words after `/enki`, and the label. */
export type OfferedCommand = { readonly words: string; readonly label: string };

const offer = (name: string, target: string, label: string): OfferedCommand => ({ words: `${name} ${target}`, label });

/** The commands that change one step, as far as its state allows them. A person's own pull request has none. */
export const listStepCommands = ({ id, landsPull }: Pick<Execution, "id" | "landsPull">, step: Step): OfferedCommand[] => {
  if (landsPull) return [];
  const task = toTaskId(id, step.id);
  const isOpen = !isTerminalState(step.state) || step.state === "failed" || step.state === "blocked";
  return [
    ...(step.state === "failed" ? [offer("retry", task, `Retry ${step.id}`)] : []),
    ...(mayTake("resume", step) ? [offer("resume", task, `Resume ${step.id}`)] : []),
    ...(mayTake("pause", step) && (step.state !== "waiting" || step.head !== null) ? [offer("pause", task, `Pause ${step.id}`)] : []),
    ...(isOpen ? [offer("skip", task, `Skip ${step.id}`), offer("cancel", task, `Cancel ${step.id}`)] : []),
  ];
};

/** The commands that change a whole execution, as far as its state allows them. */
export const listExecutionCommands = (execution: Execution): OfferedCommand[] => {
  const { id, state, steps } = execution;
  const isUndoable = hasEnded(execution) && Object.values(steps).some(({ landed }) => landed !== null);
  return [
    ...(state === "running" ? [offer("pause", id, "Pause")] : []),
    ...(state === "paused" ? [offer("resume", id, "Resume")] : []),
    ...(state === "done" || state === "cancelled" ? [] : [offer("cancel", id, "Cancel")]),
    ...(isUndoable ? [offer("undo", id, "Undo what landed")] : []),
  ];
};
