import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { ActionFile } from "./action-file.ts";
import type { FinishedJob, JobReport } from "./workflow-runner.ts";
import { type ExpressionValue, evaluateNumber, evaluateEntries } from "./evaluate-expression.ts";
import type { RunFacts } from "./run-facts.ts";
import type { RunnerInstallation, ActionsJobHost } from "./job-host.ts";
import { createJobDirectories, removeJobDirectories } from "./job-directories.ts";
import { type JobState, createJobState, type RunningJob, createStepScope } from "./job-state.ts";
import { type JobLog, openJobLog } from "./job-log.ts";
import { createSecretMasks } from "./secret-masks.ts";
import { createJobProcesses, type JobProcesses } from "./job-processes.ts";
import { StepFault } from "./step-fault.ts";
import type { JobPlace } from "./job-places.ts";
import { usesStepProgram } from "./run-own-step.ts";
import { unevaluatedStepName, runAllSteps } from "./run-all-steps.ts";
import { startTimer } from "./runner-timers.ts";
import type { WorkflowJob } from "./actions-workflow.ts";
import { MINUTE_MS } from "../../core/domain/durations.ts";

const DEFAULT_JOB_MINUTES = 360;
// The time that a cancelled job has for its steps with `if: always()`, as on GitHub.
const JOB_CANCEL_GRACE_MS = 5 * MINUTE_MS;

export type JobOrder = {
  readonly facts: RunFacts;
  readonly job: WorkflowJob;
  readonly name: string;
  readonly needs: ExpressionValue;
  /** The environment whose secrets the job uses; empty for none. */
  readonly environment: string;
  readonly enki: ActionFile | null;
};

export type StartedJob = {
  /** Never rejects. */
  readonly result: Promise<FinishedJob>;
  /** Stops the running step unless its condition is `always()`. Each later step still runs if its own condition holds. */
  cancel(reason: string): void;
  /** Ends everything immediately, as if the machine had failed. No further step starts. */
  die(conclusion: "failure" | "cancelled", reason: string): void;
};

/** The secrets of a job. Throws if its environment does not admit the run's branch. An environment without a branch policy admits all. */
const jobSecrets = ({ facts, environment }: JobOrder, token: string): Readonly<Record<string, string>> => {
  const { secrets, environments, environmentBranches = {}, ref } = facts.request;
  const branch = ref.replace(/^refs\/heads\//, "");
  const admitted = Object.hasOwn(environmentBranches, environment) ? environmentBranches[environment] : undefined;
  if (admitted && !admitted.includes(branch))
    throw new StepFault(`Branch "${branch}" is not allowed to deploy to ${environment} due to environment protection rules.`);
  return { ...secrets, ...(Object.hasOwn(environments, environment) && environments[environment]), GITHUB_TOKEN: token };
};

/** The variables of a job: its environment's override the repository's. */
const jobVariables = ({ facts, environment }: JobOrder): Readonly<Record<string, string>> => {
  const { variables, environmentVariables = {} } = facts.request;
  return { ...variables, ...(Object.hasOwn(environmentVariables, environment) && environmentVariables[environment]) };
};

const jobOutputs = (running: RunningJob): Readonly<Record<string, string>> => {
  const { log } = running.host;
  const outputs = evaluateEntries(running.job.outputs, createStepScope(running)).filter(([name, value]) => {
    const hasSecret = log.masks.contains(value);
    if (hasSecret) log.write(`::warning::Skip output '${name}' since it may contain secret.`);
    return !hasSecret;
  });
  return Object.fromEntries(outputs);
};

/** The state of one job from its start to its end. */
type JobLife = {
  readonly state: JobState;
  readonly notes: string[];
  log: JobLog | null;
  processes: JobProcesses | null;
  death: "failure" | "cancelled" | null;
  ended: boolean;
  /** Cancels the timers that would end the job. */
  cancelTimers: readonly (() => void)[];
};

const logNote = (life: JobLife, text: string): void => {
  if (life.log) life.log.write(text);
  else life.notes.push(text);
};

const createKill =
  (life: JobLife): StartedJob["die"] =>
  (conclusion, reason) => {
    if (life.ended || life.state.dead) return;
    life.state.dead = true;
    life.death = conclusion;
    logNote(life, `##[error]${reason}`);
    void life.processes?.kill();
  };

const createCancel =
  (life: JobLife, installation: RunnerInstallation): StartedJob["cancel"] =>
  (reason) => {
    if (life.ended || life.state.dead || life.state.status === "cancelled") return;
    life.state.status = "cancelled";
    logNote(life, `##[error]${reason}`);
    const force = (): void => createKill(life)("cancelled", "The job did not end in time after it was canceled.");
    life.cancelTimers = [...life.cancelTimers, startTimer(installation.timers, JOB_CANCEL_GRACE_MS, force)];
    life.state.interrupt();
  };

const usualRoot = ({ directory }: RunnerInstallation, { facts, job }: JobOrder): string =>
  join(directory, "jobs", `${facts.request.id}-${job.id}`);

const takePlace = (installation: RunnerInstallation, order: JobOrder): JobPlace => {
  const { places, stepPrograms, cells } = installation;
  if (places && usesStepProgram(stepPrograms, order.job)) return places.take();
  const root = usualRoot(installation, order);
  return { root, openCell: async () => ({ cell: await cells.open(root), waiting: null }), leave: () => Promise.resolve() };
};

/** Prepares everything that a running job needs, runs it, and cleans up. */
const withJobHost = async (
  input: { life: JobLife; installation: RunnerInstallation; order: JobOrder; log: JobLog },
  runJob: (host: ActionsJobHost) => Promise<FinishedJob>,
): Promise<FinishedJob> => {
  const { life, installation, order, log } = input;
  const { facts, job } = order;
  const { request } = facts;
  const token = request.mintToken(job.permissions ?? facts.workflow.permissions);
  const { root, openCell, leave } = takePlace(installation, order);
  let processes: JobProcesses | null = null;
  try {
    const secrets = jobSecrets(order, token);
    for (const value of Object.values(secrets)) log.masks.add(value);
    if (request.resumed) await removeJobDirectories(usualRoot(installation, order));
    const directories = await createJobDirectories(root, request.event.payload);
    processes = createJobProcesses({ log, timers: installation.timers, openCell, mark: `github_${randomUUID()}` });
    life.processes = processes;
    return await runJob({ facts, id: job.id, directories, token, secrets, variables: jobVariables(order), log, processes, installation });
  } finally {
    await processes?.kill();
    await leave();
    request.revokeToken(token);
    if (!installation.keepDirectories) await removeJobDirectories(root);
  }
};

const limitJobTime = (life: JobLife, running: RunningJob): void => {
  const minutes = evaluateNumber(running.job.timeoutMinutes, createStepScope(running)) ?? DEFAULT_JOB_MINUTES;
  const { installation } = running.host;
  const end = (): void => createCancel(life, installation)(`The job has exceeded the maximum execution time of ${minutes} minutes.`);
  life.cancelTimers = [...life.cancelTimers, startTimer(installation.timers, minutes * MINUTE_MS, end)];
};

const runJobSteps = async (running: RunningJob, order: JobOrder, changed: () => void): Promise<FinishedJob> => {
  const { state, host, job } = running;
  for (const env of [host.facts.workflow.env, job.env]) {
    for (const [name, value] of evaluateEntries(env, createStepScope(running))) state.env.set(name, value);
  }
  await runAllSteps(running, order.enki, changed);
  return { conclusion: state.status, outputs: jobOutputs(running) };
};

type JobReporter = (status: JobReport["status"], end: FinishedJob | null) => void;

const performJob = async (
  life: JobLife,
  input: { installation: RunnerInstallation; order: JobOrder },
  reportState: JobReporter,
): Promise<FinishedJob> => {
  const { installation, order } = input;
  const log = await openJobLog(jobLogPath(installation, order), createSecretMasks(), installation.clock);
  for (const text of life.notes) log.write(text);
  life.log = log;
  reportState("in_progress", null);
  return withJobHost({ life, log, ...input }, async (host) => {
    const running: RunningJob = { host, job: order.job, needs: order.needs, state: life.state };
    limitJobTime(life, running);
    return runJobSteps(running, order, () => reportState("in_progress", null));
  });
};

const runJobLife = async (
  life: JobLife,
  input: { installation: RunnerInstallation; order: JobOrder },
  reportState: JobReporter,
): Promise<FinishedJob> => {
  const result = await performJob(life, input, reportState).catch((cause: unknown): FinishedJob => {
    logNote(life, `##[error]${cause instanceof Error ? cause.message : String(cause)}`);
    return { conclusion: life.state.status === "cancelled" ? "cancelled" : "failure", outputs: {} };
  });
  life.ended = true;
  for (const cancelTimer of life.cancelTimers) cancelTimer();
  const end: FinishedJob = life.death ? { conclusion: life.death, outputs: {} } : result;
  await life.log?.close();
  reportState("completed", end);
  return end;
};

const jobLogPath = (installation: RunnerInstallation, order: JobOrder): string =>
  join(installation.directory, "logs", String(order.facts.request.id), `${order.job.id}.log`);

/**
 * Runs one job in its own directories and processes with its own token. `report` receives every change of its state.
 */
export const startWorkflowJob = (installation: RunnerInstallation, order: JobOrder, report: (job: JobReport) => void): StartedJob => {
  const state = createJobState();
  state.reportedSteps.push(...order.job.steps.map((step) => ({ name: unevaluatedStepName(step), conclusion: null })));
  const life: JobLife = { state, notes: [], log: null, processes: null, death: null, ended: false, cancelTimers: [] };
  const reportState: JobReporter = (status, end) =>
    report({
      id: order.job.id,
      name: order.name,
      status,
      conclusion: end?.conclusion ?? null,
      steps: state.reportedSteps.map((step) => ({ ...step })),
      log: life.log?.file ?? null,
      ...(end && { outputs: end.outputs }),
    });
  return {
    result: runJobLife(life, { installation, order }, reportState),
    cancel: createCancel(life, installation),
    die: createKill(life),
  };
};
