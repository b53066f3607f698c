import { isMapping } from "@actions/workflow-parser";
import type { ActionFile } from "./action-file.ts";
import type { ConcurrencyGroups, GroupSettings, ConcurrencyWaiter } from "./concurrency-groups.ts";
import type { RunConclusion, RunObserver } from "./workflow-runner.ts";
import { isConditionTrue, NO_FUNCTIONS, type ExpressionScope, evaluateText, evaluateBoolean } from "./evaluate-expression.ts";
import { type RunFacts, createRunContexts } from "./run-facts.ts";
import { type FinishedJob, startWorkflowJob, type StartedJob } from "./start-workflow-job.ts";
import type { RunnerInstallation } from "./job-host.ts";
import { createJobScope, createNeedsContext } from "./job-scope.ts";
import type { JobSlots } from "./job-slots.ts";
import { unevaluatedStepName } from "./run-all-steps.ts";
import { tokenSource } from "./template-tokens.ts";
import type { ConcurrencyTemplate, TemplateValue, WorkflowJob } from "./actions-workflow.ts";

/** What all runs share. */
export type RunnerMachine = {
  readonly installation: RunnerInstallation;
  readonly concurrency: ConcurrencyGroups;
  readonly slots: JobSlots;
};

/** A run that was started. */
export type StartedRun = {
  readonly finished: Promise<void>;
  cancel(why: string): void;
  /** Ends a job as when its machine goes; false where it does not run. */
  kill(job: string, why: string): boolean;
  /** Ends all at once. */
  die(): void;
};

/** A job that waits or runs: what asks it to end. */
type LiveJob = { stop: (why: string) => void; started: StartedJob | null };

type RequestedRun = {
  readonly machine: RunnerMachine;
  readonly facts: RunFacts;
  readonly enki: ActionFile | null;
  readonly observer: RunObserver;
  readonly results: Map<string, FinishedJob>;
  readonly live: Map<string, LiveJob>;
  /** Why jobs ended that never started, one line each. */
  readonly notes: string[];
  cancelled: boolean;
  killed: boolean;
};

type GrantedTurn = { readonly granted: boolean; readonly leave: () => void };

/** Waits for a place. `live.stop` gives up waiting; afterwards it is for the caller to set. */
const awaitTurn = (live: LiveJob, enter: (waiter: Pick<ConcurrencyWaiter, "start" | "cancel">) => () => void): Promise<GrantedTurn> =>
  new Promise((resolve) => {
    const settle = (granted: boolean): void => resolve({ granted, leave: () => leave() });
    live.stop = () => settle(false);
    const leave = enter({ start: () => settle(true), cancel: (why) => live.stop(why) });
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
  of: { name: string; status: "queued" | "completed"; conclusion: RunConclusion | null },
): void =>
  run.observer.onJob({
    id: job.id,
    ...of,
    steps: of.conclusion === null ? job.steps.map((step) => ({ name: unevaluatedStepName(step), conclusion: null })) : [],
    log: null,
  });

const createRunJobScope = (run: RequestedRun, job: WorkflowJob, cancelled = run.cancelled): ExpressionScope =>
  createJobScope(run.facts, job, { results: run.results, cancelled });

const NO_OUTPUTS = { outputs: {} };

/** What becomes of a job whose needs are met: its end where it is not to run, null where it is. */
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
    live.stop = (why) => started.cancel(why);
    return await started.result;
  } finally {
    slot?.leave();
    group?.leave();
  }
};

const runWorkflowJob = async (run: RequestedRun, job: WorkflowJob): Promise<FinishedJob> => {
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
  const settled = new Map<string, Promise<void>>();
  const settle = (job: WorkflowJob): Promise<void> => {
    const known = settled.get(job.id);
    if (known) return known;
    const before = job.needs.flatMap((id) => jobs.filter((other) => other.id === id)).map(settle);
    const result = Promise.all(before).then(async () => {
      run.results.set(job.id, await runWorkflowJob(run, job));
    });
    settled.set(job.id, result);
    return result;
  };
  await Promise.all(jobs.map(settle));
};

const concludeRun = (run: RequestedRun): RunConclusion => {
  const ends = [...run.results.values()].map((result) => result.conclusion);
  if (run.cancelled || run.killed) return "cancelled";
  if (ends.includes("failure")) return "failure";
  if (ends.includes("cancelled")) return "cancelled";
  return ends.every((end) => end === "skipped") ? "skipped" : "success";
};

const cancelRunJobs = (run: RequestedRun, why: string): void => {
  if (run.cancelled) return;
  run.cancelled = true;
  for (const job of run.facts.workflow.jobs) {
    const live = run.live.get(job.id);
    // As on GitHub, a job whose condition holds in a cancelled run goes on.
    if (live && !isConditionTrue(job.condition, createRunJobScope(run, job))) live.stop(why);
  }
};

const runRequestedWorkflow = async (run: RequestedRun, whole: LiveJob): Promise<void> => {
  const { workflow, request } = run.facts;
  const scope: ExpressionScope = { contexts: createRunContexts(run.facts), functions: NO_FUNCTIONS };
  run.observer.onTitle(evaluateText(workflow.runName, scope) || workflow.name);
  const settings = workflow.concurrency && evaluateGroupSettings(workflow.concurrency, scope);
  const group = settings
    ? await awaitTurn(whole, (waiter) => run.machine.concurrency.enter(settings, { run: request.id, ...waiter }))
    : null;
  whole.stop = (why) => cancelRunJobs(run, why);
  if (group?.granted === false) run.cancelled = true;
  else await runWorkflowJobs(run);
  group?.leave();
};

/** Runs an Actions workflow that was read and found valid; the observer's `done` is called once, last. */
export const startRequestedRun = (
  machine: RunnerMachine,
  of: { facts: RunFacts; enki: ActionFile | null },
  observer: RunObserver,
): StartedRun => {
  const run: RequestedRun = { machine, ...of, observer, results: new Map(), live: new Map(), notes: [], cancelled: false, killed: false };
  const whole: LiveJob = { stop: (why) => cancelRunJobs(run, why), started: null };
  const finished = runRequestedWorkflow(run, whole).then(
    () => observer.onDone(concludeRun(run), run.notes.join("\n")),
    (cause: unknown) =>
      observer.onDone("startup_failure", `${of.facts.workflow.path}:1: ${cause instanceof Error ? cause.message : String(cause)}`),
  );
  return {
    finished,
    cancel: (why) => whole.stop(why),
    kill: (job, why) => {
      const started = run.live.get(job)?.started;
      started?.die("failure", why);
      return Boolean(started);
    },
    die: () => {
      run.killed = true;
      whole.stop("the runner was closed");
      for (const live of run.live.values()) {
        live.stop("the runner was closed");
        live.started?.die("cancelled", "the runner was closed");
      }
    },
  };
};
