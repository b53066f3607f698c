import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { ActionFile } from "./action-file.ts";
import type { Conclusion, JobReport } from "./contract.ts";
import { type Data, numberOf, textsOf } from "./expression.ts";
import type { RunFacts } from "./facts.ts";
import type { Installation, JobHost } from "./job-host.ts";
import { makePlace, removePlace } from "./job-place.ts";
import { type JobState, newState, type RunningJob, stepScope } from "./job-state.ts";
import { type Log, openLog } from "./log.ts";
import { createMasks } from "./masks.ts";
import { createProcesses, type Processes } from "./processes.ts";
import { StepFault } from "./step-fault.ts";
import { plainName, runSteps } from "./steps.ts";
import { after } from "./timers.ts";
import type { WorkflowJob } from "./workflow.ts";

const DEFAULT_MINUTES = 360;
const MINUTE_MS = 60_000;
// What a cancelled job has for its steps with `if: always()`, as on GitHub.
const CANCEL_GRACE_MS = 5 * MINUTE_MS;

export type JobOrder = {
  readonly facts: RunFacts;
  readonly job: WorkflowJob;
  readonly name: string;
  readonly needs: Data;
  /** The name of the environment whose secrets it uses; empty for none. */
  readonly environment: string;
  readonly enki: ActionFile | null;
};

export type JobResult = {
  readonly conclusion: Extract<Conclusion, "success" | "failure" | "cancelled" | "skipped">;
  readonly outputs: Readonly<Record<string, string>>;
};

/** A job that was started. */
export type StartedJob = {
  /** Never rejects. */
  readonly result: Promise<JobResult>;
  /** Ends the step at work unless it is to run always; later steps run where their condition holds. */
  cancel(why: string): void;
  /** Ends everything at once, as when the machine under it goes; no step starts any more. */
  die(conclusion: "failure" | "cancelled", why: string): void;
};

/** The secrets of a job. Throws where its environment has some and the run is not on the default branch: those are for no other. */
const secretsOf = ({ facts, environment }: JobOrder, token: string): Readonly<Record<string, string>> => {
  const { secrets, environments, ref, repository } = facts.request;
  const own = Object.hasOwn(environments, environment) ? environments[environment] : undefined;
  if (own && ref !== `refs/heads/${repository.defaultBranch}`) {
    throw new StepFault(`'${ref}' is not allowed to deploy to ${environment} due to environment protection rules.`);
  }
  return { ...secrets, ...own, GITHUB_TOKEN: token };
};

const outputsOf = (running: RunningJob): Readonly<Record<string, string>> => {
  const { log } = running.host;
  const outputs = textsOf(running.job.outputs, stepScope(running)).filter(([name, value]) => {
    const shown = log.masks.shows(value);
    if (shown) log.write(`::warning::Skip output '${name}' since it may contain secret.`);
    return !shown;
  });
  return Object.fromEntries(outputs);
};

/** One job's life: what can end it, and what it holds. */
type Life = {
  readonly state: JobState;
  readonly notes: string[];
  log: Log | null;
  processes: Processes | null;
  death: "failure" | "cancelled" | null;
  over: boolean;
  /** Stops the clocks that would end it. */
  relax: readonly (() => void)[];
};

const note = (life: Life, text: string): void => {
  if (life.log) life.log.write(text);
  else life.notes.push(text);
};

const dieOf =
  (life: Life): StartedJob["die"] =>
  (conclusion, why) => {
    if (life.over || life.state.dead) return;
    life.state.dead = true;
    life.death = conclusion;
    note(life, `##[error]${why}`);
    void life.processes?.kill();
  };

const cancelOf =
  (life: Life, installation: Installation): StartedJob["cancel"] =>
  (why) => {
    if (life.over || life.state.dead || life.state.status === "cancelled") return;
    life.state.status = "cancelled";
    note(life, `##[error]${why}`);
    const force = (): void => dieOf(life)("cancelled", "The job did not end in time after it was canceled.");
    life.relax = [...life.relax, after(installation.timers, CANCEL_GRACE_MS, force)];
    life.state.interrupt();
  };

/** Everything that a job has while it runs, taken and given back around `within`. */
const withHost = async (
  of: { life: Life; installation: Installation; order: JobOrder; log: Log },
  within: (host: JobHost) => Promise<JobResult>,
): Promise<JobResult> => {
  const { life, installation, order, log } = of;
  const { facts, job } = order;
  const { request } = facts;
  const token = request.mintToken(job.permissions ?? facts.workflow.permissions);
  const root = join(installation.directory, "jobs", `${request.id}-${job.id}`);
  let processes: Processes | null = null;
  try {
    const secrets = secretsOf(order, token);
    for (const value of Object.values(secrets)) log.masks.add(value);
    const place = await makePlace(root, request.event.payload);
    const cell = await installation.cells.open(root);
    processes = createProcesses({ log, timers: installation.timers, cell, mark: `github_${randomUUID()}` });
    life.processes = processes;
    return await within({ facts, id: job.id, place, token, secrets, log, processes, installation });
  } finally {
    await processes?.kill();
    request.revokeToken(token);
    if (!installation.keep) await removePlace(root);
  }
};

const limitTime = (life: Life, running: RunningJob): void => {
  const minutes = numberOf(running.job.timeoutMinutes, stepScope(running)) ?? DEFAULT_MINUTES;
  const { installation } = running.host;
  const end = (): void => cancelOf(life, installation)(`The job has exceeded the maximum execution time of ${minutes} minutes.`);
  life.relax = [...life.relax, after(installation.timers, minutes * MINUTE_MS, end)];
};

const runIn = async (running: RunningJob, order: JobOrder, changed: () => void): Promise<JobResult> => {
  const { state, host, job } = running;
  for (const env of [host.facts.workflow.env, job.env]) {
    for (const [name, value] of textsOf(env, stepScope(running))) state.env.set(name, value);
  }
  await runSteps(running, order.enki, changed);
  return { conclusion: state.status, outputs: outputsOf(running) };
};

type Tell = (status: JobReport["status"], conclusion: Conclusion | null) => void;

const work = async (life: Life, of: { installation: Installation; order: JobOrder }, tell: Tell): Promise<JobResult> => {
  const { installation, order } = of;
  const log = await openLog(logFile(installation, order), createMasks(), installation.clock);
  for (const text of life.notes) log.write(text);
  life.log = log;
  tell("in_progress", null);
  return withHost({ life, log, ...of }, async (host) => {
    const running: RunningJob = { host, job: order.job, needs: order.needs, state: life.state };
    limitTime(life, running);
    return runIn(running, order, () => tell("in_progress", null));
  });
};

const live = async (life: Life, of: { installation: Installation; order: JobOrder }, tell: Tell): Promise<JobResult> => {
  const result = await work(life, of, tell).catch((cause: unknown): JobResult => {
    note(life, `##[error]${cause instanceof Error ? cause.message : String(cause)}`);
    return { conclusion: life.state.status === "cancelled" ? "cancelled" : "failure", outputs: {} };
  });
  life.over = true;
  for (const relax of life.relax) relax();
  const end: JobResult = life.death ? { conclusion: life.death, outputs: {} } : result;
  await life.log?.close();
  tell("completed", end.conclusion);
  return end;
};

const logFile = (installation: Installation, order: JobOrder): string =>
  join(installation.directory, "logs", String(order.facts.request.id), `${order.job.id}.log`);

/** Runs one job in directories and processes of its own, with a token of its own; `report` hears of every change. */
export const startJob = (installation: Installation, order: JobOrder, report: (job: JobReport) => void): StartedJob => {
  const state = newState();
  state.shown.push(...order.job.steps.map((step) => ({ name: plainName(step), conclusion: null })));
  const life: Life = { state, notes: [], log: null, processes: null, death: null, over: false, relax: [] };
  const tell = (status: JobReport["status"], conclusion: Conclusion | null): void =>
    report({
      id: order.job.id,
      name: order.name,
      status,
      conclusion,
      steps: state.shown.map((step) => ({ ...step })),
      log: life.log?.file ?? null,
    });
  return { result: live(life, { installation, order }, tell), cancel: cancelOf(life, installation), die: dieOf(life) };
};
