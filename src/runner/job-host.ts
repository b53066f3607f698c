import type { ArtifactStore } from "./artifact-store.ts";
import type { Cells } from "./cell.ts";
import type { Place, RunFacts } from "./facts.ts";
import type { Log } from "./log.ts";
import type { Processes } from "./processes.ts";
import type { Timers } from "./timers.ts";

/** What this installation gives every job. */
export type Installation = {
  /** Where jobs, logs and artifacts are kept. */
  readonly directory: string;
  /** True where the directories of ended jobs stay. */
  readonly keep: boolean;
  readonly actionRoot: string;
  readonly node: string;
  /** `PATH`, `LANG` and `TZ`: all that a job sees of the machine's environment. */
  readonly base: Readonly<Record<string, string>>;
  readonly clock: () => number;
  readonly timers: Timers;
  readonly artifacts: ArtifactStore;
  readonly cells: Cells;
};

/** One job while it runs: where it is, what it may use, and what its steps left so far. */
export type JobHost = {
  readonly facts: RunFacts;
  readonly id: string;
  readonly place: Place;
  readonly token: string;
  readonly secrets: Readonly<Record<string, string>>;
  readonly log: Log;
  readonly processes: Processes;
  readonly installation: Installation;
};

/** What an action is called with. */
export type ActionCall = {
  readonly job: JobHost;
  readonly inputs: ReadonlyMap<string, string>;
  /** The whole environment of the step's process. */
  readonly env: Readonly<Record<string, string>>;
  readonly stop: AbortSignal;
};

/** Does an action. Its outputs, beside those that a process left in its file. Throws `StepFault` where it fails. */
export type Action = (call: ActionCall) => Promise<Readonly<Record<string, string>>>;
