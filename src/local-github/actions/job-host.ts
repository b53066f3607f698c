import type { AgentSteps } from "./agent-steps.ts";
import type { ArtifactStore } from "./artifact-store.ts";
import type { CellFactory } from "./process-cell.ts";
import type { JobDirectories, RunFacts } from "./run-facts.ts";
import type { JobLog } from "./job-log.ts";
import type { JobPlaces } from "./job-places.ts";
import type { JobProcesses } from "./job-processes.ts";
import type { OwnSteps } from "./own-steps.ts";
import type { RunnerTimers } from "./runner-timers.ts";

/** The part of the installation used by every job. */
export type RunnerInstallation = {
  /** The directory for jobs, logs and artifacts. */
  readonly directory: string;
  /** Whether the directories of finished jobs are kept. */
  readonly keepDirectories: boolean;
  readonly actionRoot: string;
  readonly node: string;
  /** `PATH`, `LANG` and `TZ`: the only variables that a job receives from the machine. */
  readonly baseEnvironment: Readonly<Record<string, string>>;
  readonly clock: () => number;
  readonly timers: RunnerTimers;
  readonly artifacts: ArtifactStore;
  readonly cells: CellFactory;
  /** Enki's steps for this process; null to run each step in a process of the job. */
  readonly ownSteps: OwnSteps | null;
  /** See RunnerOptions.stepPrograms. */
  readonly stepPrograms: Readonly<Record<string, string>>;
  /** Places with a program of `stepPrograms`; null if these programs cannot wait for their step. */
  readonly places: JobPlaces | null;
  readonly agentSteps: AgentSteps;
};

/** A running job: its directories, permissions and log, and the processes of its steps. */
export type ActionsJobHost = {
  readonly facts: RunFacts;
  readonly id: string;
  readonly directories: JobDirectories;
  readonly token: string;
  readonly secrets: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, string>>;
  readonly log: JobLog;
  readonly processes: JobProcesses;
  readonly installation: RunnerInstallation;
};

/** One call of an action. */
export type ActionCall = {
  readonly job: ActionsJobHost;
  readonly inputs: ReadonlyMap<string, string>;
  /** The complete environment of the step's process. */
  readonly env: Readonly<Record<string, string>>;
  /** Creates the files through which a process of the step sets outputs; called once, before the process starts. */
  readonly createCommandFiles: () => void;
  readonly stop: AbortSignal;
};

/**
 * Performs an action and returns its outputs, in addition to those in its command file. Throws `StepFault` if it
 * fails.
 */
export type BuiltInAction = (call: ActionCall) => Promise<Readonly<Record<string, string>>>;
