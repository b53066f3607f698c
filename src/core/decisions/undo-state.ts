import { type Execution, hasEnded } from "../domain/execution.ts";
import { type TaskId, toTaskId } from "../domain/ids.ts";
import { isTerminalState, type Step } from "../domain/step.ts";
import type { ExecutionReader } from "./read-with-archive.ts";

/** A step that undoes a task; `isOver` if the step is done. */
type TaskUndo = { readonly execution: Execution; readonly task: TaskId; readonly isOver: boolean };

/** The undo of a landed task; null if its work is in place, also after an undo of the undo. */
export const findTaskUndo = (tx: ExecutionReader, task: TaskId): TaskUndo | null => {
  for (const execution of tx.executions().toSorted((one, other) => other.createdAt - one.createdAt)) {
    const [id] = Object.entries(execution.undoes ?? {}).find(([, landing]) => landing.task === task) ?? [];
    const step = id === undefined ? undefined : execution.steps[id];
    if (!step) continue;
    const undo = toTaskId(execution.id, step.id);
    if (step.state === "done") return findTaskUndo(tx, undo)?.isOver === true ? null : { execution, task: undo, isOver: true };
    if (!hasEnded(execution) && !isTerminalState(step.state)) return { execution, task: undo, isOver: false };
  }
  return null;
};

/** Whether git makes the head of a step: a revert of a landed step that no attempt has changed. */
export const isRevertDue = ({ undoes }: Pick<Execution, "undoes">, { id, state, head, deadline }: Step): boolean =>
  undoes?.[id] !== undefined && state === "ready" && head === null && deadline === null;

/** Whether the present head is a revert exactly as git made it: a person asked for its content, and no agent wrote any of it. */
export const isPlainRevert = ({ undoes }: Pick<Execution, "undoes">, { id, head, attempt, resolution }: Step): boolean =>
  undoes?.[id] !== undefined && head?.by === "worker" && attempt === 0 && resolution?.resolvedHead !== head.sha;
