import { type Execution, hasEnded } from "../domain/execution.ts";
import { type StepId, type TaskId, toTaskId } from "../domain/ids.ts";
import { listNeededSteps, listNeededTasks } from "../domain/plan.ts";
import type { Refusal } from "../domain/refusal.ts";
import { isTerminalState } from "../domain/step.ts";
import { refuseUndoOfNeeded } from "../messages/refusals/undo.ts";
import type { ExecutionReader } from "./read-with-archive.ts";
import { findTaskUndo } from "./undo-state.ts";

/** The steps of an execution that need a step, also through others. A workflow's step depends on every work below. */
export const listDependents = (tx: ExecutionReader, execution: Execution, id: StepId): readonly StepId[] => {
  const found = new Set<StepId>([id]);
  for (const planned of tx.order(execution)) {
    const built = execution.workflow ? (execution.steps[planned.id]?.builtOn ?? []) : [];
    const isBuiltOn = built.some(({ task }) => [...found].some((each) => toTaskId(execution.id, each) === task));
    if (isBuiltOn || listNeededSteps(planned).some((each) => found.has(each))) found.add(planned.id);
  }
  found.delete(id);
  return [...found];
};

/** Why landed tasks cannot be undone: a step of another request that needs one of them has landed, or may still start. Refusal: `undo-needed`. */
export const findForeignDependent = (tx: ExecutionReader, tasks: readonly TaskId[]): Refusal | null => {
  const undone = new Set(tasks);
  for (const execution of tx.executions()) {
    for (const planned of tx.order(execution)) {
      const needed = listNeededTasks(planned).find((task) => undone.has(task));
      const step = execution.steps[planned.id];
      if (needed === undefined || undone.has(toTaskId(execution.id, planned.id))) continue;
      const task = toTaskId(execution.id, planned.id);
      if (step?.landed && findTaskUndo(tx, task)?.isOver !== true) return refuseUndoOfNeeded(needed, { task, isLanded: true });
      if (!hasEnded(execution) && !(step && isTerminalState(step.state))) return refuseUndoOfNeeded(needed, { task, isLanded: false });
    }
  }
  return null;
};
