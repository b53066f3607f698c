import type { Execution } from "../domain/execution.ts";
import { readTaskId, type TaskId } from "../domain/ids.ts";
import type { Step } from "../domain/step.ts";
import type { DecisionReader } from "./decision-transaction.ts";
import { listNeedStatuses } from "./needs.ts";

/** The failed task that a blocked step depends on, directly or indirectly; null if the ledger has none. */
export const findFailedNeed = (tx: DecisionReader, execution: Execution, step: Step): TaskId | null => {
  const seen = new Set<TaskId>();
  const stack = [{ execution, step }];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const planned = tx.planned(at.execution, at.step.id);
    for (const { task, step: needed } of planned ? listNeedStatuses(tx, at.execution, planned) : []) {
      if (needed?.state === "failed") return task;
      const other = tx.execution(readTaskId(task)?.execution ?? "");
      if (needed?.state !== "blocked" || !other || seen.has(task)) continue;
      seen.add(task);
      stack.push({ execution: other, step: needed });
    }
  }
  return null;
};
