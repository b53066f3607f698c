import type { ArtifactStore } from "./artifact-store.ts";
import type { CellFactory } from "./process-cell.ts";
import type { JobDirectories, RunFacts } from "./run-facts.ts";
import type { JobLog } from "./job-log.ts";
import type { JobProcesses } from "./job-processes.ts";
import type { RunnerTimers } from "./runner-timers.ts";

/** What this installation gives every job. */
export type RunnerInstallation = {
  /** Where jobs, logs and artifacts are kept. */
  readonly directory: string;
  /** True where the directories of ended jobs stay. */
  readonly keepDirectories: boolean;
  readonly actionRoot: string;
  readonly node: string;
  /** `PATH`, `LANG` and `TZ`: all that a job sees of the machine's environment. */
  readonly baseEnvironment: Readonly<Record<string, string>>;
  readonly clock: () => number;
  readonly timers: RunnerTimers;
  readonly artifacts: ArtifactStore;
  readonly cells: CellFactory;
};

/** One job while it runs: where it is, what it may use, and what its steps left so far. */
export type ActionsJobHost = {
  readonly facts: RunFacts;
  readonly id: string;
  readonly place: JobDirectories;
  readonly token: string;
  readonly secrets: Readonly<Record<string, string>>;
  readonly log: JobLog;
  readonly processes: JobProcesses;
  readonly installation: RunnerInstallation;
};

/** What an action is called with. */
export type ActionCall = {
  readonly job: ActionsJobHost;
  readonly inputs: ReadonlyMap<string, string>;
  /** The whole environment of the step's process. */
  readonly env: Readonly<Record<string, string>>;
  readonly stop: AbortSignal;
};

/** Does an action. Its outputs, beside those that a process left in its file. Throws `StepFault` where it fails. */
export type BuiltInAction = (call: ActionCall) => Promise<Readonly<Record<string, string>>>;
