import type { Hash, Millis, StepId } from "./ids.ts";

/** Half of the earlier steps did not exceed these amounts. `usd`: US dollars. Amounts without history are absent. */
type StepForecast = { readonly ms?: Millis; readonly usd?: number };

/** The estimate of an execution, made when its plan started and compared with the actual times later. */
export type ExecutionEstimate = {
  /** The plan that was estimated. */
  readonly plan: Hash;
  /** Only steps with history. */
  readonly steps: Readonly<Record<StepId, StepForecast>>;
  /** From a head to its landing; absent without history. */
  readonly landing?: Millis;
  /** The expected end, computed when a step last changed its state; absent if it waits for a person or lacks history. */
  readonly end?: Millis;
};
