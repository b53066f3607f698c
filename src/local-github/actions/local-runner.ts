import { delimiter, dirname, join } from "node:path";
import { createArtifactStore } from "./artifact-store.ts";
import { createCellFactory } from "./process-cell.ts";
import { type ConcurrencyGroups, createConcurrencyGroups } from "./concurrency-groups.ts";
import type { RunObserver, WorkflowRunner, RunRequest } from "./workflow-runner.ts";
import { createRunFacts } from "./run-facts.ts";
import type { RunnerInstallation } from "./job-host.ts";
import { prepareRun, type PreparedRun } from "./prepare-run.ts";
import { type StartedRun, startRequestedRun } from "./start-requested-run.ts";
import { createJobSlots, type JobSlots } from "./job-slots.ts";
import type { RunnerTimers } from "./runner-timers.ts";

export type RunnerOptions = {
  /** An absolute path: below it are the jobs, their logs and the artifacts. */
  readonly directory: string;
  /** Where this installation's `action.yml` and its `dist` are. */
  readonly actionRoot: string;
  /** The path of node. */
  readonly node: string;
  /** The machine's environment: `PATH`, `LANG` and `TZ` are taken from it and nothing else. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly timers: RunnerTimers;
  /** Jobs at once; 20 where it is not given, as in a free account. */
  readonly slots?: number;
  /** Directories that no job may see, beside the runner's own: a forge's repositories and keys. */
  readonly hidden?: readonly string[];
  /** False to start processes as they are, as where the machine has no namespaces. */
  readonly namespaces?: boolean;
  /** True to keep the directories of ended jobs. */
  readonly keepDirectories?: boolean;
};

/** A runner of this machine, with the faults that a rehearsal asks for. */
export type LocalRunner = WorkflowRunner & {
  /** Ends a job as when the machine under it goes: a failure, and none of its steps runs any more. False where it does not run. */
  killJob(run: number, job: string): boolean;
};

const createInstallation = (options: RunnerOptions): RunnerInstallation => {
  const { PATH, LANG, TZ } = options.env;
  const path = [dirname(options.node), ...(PATH === undefined ? [] : [PATH])].join(delimiter);
  return {
    directory: options.directory,
    keepDirectories: options.keepDirectories ?? false,
    actionRoot: options.actionRoot,
    node: options.node,
    baseEnvironment: { PATH: path, ...(LANG !== undefined && { LANG }), ...(TZ !== undefined && { TZ }) },
    clock: options.clock,
    timers: options.timers,
    cells: createCellFactory({
      namespaces: options.namespaces ?? true,
      path,
      hidden: [options.directory, ...(options.hidden ?? [])],
      needed: [options.actionRoot, dirname(options.node)],
    }),
    artifacts: createArtifactStore(join(options.directory, "artifacts")),
  };
};

type RunnerEntry = { started: StartedRun | null; cancelled: string | null; finished: Promise<void> };

type RunnerState = {
  readonly installation: RunnerInstallation;
  readonly slots: JobSlots;
  readonly repositories: Map<string, ConcurrencyGroups>;
  readonly runs: Map<number, RunnerEntry>;
  /** Resolves when the run that was asked for last has begun. */
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
  of: { request: RunRequest; observer: RunObserver; entry: RunnerEntry },
  prepared: PreparedRun,
): Promise<void> => {
  const { request, observer, entry } = of;
  if (!prepared.ok) observer.onDone("startup_failure", prepared.reason);
  else if (state.closed || entry.cancelled !== null) observer.onDone("cancelled", entry.cancelled ?? "the runner was closed");
  else {
    const machine = { installation: state.installation, concurrency: ensureConcurrencyGroups(state, request), slots: state.slots };
    entry.started = startRequestedRun(machine, { facts: createRunFacts(request, prepared.workflow), enki: prepared.enki }, observer);
    return entry.started.finished;
  }
  return Promise.resolve();
};

// Files are read beside each other, but runs begin in the order in which they were asked for: groups depend on it.
const startRunInOrder = async (
  state: RunnerState,
  of: { request: RunRequest; observer: RunObserver; entry: RunnerEntry },
): Promise<void> => {
  const before = state.lastStart;
  const ready = prepareRun(of.request, state.installation.actionRoot);
  const begun = Promise.all([ready, before]).then(([prepared]) => ({ finished: startPreparedRun(state, of, prepared) }));
  state.lastStart = begun.catch(() => undefined);
  await (
    await begun
  ).finished;
};

/** Runs Actions workflow files on this machine, each job in directories and processes of its own. */
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
    killJob: (run, job) => runs.get(run)?.started?.kill(job, "the job's runner died") ?? false,
    close: async () => {
      state.closed = true;
      for (const entry of runs.values()) entry.started?.die();
      await Promise.all([...runs.values()].map((entry) => entry.finished));
    },
  };
};
