/** The most often that an agent may correct its work in one attempt. */
export const MAX_CORRECTIONS = 5;

/**
 * What an agent's own job saw when it ran the verify commands on a copy of the work. Information only, never a verdict: the work could
 * have influenced it.
 */
export type WorkCheck = {
  /** The failed command of each red run, in order. */
  readonly failed: readonly string[];
  /** How the last run ended; `unfinished` if the attempt's time was over. */
  readonly end: "passed" | "failed" | "unfinished";
};
