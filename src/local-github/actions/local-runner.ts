import { delimiter, dirname, join } from "node:path";
import { openAgentSteps } from "./agent-steps.ts";
import { createArtifactStore } from "./artifact-store.ts";
import { type CellFactory, createCellFactory } from "./process-cell.ts";
import { type ConcurrencyGroups, createConcurrencyGroups } from "./concurrency-groups.ts";
import type { RunObserver, WorkflowRunner, RunRequest } from "./workflow-runner.ts";
import { createRunFacts } from "./run-facts.ts";
import type { RunnerInstallation } from "./job-host.ts";
import type { OwnSteps } from "./own-steps.ts";
import { prepareRun, type PreparedRun } from "./prepare-run.ts";
import { type StartedRun, startRequestedRun } from "./start-requested-run.ts";
import { type JobPlaces, openJobPlaces } from "./job-places.ts";
import { createJobSlots, type JobSlots } from "./job-slots.ts";
import type { RunnerTimers } from "./runner-timers.ts";
import type { ProgramStart } from "./waiting-program.ts";

export type RunnerOptions = {
  /** The absolute path of the directory for jobs, logs and artifacts. */
  readonly directory: string;
  /** The directory of this installation's `action.yml` and `dist`. */
  readonly actionRoot: string;
  readonly node: string;
  /** The machine's environment. Jobs receive only `PATH`, `LANG` and `TZ` from it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The clock, in milliseconds since the epoch. */
  readonly clock: () => number;
  readonly timers: RunnerTimers;
  /** The number of jobs that run at the same time; 20 by default, as in a free account. */
  readonly slots?: number;
  /** Directories that no job may see, in addition to the runner's own, such as a forge's repositories and keys. */
  readonly hidden?: readonly string[];
  /** Paths that every job may read, such as an agent of the person's home. */
  readonly readable?: readonly string[];
  /** Directories shared and writable by all jobs; none by default. */
  readonly shared?: readonly string[];
  /** Whether to isolate jobs with namespaces; true by default. Processes start directly if the machine has none. */
  readonly namespaces?: boolean;
  /** Enki's steps that run in this process, which saves starting a program; none by default. */
  readonly ownSteps?: OwnSteps;
  /** Files of this installation that perform single commands of its action, and start faster than the action itself; none by default. */
  readonly stepPrograms?: Readonly<Record<string, string>>;
  /**
   * How many processes wait for a job with a program of `stepPrograms`, each in a cell of its own; such programs wait when they are called
   * with `wait`. Without it a program starts when its step does.
   */
  readonly spares?: number;
  /** Whether to keep the directories of finished jobs; false by default. */
  readonly keepDirectories?: boolean;
};

/** A local runner with simulated failures. */
export type LocalRunner = WorkflowRunner & {
  /** Starts a process that waits for the first job, once the programs of `stepPrograms` exist. */
  warmUp(): void;
  /** See JobPlaces.expect. */
  expectJobs(jobs: number | null): void;
  /** Ends a job as if its machine had failed: the job fails and no further step runs. Returns false if it is not running. */
  killJob(run: number, job: string): boolean;
  /** Interrupts the agents at work, and waits until their runs have handed over what the agents did, but no longer than `limitMs`. */
  interruptAgents(limitMs: number): Promise<void>;
};

const createPlaces = (options: RunnerOptions, start: Omit<ProgramStart, "program">, cells: CellFactory): JobPlaces | null => {
  const { spares, directory, timers } = options;
  const [program] = Object.values(options.stepPrograms ?? {});
  if (spares === undefined || program === undefined) return null;
  return openJobPlaces({ directory: join(directory, "jobs"), cells, start: { ...start, program }, timers, spares });
};

const createInstallation = (options: RunnerOptions): RunnerInstallation => {
  const { PATH, LANG, TZ } = options.env;
  const path = [dirname(options.node), ...(PATH === undefined ? [] : [PATH])].join(delimiter);
  const baseEnvironment = { PATH: path, ...(LANG !== undefined && { LANG }), ...(TZ !== undefined && { TZ }) };
  const cells = createCellFactory({
    namespaces: options.namespaces ?? true,
    path,
    hidden: [options.directory, ...(options.hidden ?? [])],
    readable: [options.actionRoot, options.node, ...(options.readable ?? [])],
    shared: options.shared ?? [],
  });
  return {
    directory: options.directory,
    keepDirectories: options.keepDirectories ?? false,
    actionRoot: options.actionRoot,
    node: options.node,
    baseEnvironment,
    clock: options.clock,
    timers: options.timers,
    cells,
    places: createPlaces(options, { command: options.node, env: baseEnvironment }, cells),
    artifacts: createArtifactStore(join(options.directory, "artifacts")),
    ownSteps: options.ownSteps ?? null,
    stepPrograms: options.stepPrograms ?? {},
    agentSteps: openAgentSteps(),
  };
};

type RunnerEntry = { started: StartedRun | null; cancelled: string | null; finished: Promise<void> };

type RunnerState = {
  readonly installation: RunnerInstallation;
  readonly slots: JobSlots;
  readonly repositories: Map<string, ConcurrencyGroups>;
  readonly runs: Map<number, RunnerEntry>;
  /** Resolves when the most recent run has started. */
  lastStart: Promise<unknown>;
  closed: boolean;
};

const ensureConcurrencyGroups = (state: RunnerState, { repository }: RunRequest): ConcurrencyGroups => {
  const key = `${repository.owner}/${repository.name}`.toLowerCase();
  const concurrency = state.repositories.get(key) ?? createConcurrencyGroups();
  state.repositories.set(key, concurrency);
  return concurrency;
};

const startPreparedRun = (
  state: RunnerState,
  run: { request: RunRequest; observer: RunObserver; entry: RunnerEntry },
  prepared: PreparedRun,
): Promise<void> => {
  const { request, observer, entry } = run;
  if (!prepared.ok) observer.onDone("startup_failure", prepared.reason);
  else if (state.closed || entry.cancelled !== null) observer.onDone("cancelled", entry.cancelled ?? "The runner was closed.");
  else {
    const machine = { installation: state.installation, concurrency: ensureConcurrencyGroups(state, request), slots: state.slots };
    entry.started = startRequestedRun(machine, { facts: createRunFacts(request, prepared.workflow), enki: prepared.enki }, observer);
    return entry.started.finished;
  }
  return Promise.resolve();
};

// Files are read in parallel, but runs start in the order of their requests, because concurrency groups depend on it.
const startRunInOrder = async (
  state: RunnerState,
  run: { request: RunRequest; observer: RunObserver; entry: RunnerEntry },
): Promise<void> => {
  const before = state.lastStart;
  const { resumed, id } = run.request;
  const cleaned = resumed ? state.installation.artifacts.keepOnly(id, resumed.artifacts) : Promise.resolve();
  const ready = cleaned.then(() => prepareRun(run.request, state.installation.actionRoot));
  const started = Promise.all([ready, before]).then(([prepared]) => ({ finished: startPreparedRun(state, run, prepared) }));
  state.lastStart = started.catch(() => undefined);
  await (
    await started
  ).finished;
};

/** Runs Actions workflows on this machine, each job in its own directories and processes. */
export const createLocalRunner = (options: RunnerOptions): LocalRunner => {
  const installation = createInstallation(options);
  const slots = createJobSlots(options.slots ?? 20);
  const state: RunnerState = { installation, slots, repositories: new Map(), runs: new Map(), lastStart: Promise.resolve(), closed: false };
  const { runs } = state;
  return {
    start: (request, observer) => {
      const entry: RunnerEntry = { started: null, cancelled: null, finished: Promise.resolve() };
      runs.set(request.id, entry);
      entry.finished = startRunInOrder(state, { request, observer, entry })
        .catch((cause: unknown) => observer.onDone("startup_failure", cause instanceof Error ? cause.message : String(cause)))
        .finally(() => runs.delete(request.id));
    },
    cancel: (run) => {
      const entry = runs.get(run);
      if (!entry) return;
      entry.cancelled = "The run was canceled.";
      entry.started?.cancel(entry.cancelled);
    },
    warmUp: () => installation.places?.warmUp(),
    expectJobs: (jobs) => installation.places?.expect(jobs),
    killJob: (run, job) => runs.get(run)?.started?.kill(job, "The runner of the job stopped.") ?? false,
    interruptAgents: async (limitMs) => {
      const ended = Promise.all(installation.agentSteps.interrupt().flatMap((run) => runs.get(run)?.finished ?? []));
      await installation.places?.close();
      const late = new AbortController();
      await Promise.race([ended, installation.timers.sleep(limitMs, late.signal)]);
      late.abort();
    },
    close: async () => {
      state.closed = true;
      for (const entry of runs.values()) entry.started?.die();
      await Promise.all([installation.places?.close(), ...[...runs.values()].map((entry) => entry.finished)]);
    },
  };
};
