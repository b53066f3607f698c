import type { Execution } from "../domain/execution.ts";
import { readTaskId } from "../domain/ids.ts";
import type { Step } from "../domain/step.ts";
import type { LedgerReader } from "./decision-transaction.ts";

export type StepContext = { readonly execution: Execution; readonly step: Step };

/** The step of a task; null if the ledger has no such step. */
export const findStep = (tx: LedgerReader, task: string): StepContext | null => {
  const id = readTaskId(task);
  const execution = id && tx.execution(id.execution);
  const step = id && execution?.steps[id.step];
  return execution && step ? { execution, step } : null;
};
