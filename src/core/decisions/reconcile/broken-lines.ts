import type { StepWriter, RefWriter } from "../decision-transaction.ts";
import { findLostHead, restoreConflictingHead } from "./conflicts.ts";

/** Undoes resolutions on top of heads that do not land soon as they were: their conflicts are resolved again, without these heads. */
export const reconcileBrokenLines = (tx: StepWriter & RefWriter): void => {
  for (const execution of tx.executions()) {
    if (execution.state !== "running") continue;
    for (const step of tx.steps(execution.id)) {
      const { resolution, head, state } = step;
      if (!resolution || resolution.resolvedHead !== head?.sha || (state !== "published" && state !== "waiting")) continue;
      const lost = findLostHead(tx, resolution);
      if (lost === null) continue;
      const task = restoreConflictingHead(tx, { execution, step, resolution });
      tx.note(`${task}: its conflict is resolved again, without ${lost}`);
    }
  }
};
