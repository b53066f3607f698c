import { delimiter, dirname, join } from "node:path";
import { createArtifactStore } from "./artifact-store.ts";
import { createCells } from "./cell.ts";
import { type Concurrency, createConcurrency } from "./concurrency.ts";
import type { RunObserver, Runner, RunRequest } from "./contract.ts";
import { factsOf } from "./facts.ts";
import type { Installation } from "./job-host.ts";
import { prepare, type Prepared } from "./prepare.ts";
import { type StartedRun, startRun } from "./run.ts";
import { createSlots, type Slots } from "./slots.ts";
import type { Timers } from "./timers.ts";

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
  readonly timers: Timers;
  /** Jobs at once; 20 where it is not given, as in a free account. */
  readonly slots?: number;
  /** Directories that no job may see, beside the runner's own: a forge's repositories and keys. */
  readonly hidden?: readonly string[];
  /** False to start processes as they are, as where the machine has no namespaces. */
  readonly namespaces?: boolean;
  /** True to keep the directories of ended jobs. */
  readonly keep?: boolean;
};

/** A runner of this machine, with the faults that a rehearsal asks for. */
export type LocalRunner = Runner & {
  /** Ends a job as when the machine under it goes: a failure, and none of its steps runs any more. False where it does not run. */
  killJob(run: number, job: string): boolean;
};

const installationOf = (options: RunnerOptions): Installation => {
  const { PATH, LANG, TZ } = options.env;
  const path = [dirname(options.node), ...(PATH === undefined ? [] : [PATH])].join(delimiter);
  return {
    directory: options.directory,
    keep: options.keep ?? false,
    actionRoot: options.actionRoot,
    node: options.node,
    base: { PATH: path, ...(LANG !== undefined && { LANG }), ...(TZ !== undefined && { TZ }) },
    clock: options.clock,
    timers: options.timers,
    cells: createCells({
      namespaces: options.namespaces ?? true,
      path,
      hidden: [options.directory, ...(options.hidden ?? [])],
      needed: [options.actionRoot, dirname(options.node)],
    }),
    artifacts: createArtifactStore(join(options.directory, "artifacts")),
  };
};

type Entry = { started: StartedRun | null; cancelled: string | null; over: Promise<void> };

type State = {
  readonly installation: Installation;
  readonly slots: Slots;
  readonly repositories: Map<string, Concurrency>;
  readonly runs: Map<number, Entry>;
  /** Resolves when the run that was asked for last has begun. */
  begun: Promise<unknown>;
  closed: boolean;
};

const concurrencyOf = (state: State, { repository }: RunRequest): Concurrency => {
  const key = `${repository.owner}/${repository.name}`.toLowerCase();
  const concurrency = state.repositories.get(key) ?? createConcurrency();
  state.repositories.set(key, concurrency);
  return concurrency;
};

const begin = (state: State, of: { request: RunRequest; observer: RunObserver; entry: Entry }, prepared: Prepared): Promise<void> => {
  const { request, observer, entry } = of;
  if (!prepared.ok) observer.done("startup_failure", prepared.why);
  else if (state.closed || entry.cancelled !== null) observer.done("cancelled", entry.cancelled ?? "the runner was closed");
  else {
    const machine = { installation: state.installation, concurrency: concurrencyOf(state, request), slots: state.slots };
    entry.started = startRun(machine, { facts: factsOf(request, prepared.workflow), enki: prepared.enki }, observer);
    return entry.started.finished;
  }
  return Promise.resolve();
};

// Files are read beside each other, but runs begin in the order in which they were asked for: groups depend on it.
const beginInOrder = async (state: State, of: { request: RunRequest; observer: RunObserver; entry: Entry }): Promise<void> => {
  const before = state.begun;
  const ready = prepare(of.request, state.installation.actionRoot);
  const begun = Promise.all([ready, before]).then(([prepared]) => ({ finished: begin(state, of, prepared) }));
  state.begun = begun.catch(() => undefined);
  await (
    await begun
  ).finished;
};

/** Runs Actions workflow files on this machine, each job in directories and processes of its own. */
export const createRunner = (options: RunnerOptions): LocalRunner => {
  const installation = installationOf(options);
  const slots = createSlots(options.slots ?? 20);
  const state: State = { installation, slots, repositories: new Map(), runs: new Map(), begun: Promise.resolve(), closed: false };
  const { runs } = state;
  return {
    start: (request, observer) => {
      const entry: Entry = { started: null, cancelled: null, over: Promise.resolve() };
      runs.set(request.id, entry);
      entry.over = beginInOrder(state, { request, observer, entry })
        .catch((cause: unknown) => observer.done("startup_failure", cause instanceof Error ? cause.message : String(cause)))
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
      await Promise.all([...runs.values()].map((entry) => entry.over));
    },
  };
};
