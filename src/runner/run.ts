import { isMapping } from "@actions/workflow-parser";
import type { ActionFile } from "./action-file.ts";
import type { Concurrency, GroupSettings, Waiter } from "./concurrency.ts";
import type { Conclusion, RunObserver } from "./contract.ts";
import { isTrue, NO_FUNCTIONS, type Scope, textOf, truthOf } from "./expression.ts";
import { type RunFacts, runContexts } from "./facts.ts";
import { type JobResult, startJob, type StartedJob } from "./job.ts";
import type { Installation } from "./job-host.ts";
import { jobScope, needsData } from "./needs.ts";
import type { Slots } from "./slots.ts";
import { plainName } from "./steps.ts";
import { sourceOf } from "./tokens.ts";
import type { ConcurrencyTemplate, Template, WorkflowJob } from "./workflow.ts";

/** What all runs share. */
export type Machine = { readonly installation: Installation; readonly concurrency: Concurrency; readonly slots: Slots };

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
type Live = { stop: (why: string) => void; started: StartedJob | null };

type Run = {
  readonly machine: Machine;
  readonly facts: RunFacts;
  readonly enki: ActionFile | null;
  readonly observer: RunObserver;
  readonly results: Map<string, JobResult>;
  readonly live: Map<string, Live>;
  /** Why jobs ended that never started, one line each. */
  readonly notes: string[];
  cancelled: boolean;
  dead: boolean;
};

type Turn = { readonly granted: boolean; readonly leave: () => void };

/** Waits for a place. `live.stop` gives up waiting; afterwards it is for the caller to set. */
const turn = (live: Live, enter: (waiter: Pick<Waiter, "start" | "cancel">) => () => void): Promise<Turn> =>
  new Promise((resolve) => {
    const settle = (granted: boolean): void => resolve({ granted, leave: () => leave() });
    live.stop = () => settle(false);
    const leave = enter({ start: () => settle(true), cancel: (why) => live.stop(why) });
  });

const settingsOf = (template: ConcurrencyTemplate, scope: Scope): GroupSettings => ({
  group: textOf(template.group, scope),
  cancelInProgress: truthOf(template.cancelInProgress, scope),
  queue: template.queue,
});

const environmentOf = (template: Template | null, scope: Scope): string =>
  textOf((template && isMapping(template) ? template.find("name") : template) ?? null, scope);

const report = (run: Run, job: WorkflowJob, of: { name: string; status: "queued" | "completed"; conclusion: Conclusion | null }): void =>
  run.observer.job({
    id: job.id,
    ...of,
    steps: of.conclusion === null ? job.steps.map((step) => ({ name: plainName(step), conclusion: null })) : [],
    log: null,
  });

const scopeOf = (run: Run, job: WorkflowJob, cancelled = run.cancelled): Scope =>
  jobScope(run.facts, job, { results: run.results, cancelled });

const NOT_RUN = { outputs: {} };

/** What becomes of a job whose needs are met: its end where it is not to run, null where it is. */
const endBefore = (run: Run, job: WorkflowJob): JobResult | null => {
  if (run.dead) return { conclusion: "cancelled", ...NOT_RUN };
  if (isTrue(job.condition, scopeOf(run, job))) return null;
  return { conclusion: run.cancelled && isTrue(job.condition, scopeOf(run, job, false)) ? "cancelled" : "skipped", ...NOT_RUN };
};

const execute = async (run: Run, job: WorkflowJob, live: Live): Promise<JobResult> => {
  const { machine, facts, enki, observer } = run;
  const scope = scopeOf(run, job);
  const order = {
    facts,
    job,
    name: textOf(job.name, scope) || job.id,
    needs: needsData(job, run.results),
    environment: environmentOf(job.environment, scope),
    enki,
  };
  report(run, job, { name: order.name, status: "queued", conclusion: null });
  const settings = job.concurrency && settingsOf(job.concurrency, scope);
  const group = settings ? await turn(live, (waiter) => machine.concurrency.enter(settings, { run: facts.request.id, ...waiter })) : null;
  const slot = group?.granted === false ? null : await turn(live, (waiter) => machine.slots.enter(waiter.start));
  try {
    if (!slot?.granted || run.dead) {
      report(run, job, { name: order.name, status: "completed", conclusion: "cancelled" });
      return { conclusion: "cancelled", ...NOT_RUN };
    }
    const started = startJob(machine.installation, order, observer.job);
    live.started = started;
    live.stop = (why) => started.cancel(why);
    return await started.result;
  } finally {
    slot?.leave();
    group?.leave();
  }
};

const runJob = async (run: Run, job: WorkflowJob): Promise<JobResult> => {
  const live: Live = { stop: () => undefined, started: null };
  run.live.set(job.id, live);
  try {
    const end = endBefore(run, job);
    if (end === null) return await execute(run, job, live);
    report(run, job, { name: plainJobName(job), status: "completed", conclusion: end.conclusion });
    return end;
  } catch (cause) {
    run.notes.push(`${run.facts.workflow.path}:${job.line}: job '${job.id}': ${cause instanceof Error ? cause.message : String(cause)}`);
    report(run, job, { name: plainJobName(job), status: "completed", conclusion: "failure" });
    return { conclusion: "failure", ...NOT_RUN };
  } finally {
    run.live.delete(job.id);
  }
};

const plainJobName = (job: WorkflowJob): string => sourceOf(job.name) || job.id;

const runJobs = async (run: Run): Promise<void> => {
  const { jobs } = run.facts.workflow;
  const settled = new Map<string, Promise<void>>();
  const settle = (job: WorkflowJob): Promise<void> => {
    const known = settled.get(job.id);
    if (known) return known;
    const before = job.needs.flatMap((id) => jobs.filter((other) => other.id === id)).map(settle);
    const result = Promise.all(before).then(async () => {
      run.results.set(job.id, await runJob(run, job));
    });
    settled.set(job.id, result);
    return result;
  };
  await Promise.all(jobs.map(settle));
};

const conclusionOf = (run: Run): Conclusion => {
  const ends = [...run.results.values()].map((result) => result.conclusion);
  if (run.cancelled || run.dead) return "cancelled";
  if (ends.includes("failure")) return "failure";
  if (ends.includes("cancelled")) return "cancelled";
  return ends.every((end) => end === "skipped") ? "skipped" : "success";
};

const cancelRun = (run: Run, why: string): void => {
  if (run.cancelled) return;
  run.cancelled = true;
  for (const job of run.facts.workflow.jobs) {
    const live = run.live.get(job.id);
    // As on GitHub, a job whose condition holds in a cancelled run goes on.
    if (live && !isTrue(job.condition, scopeOf(run, job))) live.stop(why);
  }
};

const runWhole = async (run: Run, whole: Live): Promise<void> => {
  const { workflow, request } = run.facts;
  const scope: Scope = { contexts: runContexts(run.facts), functions: NO_FUNCTIONS };
  run.observer.named(textOf(workflow.runName, scope) || workflow.name);
  const settings = workflow.concurrency && settingsOf(workflow.concurrency, scope);
  const group = settings ? await turn(whole, (waiter) => run.machine.concurrency.enter(settings, { run: request.id, ...waiter })) : null;
  whole.stop = (why) => cancelRun(run, why);
  if (group?.granted === false) run.cancelled = true;
  else await runJobs(run);
  group?.leave();
};

/** Runs an Actions workflow that was read and found valid; the observer's `done` is called once, last. */
export const startRun = (machine: Machine, of: { facts: RunFacts; enki: ActionFile | null }, observer: RunObserver): StartedRun => {
  const run: Run = { machine, ...of, observer, results: new Map(), live: new Map(), notes: [], cancelled: false, dead: false };
  const whole: Live = { stop: (why) => cancelRun(run, why), started: null };
  const finished = runWhole(run, whole).then(
    () => observer.done(conclusionOf(run), run.notes.join("\n")),
    (cause: unknown) =>
      observer.done("startup_failure", `${of.facts.workflow.path}:1: ${cause instanceof Error ? cause.message : String(cause)}`),
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
      run.dead = true;
      whole.stop("the runner was closed");
      for (const live of run.live.values()) {
        live.stop("the runner was closed");
        live.started?.die("cancelled", "the runner was closed");
      }
    },
  };
};
