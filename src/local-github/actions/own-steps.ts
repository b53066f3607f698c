/** One call of Enki's action that runs in the runner's own process. */
export type OwnStepCall = {
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
  readonly readInput: (name: string) => string;
  readonly setOutput: (name: string, value: string) => void;
  readonly log: (line: string) => void;
  /** Aborts when the step is cancelled, is late, or its job is killed. */
  readonly stop: AbortSignal;
};

/** Enki's steps that run none of the repository's code and no agent. */
export type OwnSteps = {
  readonly commands: readonly string[];
  /** Runs a step; returns why it failed, or null. */
  readonly run: (call: OwnStepCall) => Promise<string | null>;
};
