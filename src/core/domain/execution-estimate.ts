import type { Hash, Millis, StepId } from "./ids.ts";

/** What half of the earlier steps did not exceed. `usd`: US dollars. Amounts without history are absent. */
type StepForecast = { readonly ms?: Millis; readonly usd?: number };

/** What an execution was expected to take when its plan started, kept to be compared with what it takes. */
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
