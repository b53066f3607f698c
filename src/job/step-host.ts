import type { TimerStarter } from "../storage/git/run-git.ts";

/** What the runner provides to the steps without a token; they work from the spec that `prepare` wrote. */
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
  /** Calls this instead of ending the process at the runner's first signal; returns what undoes it. Absent where the runner sends none. */
  readonly onInterrupt?: (call: () => void) => () => void;
};
