import { isMapping } from "@actions/workflow-parser";
import type { ActionFile } from "./action-file.ts";
import type { ConcurrencyGroups, GroupSettings, ConcurrencyWaiter } from "./concurrency-groups.ts";
import type { FinishedJob, RunConclusion, RunObserver } from "./workflow-runner.ts";
import { isConditionTrue, NO_FUNCTIONS, type ExpressionScope, evaluateText, evaluateBoolean } from "./evaluate-expression.ts";
import { type RunFacts, createRunContexts } from "./run-facts.ts";
import { startWorkflowJob, type StartedJob } from "./start-workflow-job.ts";
import type { RunnerInstallation } from "./job-host.ts";
import { createJobScope, createNeedsContext } from "./job-scope.ts";
import type { JobSlots } from "./job-slots.ts";
import { unevaluatedStepName } from "./run-all-steps.ts";
import { tokenSource } from "./template-tokens.ts";
import type { ConcurrencyTemplate, TemplateValue, WorkflowJob } from "./actions-workflow.ts";

/** Resources shared by the runs. */
export type RunnerMachine = {
  readonly installation: RunnerInstallation;
  readonly concurrency: ConcurrencyGroups;
  readonly slots: JobSlots;
};

export type StartedRun = {
  readonly finished: Promise<void>;
  cancel(reason: string): void;
  /** Ends a job as if its machine had failed; returns false if the job is not running. */
  kill(job: string, reason: string): boolean;
  /** Ends every job immediately. */
  die(): void;
};

/** A job that waits or runs. */
type LiveJob = { stop: (reason: string) => void; started: StartedJob | null };

type RequestedRun = {
  readonly machine: RunnerMachine;
  readonly facts: RunFacts;
  readonly enki: ActionFile | null;
  readonly observer: RunObserver;
  readonly results: Map<string, FinishedJob>;
  readonly live: Map<string, LiveJob>;
  /** Reasons of jobs that failed before they started, one per line. */
  readonly notes: string[];
  cancelled: boolean;
  killed: boolean;
};

type GrantedTurn = { readonly granted: boolean; readonly leave: () => void };

/** Waits for a turn. `live.stop` stops waiting; afterwards the caller must replace it. */
const awaitTurn = (live: LiveJob, enter: (waiter: Pick<ConcurrencyWaiter, "start" | "cancel">) => () => void): Promise<GrantedTurn> =>
  new Promise((resolve) => {
    const resolveTurn = (granted: boolean): void => resolve({ granted, leave: () => leave() });
    live.stop = () => resolveTurn(false);
    const leave = enter({ start: () => resolveTurn(true), cancel: (reason) => live.stop(reason) });
  });

const evaluateGroupSettings = (template: ConcurrencyTemplate, scope: ExpressionScope): GroupSettings => ({
  group: evaluateText(template.group, scope),
  cancelInProgress: evaluateBoolean(template.cancelInProgress, scope),
  queue: template.queue,
});

const evaluateEnvironment = (template: TemplateValue | null, scope: ExpressionScope): string =>
  evaluateText((template && isMapping(template) ? template.find("name") : template) ?? null, scope);

const reportJobState = (
  run: RequestedRun,
  job: WorkflowJob,
  state: { name: string; status: "queued" | "completed"; conclusion: RunConclusion | null },
): void =>
  run.observer.onJob({
    id: job.id,
    ...state,
    steps: state.conclusion === null ? job.steps.map((step) => ({ name: unevaluatedStepName(step), conclusion: null })) : [],
    log: null,
  });

const createRunJobScope = (run: RequestedRun, job: WorkflowJob, cancelled = run.cancelled): ExpressionScope =>
  createJobScope(run.facts, job, { results: run.results, cancelled });

const NO_OUTPUTS = { outputs: {} };

/** The result of a job that must not run although its needs are met; null if it must run. */
const findEarlyEnd = (run: RequestedRun, job: WorkflowJob): FinishedJob | null => {
  if (run.killed) return { conclusion: "cancelled", ...NO_OUTPUTS };
  if (isConditionTrue(job.condition, createRunJobScope(run, job))) return null;
  return {
    conclusion: run.cancelled && isConditionTrue(job.condition, createRunJobScope(run, job, false)) ? "cancelled" : "skipped",
    ...NO_OUTPUTS,
  };
};

const executeJob = async (run: RequestedRun, job: WorkflowJob, live: LiveJob): Promise<FinishedJob> => {
  const { machine, facts, enki, observer } = run;
  const scope = createRunJobScope(run, job);
  const order = {
    facts,
    job,
    name: evaluateText(job.name, scope) || job.id,
    needs: createNeedsContext(job, run.results),
    environment: evaluateEnvironment(job.environment, scope),
    enki,
  };
  reportJobState(run, job, { name: order.name, status: "queued", conclusion: null });
  const settings = job.concurrency && evaluateGroupSettings(job.concurrency, scope);
  const group = settings
    ? await awaitTurn(live, (waiter) => machine.concurrency.enter(settings, { run: facts.request.id, ...waiter }))
    : null;
  const slot = group?.granted === false ? null : await awaitTurn(live, (waiter) => machine.slots.enter(waiter.start));
  try {
    if (!slot?.granted || run.killed) {
      reportJobState(run, job, { name: order.name, status: "completed", conclusion: "cancelled" });
      return { conclusion: "cancelled", ...NO_OUTPUTS };
    }
    const started = startWorkflowJob(machine.installation, order, observer.onJob);
    live.started = started;
    live.stop = (reason) => started.cancel(reason);
    return await started.result;
  } finally {
    slot?.leave();
    group?.leave();
  }
};

const runWorkflowJob = async (run: RequestedRun, job: WorkflowJob): Promise<FinishedJob> => {
  const known = run.facts.request.resumed?.finishedJobs.get(job.id);
  if (known) return known;
  const live: LiveJob = { stop: () => undefined, started: null };
  run.live.set(job.id, live);
  try {
    const end = findEarlyEnd(run, job);
    if (end === null) return await executeJob(run, job, live);
    reportJobState(run, job, { name: unevaluatedJobName(job), status: "completed", conclusion: end.conclusion });
    return end;
  } catch (cause) {
    run.notes.push(`${run.facts.workflow.path}:${job.line}: job '${job.id}': ${cause instanceof Error ? cause.message : String(cause)}`);
    reportJobState(run, job, { name: unevaluatedJobName(job), status: "completed", conclusion: "failure" });
    return { conclusion: "failure", ...NO_OUTPUTS };
  } finally {
    run.live.delete(job.id);
  }
};

const unevaluatedJobName = (job: WorkflowJob): string => tokenSource(job.name) || job.id;

const runWorkflowJobs = async (run: RequestedRun): Promise<void> => {
  const { jobs } = run.facts.workflow;
  const finishing = new Map<string, Promise<void>>();
  const finishJob = (job: WorkflowJob): Promise<void> => {
    const known = finishing.get(job.id);
    if (known) return known;
    const before = job.needs.flatMap((id) => jobs.filter((other) => other.id === id)).map(finishJob);
    const result = Promise.all(before).then(async () => {
      run.results.set(job.id, await runWorkflowJob(run, job));
    });
    finishing.set(job.id, result);
    return result;
  };
  await Promise.all(jobs.map(finishJob));
};

const concludeRun = (run: RequestedRun): RunConclusion => {
  const conclusions = [...run.results.values()].map((result) => result.conclusion);
  if (run.cancelled || run.killed) return "cancelled";
  if (conclusions.includes("failure")) return "failure";
  if (conclusions.includes("cancelled")) return "cancelled";
  return conclusions.every((conclusion) => conclusion === "skipped") ? "skipped" : "success";
};

const cancelRunJobs = (run: RequestedRun, reason: string): void => {
  if (run.cancelled) return;
  run.cancelled = true;
  for (const job of run.facts.workflow.jobs) {
    const live = run.live.get(job.id);
    // As on GitHub, a job continues if its condition holds in a cancelled run.
    if (live && !isConditionTrue(job.condition, createRunJobScope(run, job))) live.stop(reason);
  }
};

const runRequestedWorkflow = async (run: RequestedRun, wholeRun: LiveJob): Promise<void> => {
  const { workflow, request } = run.facts;
  const scope: ExpressionScope = { contexts: createRunContexts(run.facts), functions: NO_FUNCTIONS };
  run.observer.onTitle(evaluateText(workflow.runName, scope) || workflow.name);
  const settings = workflow.concurrency && evaluateGroupSettings(workflow.concurrency, scope);
  const group = settings
    ? await awaitTurn(wholeRun, (waiter) => run.machine.concurrency.enter(settings, { run: request.id, ...waiter }))
    : null;
  wholeRun.stop = (reason) => cancelRunJobs(run, reason);
  if (group?.granted === false) run.cancelled = true;
  else await runWorkflowJobs(run);
  group?.leave();
};

/** Starts a valid Actions workflow. `onDone` of the observer is called once, after all other calls. */
export const startRequestedRun = (
  machine: RunnerMachine,
  input: { facts: RunFacts; enki: ActionFile | null },
  observer: RunObserver,
): StartedRun => {
  const run: RequestedRun = {
    machine,
    ...input,
    observer,
    results: new Map(),
    live: new Map(),
    notes: [],
    cancelled: false,
    killed: false,
  };
  const wholeRun: LiveJob = { stop: (reason) => cancelRunJobs(run, reason), started: null };
  const finished = runRequestedWorkflow(run, wholeRun).then(
    () => observer.onDone(concludeRun(run), run.notes.join("\n")),
    (cause: unknown) =>
      observer.onDone("startup_failure", `${input.facts.workflow.path}:1: ${cause instanceof Error ? cause.message : String(cause)}`),
  );
  return {
    finished,
    cancel: (reason) => wholeRun.stop(reason),
    kill: (job, reason) => {
      const started = run.live.get(job)?.started;
      started?.die("failure", reason);
      return Boolean(started);
    },
    die: () => {
      run.killed = true;
      wholeRun.stop("The runner was closed.");
      for (const live of run.live.values()) {
        live.stop("The runner was closed.");
        live.started?.die("cancelled", "The runner was closed.");
      }
    },
  };
};
