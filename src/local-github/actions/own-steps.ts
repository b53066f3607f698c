/** A call of Enki's action in the runner's own process. */
export type OwnStepCall = {
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
  readonly readInput: (name: string) => string;
  readonly setOutput: (name: string, value: string) => void;
  /** Adds Markdown to the summary of the step. */
  readonly writeSummary: (markdown: string) => Promise<void>;
  readonly log: (line: string) => void;
  /** Aborts when the step is cancelled, is late, or its job is killed. */
  readonly stop: AbortSignal;
};

/** Enki's steps without the repository's code and without an agent. */
export type OwnSteps = {
  readonly commands: readonly string[];
  /** Runs a step; returns why it failed, or null. */
  readonly run: (call: OwnStepCall) => Promise<string | null>;
};
