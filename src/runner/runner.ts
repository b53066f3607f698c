import { mkdir } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { type ActionFile, readAction, type ReadAction } from "./action-file.ts";
import { createArtifactStore } from "./artifact-store.ts";
import { type Concurrency, createConcurrency } from "./concurrency.ts";
import type { RunObserver, Runner, RunRequest } from "./contract.ts";
import { factsOf } from "./facts.ts";
import type { Installation } from "./job-host.ts";
import { readWorkflow } from "./read-workflow.ts";
import { type StartedRun, startRun } from "./run.ts";
import { createSlots } from "./slots.ts";
import type { Timers } from "./timers.ts";
import { readUses } from "./uses.ts";
import type { Workflow } from "./workflow.ts";

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
    artifacts: createArtifactStore(join(options.directory, "artifacts")),
  };
};

/** Inputs that the workflow gives our action and that it does not have, with file and line. */
const unknownInputs = (workflow: Workflow, action: ActionFile): readonly string[] =>
  workflow.jobs
    .flatMap((job) => job.steps)
    .flatMap(({ action: step }) => {
      if (step.kind !== "uses" || readUses(step.uses) !== "enki") return [];
      const known = new Set(action.inputs.map((input) => input.name.toLowerCase()));
      return [...step.with]
        .filter(([name]) => !known.has(name.toLowerCase()))
        .map(([name, value]) => `${workflow.path}:${value.line ?? 1}: '${step.uses}' has no input '${name}'`);
    });

const usesEnki = (workflow: Workflow): boolean =>
  workflow.jobs.some((job) => job.steps.some(({ action }) => action.kind === "uses" && readUses(action.uses) === "enki"));

type Prepared =
  | { readonly ok: true; readonly workflow: Workflow; readonly enki: ActionFile | null }
  | { readonly ok: false; readonly why: string };

const prepare = async (request: RunRequest, action: () => Promise<ReadAction>): Promise<Prepared> => {
  const read = await readWorkflow(request.workflow.path, request.workflow.text);
  if (!read.ok) return read;
  const { workflow } = read;
  if (!usesEnki(workflow)) return { ok: true, workflow, enki: null };
  const enki = await action();
  if (!enki.ok) return enki;
  const unknown = unknownInputs(workflow, enki.action);
  return unknown.length > 0 ? { ok: false, why: unknown.join("\n") } : { ok: true, workflow, enki: enki.action };
};

/** Runs Actions workflow files on this machine, each job in directories and processes of its own. */
export const createRunner = (options: RunnerOptions): LocalRunner => {
  const installation = installationOf(options);
  const slots = createSlots(options.slots ?? 20);
  const repositories = new Map<string, Concurrency>();
  const runs = new Map<number, { started: StartedRun | null; cancelled: string | null; over: Promise<void> }>();
  let closed = false;

  const concurrencyOf = ({ repository }: RunRequest): Concurrency => {
    const key = `${repository.owner}/${repository.name}`.toLowerCase();
    const concurrency = repositories.get(key) ?? createConcurrency();
    repositories.set(key, concurrency);
    return concurrency;
  };

  const begin = async (request: RunRequest, observer: RunObserver): Promise<void> => {
    await mkdir(options.directory, { recursive: true, mode: 0o700 });
    const prepared = await prepare(request, () => readAction(options.actionRoot));
    if (!prepared.ok) return observer.done("startup_failure", prepared.why);
    const entry = runs.get(request.id);
    if (closed || !entry || entry.cancelled !== null) return observer.done("cancelled", entry?.cancelled ?? "the runner was closed");
    const facts = factsOf(request, prepared.workflow);
    entry.started = startRun({ installation, concurrency: concurrencyOf(request), slots }, { facts, enki: prepared.enki }, observer);
    await entry.started.finished;
  };

  return {
    start: (request, observer) => {
      const entry = { started: null, cancelled: null, over: Promise.resolve() };
      runs.set(request.id, entry);
      entry.over = begin(request, observer)
        .catch((cause: unknown) => observer.done("startup_failure", cause instanceof Error ? cause.message : String(cause)))
        .finally(() => runs.delete(request.id));
    },
    cancel: (run) => {
      const entry = runs.get(run);
      if (entry) entry.cancelled = "The run was canceled.";
      entry?.started?.cancel("The run was canceled.");
    },
    killJob: (run, job) => runs.get(run)?.started?.kill(job, "the job's runner died") ?? false,
    close: async () => {
      closed = true;
      for (const entry of runs.values()) entry.started?.die();
      await Promise.all([...runs.values()].map((entry) => entry.over));
    },
  };
};
