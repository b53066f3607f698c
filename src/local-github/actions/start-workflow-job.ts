import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { ActionFile } from "./action-file.ts";
import type { RunConclusion, JobReport } from "./workflow-runner.ts";
import { type ExpressionValue, evaluateNumber, evaluateEntries } from "./evaluate-expression.ts";
import type { RunFacts } from "./run-facts.ts";
import type { RunnerInstallation, ActionsJobHost } from "./job-host.ts";
import { createJobDirectories, removeJobDirectories } from "./job-directories.ts";
import { type JobState, createJobState, type RunningJob, createStepScope } from "./job-state.ts";
import { type JobLog, openJobLog } from "./job-log.ts";
import { createSecretMasks } from "./secret-masks.ts";
import { createJobProcesses, type JobProcesses } from "./job-processes.ts";
import { StepFault } from "./step-fault.ts";
import { unevaluatedStepName, runAllSteps } from "./run-all-steps.ts";
import { startTimer } from "./runner-timers.ts";
import type { WorkflowJob } from "./actions-workflow.ts";

const DEFAULT_JOB_MINUTES = 360;
const JOB_MINUTE_MS = 60_000;
// What a cancelled job has for its steps with `if: always()`, as on GitHub.
const JOB_CANCEL_GRACE_MS = 5 * JOB_MINUTE_MS;

export type JobOrder = {
  readonly facts: RunFacts;
  readonly job: WorkflowJob;
  readonly name: string;
  readonly needs: ExpressionValue;
  /** The name of the environment whose secrets it uses; empty for none. */
  readonly environment: string;
  readonly enki: ActionFile | null;
};

export type FinishedJob = {
  readonly conclusion: Extract<RunConclusion, "success" | "failure" | "cancelled" | "skipped">;
  readonly outputs: Readonly<Record<string, string>>;
};

/** A job that was started. */
export type StartedJob = {
  /** Never rejects. */
  readonly result: Promise<FinishedJob>;
  /** Ends the step at work unless it is to run always; later steps run where their condition holds. */
  cancel(why: string): void;
  /** Ends everything at once, as when the machine under it goes; no step starts any more. */
  die(conclusion: "failure" | "cancelled", why: string): void;
};

/** The secrets of a job. Throws where its environment has some and the run is not on the default branch: those are for no other. */
const jobSecrets = ({ facts, environment }: JobOrder, token: string): Readonly<Record<string, string>> => {
  const { secrets, environments, ref, repository } = facts.request;
  const own = Object.hasOwn(environments, environment) ? environments[environment] : undefined;
  if (own && ref !== `refs/heads/${repository.defaultBranch}`) {
    throw new StepFault(`'${ref}' is not allowed to deploy to ${environment} due to environment protection rules.`);
  }
  return { ...secrets, ...own, GITHUB_TOKEN: token };
};

const jobOutputs = (running: RunningJob): Readonly<Record<string, string>> => {
  const { log } = running.host;
  const outputs = evaluateEntries(running.job.outputs, createStepScope(running)).filter(([name, value]) => {
    const shown = log.masks.shows(value);
    if (shown) log.write(`::warning::Skip output '${name}' since it may contain secret.`);
    return !shown;
  });
  return Object.fromEntries(outputs);
};

/** One job's life: what can end it, and what it holds. */
type JobLife = {
  readonly state: JobState;
  readonly notes: string[];
  log: JobLog | null;
  processes: JobProcesses | null;
  death: "failure" | "cancelled" | null;
  ended: boolean;
  /** Stops the clocks that would end it. */
  cancelTimers: readonly (() => void)[];
};

const logNote = (life: JobLife, text: string): void => {
  if (life.log) life.log.write(text);
  else life.notes.push(text);
};

const createKill =
  (life: JobLife): StartedJob["die"] =>
  (conclusion, why) => {
    if (life.ended || life.state.dead) return;
    life.state.dead = true;
    life.death = conclusion;
    logNote(life, `##[error]${why}`);
    void life.processes?.kill();
  };

const createCancel =
  (life: JobLife, installation: RunnerInstallation): StartedJob["cancel"] =>
  (why) => {
    if (life.ended || life.state.dead || life.state.status === "cancelled") return;
    life.state.status = "cancelled";
    logNote(life, `##[error]${why}`);
    const force = (): void => createKill(life)("cancelled", "The job did not end in time after it was canceled.");
    life.cancelTimers = [...life.cancelTimers, startTimer(installation.timers, JOB_CANCEL_GRACE_MS, force)];
    life.state.interrupt();
  };

/** Everything that a job has while it runs, taken and given back around `within`. */
const withJobHost = async (
  of: { life: JobLife; installation: RunnerInstallation; order: JobOrder; log: JobLog },
  within: (host: ActionsJobHost) => Promise<FinishedJob>,
): Promise<FinishedJob> => {
  const { life, installation, order, log } = of;
  const { facts, job } = order;
  const { request } = facts;
  const token = request.mintToken(job.permissions ?? facts.workflow.permissions);
  const root = join(installation.directory, "jobs", `${request.id}-${job.id}`);
  let processes: JobProcesses | null = null;
  try {
    const secrets = jobSecrets(order, token);
    for (const value of Object.values(secrets)) log.masks.add(value);
    const place = await createJobDirectories(root, request.event.payload);
    const cell = await installation.cells.open(root);
    processes = createJobProcesses({ log, timers: installation.timers, cell, mark: `github_${randomUUID()}` });
    life.processes = processes;
    return await within({ facts, id: job.id, place, token, secrets, log, processes, installation });
  } finally {
    await processes?.kill();
    request.revokeToken(token);
    if (!installation.keepDirectories) await removeJobDirectories(root);
  }
};

const limitJobTime = (life: JobLife, running: RunningJob): void => {
  const minutes = evaluateNumber(running.job.timeoutMinutes, createStepScope(running)) ?? DEFAULT_JOB_MINUTES;
  const { installation } = running.host;
  const end = (): void => createCancel(life, installation)(`The job has exceeded the maximum execution time of ${minutes} minutes.`);
  life.cancelTimers = [...life.cancelTimers, startTimer(installation.timers, minutes * JOB_MINUTE_MS, end)];
};

const runJobSteps = async (running: RunningJob, order: JobOrder, changed: () => void): Promise<FinishedJob> => {
  const { state, host, job } = running;
  for (const env of [host.facts.workflow.env, job.env]) {
    for (const [name, value] of evaluateEntries(env, createStepScope(running))) state.env.set(name, value);
  }
  await runAllSteps(running, order.enki, changed);
  return { conclusion: state.status, outputs: jobOutputs(running) };
};

type JobReporter = (status: JobReport["status"], conclusion: RunConclusion | null) => void;

const performJob = async (
  life: JobLife,
  of: { installation: RunnerInstallation; order: JobOrder },
  tell: JobReporter,
): Promise<FinishedJob> => {
  const { installation, order } = of;
  const log = await openJobLog(jobLogPath(installation, order), createSecretMasks(), installation.clock);
  for (const text of life.notes) log.write(text);
  life.log = log;
  tell("in_progress", null);
  return withJobHost({ life, log, ...of }, async (host) => {
    const running: RunningJob = { host, job: order.job, needs: order.needs, state: life.state };
    limitJobTime(life, running);
    return runJobSteps(running, order, () => tell("in_progress", null));
  });
};

const runJobLife = async (
  life: JobLife,
  of: { installation: RunnerInstallation; order: JobOrder },
  tell: JobReporter,
): Promise<FinishedJob> => {
  const result = await performJob(life, of, tell).catch((cause: unknown): FinishedJob => {
    logNote(life, `##[error]${cause instanceof Error ? cause.message : String(cause)}`);
    return { conclusion: life.state.status === "cancelled" ? "cancelled" : "failure", outputs: {} };
  });
  life.ended = true;
  for (const relax of life.cancelTimers) relax();
  const end: FinishedJob = life.death ? { conclusion: life.death, outputs: {} } : result;
  await life.log?.close();
  tell("completed", end.conclusion);
  return end;
};

const jobLogPath = (installation: RunnerInstallation, order: JobOrder): string =>
  join(installation.directory, "logs", String(order.facts.request.id), `${order.job.id}.log`);

/** Runs one job in directories and processes of its own, with a token of its own; `report` hears of every change. */
export const startWorkflowJob = (installation: RunnerInstallation, order: JobOrder, report: (job: JobReport) => void): StartedJob => {
  const state = createJobState();
  state.reportedSteps.push(...order.job.steps.map((step) => ({ name: unevaluatedStepName(step), conclusion: null })));
  const life: JobLife = { state, notes: [], log: null, processes: null, death: null, ended: false, cancelTimers: [] };
  const tell = (status: JobReport["status"], conclusion: RunConclusion | null): void =>
    report({
      id: order.job.id,
      name: order.name,
      status,
      conclusion,
      steps: state.reportedSteps.map((step) => ({ ...step })),
      log: life.log?.file ?? null,
    });
  return { result: runJobLife(life, { installation, order }, tell), cancel: createCancel(life, installation), die: createKill(life) };
};
