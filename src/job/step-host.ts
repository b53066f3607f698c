import type { TimerStarter } from "../storage/git/run-git.ts";

/** The runner, as the steps without a token see it; these steps work from the spec written by `prepare`. */
export type StepHost = {
  /** Absolute paths. */
  readonly workspace: string;
  readonly temp: string;
  /** The machine's environment; only a few variables are passed on. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The model's key; empty if there is none. */
  readonly modelKey: string;
  /** The variables that a person gives to agents, by name. */
  readonly agentEnv: Readonly<Record<string, string>>;
  /** The program and script that start this installation's CLI, for Enki's tools. */
  readonly node: string;
  readonly cli: string;
  readonly after: TimerStarter;
  readonly now: () => number;
  /** An unpredictable word. */
  readonly nonce: string;
  readonly log: (line: string) => void;
  /**
   * Calls `call` at the runner's first signal instead of ending the process; returns a function that removes the handler. Absent if the
   * runner sends no signals.
   */
  readonly onInterrupt?: (call: () => void) => () => void;
};
