import type { ExecutionState } from "../domain/execution.ts";
import type { Queue } from "../domain/queue.ts";

/** The number of candidates verified at the same time; `waited` if further runs waited for a runner. */
export type ShownCapacity = { readonly slots: number; readonly waited: boolean };

/** Empty unless several steps wait to land. */
export const renderCapacityNote = (state: ExecutionState, { items }: Pick<Queue, "items">, shown: ShownCapacity | undefined): string => {
  if (!shown || state !== "running" || items.length < 2) return "";
  const count = shown.slots === 1 ? "One candidate is verified at a time" : `Up to ${shown.slots} candidates are verified at the same time`;
  return shown.waited ? `${count}, because further runs waited for a runner.` : `${count}.`;
};
