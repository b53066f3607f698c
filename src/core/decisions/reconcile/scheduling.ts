import { type Execution, isPlanning } from "../../domain/execution.ts";
import { type ExecutionId, type Millis, toTaskId } from "../../domain/ids.ts";
import { type JobKind, toJobKey } from "../../domain/job.ts";
import { DEFAULT_TIER, type Tier } from "../../domain/plan.ts";
import { findOpenConflict, isBeingResolved, type Step } from "../../domain/step.ts";
import { schedule, type Load, type Startable } from "../schedule.ts";
import type { At } from "../apply/failing.ts";
import type { Draft } from "../draft.ts";
import { JOB_SLACK_MS } from "../../domain/retry-policy.ts";
import { beginStep } from "./begin-step.ts";

/** Starts what the limits allow, and asks for every job that should run. */
export const reconcileScheduling = (draft: Draft): void => {
  for (const each of schedule(startable(draft), load(draft), draft.snapshot.config.workers)) begin(draft, each);
  for (const execution of draft.executions()) jobs(draft, execution);
};

const startable = (draft: Draft): Startable[] =>
  draft.executions().flatMap((execution): Startable[] => {
    const { id, createdAt, planning, state } = execution;
    if (state !== "planning" && state !== "running") return [];
    const plans = isPlanning(execution) && planning.deadline === null && isTime(draft, planning.notBefore);
    const steps = draft
      .steps(execution.id)
      .filter((step) => isReady(draft, step) || isToResolve(draft, execution, step))
      .map((step) => ({ execution: id, created: createdAt, step: step.id, tier: tierOf(draft, execution, step.id) }));
    return [...(plans ? [{ execution: id, created: createdAt, step: null, tier: DEFAULT_TIER }] : []), ...steps];
  });

const isReady = (draft: Draft, { state, deadline, notBefore }: Step): boolean =>
  state === "ready" && deadline === null && isTime(draft, notBefore);

/** While nothing lands a resolution would land nowhere. */
const isToResolve = (draft: Draft, { baseBranch, state }: Execution, step: Step): boolean => {
  const conflict = findOpenConflict(step);
  return conflict?.deadline === null && state === "running" && !draft.queue(baseBranch).frozen && isTime(draft, conflict.notBefore);
};

const isTime = (draft: Draft, notBefore: number): boolean => {
  draft.wake(notBefore);
  return notBefore <= draft.now;
};

const tierOf = (draft: Draft, execution: Execution, step: string): Tier => draft.planned(execution, step)?.tier ?? DEFAULT_TIER;

const load = (draft: Draft): Load => {
  const tiers: Record<Tier, number> = { light: 0, standard: 0, heavy: 0 };
  const byExecution = new Map<ExecutionId, number>();
  const count = (id: ExecutionId, tier: Tier): void => {
    tiers[tier] += 1;
    byExecution.set(id, (byExecution.get(id) ?? 0) + 1);
  };
  for (const execution of draft.executions()) {
    if (isPlanning(execution) && execution.planning.deadline !== null) count(execution.id, DEFAULT_TIER);
    for (const step of draft.steps(execution.id))
      if (step.state === "running" || isBeingResolved(step)) count(execution.id, tierOf(draft, execution, step.id));
  }
  return { total: tiers.light + tiers.standard + tiers.heavy, tiers, byExecution };
};

const begin = (draft: Draft, each: Startable): void => {
  const execution = draft.execution(each.execution);
  if (!execution) return;
  const until = draft.now + draft.snapshot.config.tiers[each.tier].timeoutMs + JOB_SLACK_MS;
  if (each.step === null) return beginPlanning(draft, execution, until);
  const step = execution.steps[each.step];
  const planned = draft.planned(execution, each.step);
  if (!step || !planned) return;
  if (step.state === "ready") beginStep(draft, { execution, step, planned, until });
  else beginResolving(draft, { execution, step }, until);
};

const beginPlanning = (draft: Draft, execution: Execution, until: Millis): void => {
  // A planner knows the backlog as it is when it is asked for: its job has no right to read issues.
  const backlog = draft.ask<"backlog">({ kind: "backlog" });
  if (!backlog) return;
  draft.learnBacklog(backlog);
  draft.putExecution({ ...execution, planning: { ...execution.planning, deadline: until } });
  draft.note(`plan of ${execution.id}: attempt ${execution.planning.attempt}`);
};

const beginResolving = (draft: Draft, { execution, step }: At, until: Millis): void => {
  const resolution = findOpenConflict(step);
  if (!resolution) return;
  const task = toTaskId(execution.id, step.id);
  const attempt = jobsAskedFor(draft, "resolve", task) + 1;
  draft.putStep(execution.id, { ...step, resolution: { ...resolution, attempt, deadline: until } });
  draft.note(`${task}: try ${resolution.failedAttempts + 1} to resolve its conflict`);
};

const jobs = (draft: Draft, execution: Execution): void => {
  if (isPlanning(execution) && execution.planning.deadline !== null) {
    wantJob(draft, { kind: "plan", execution: execution.id, step: "", target: execution.id, attempt: execution.planning.attempt });
  }
  for (const step of draft.steps(execution.id)) {
    const target = toTaskId(execution.id, step.id);
    const of = { execution: execution.id, step: step.id, target };
    if (step.state === "running") wantJob(draft, { kind: "work", ...of, attempt: step.attempt });
    const conflict = findOpenConflict(step);
    if (conflict && conflict.deadline !== null) wantJob(draft, { kind: "resolve", ...of, attempt: conflict.attempt });
  }
};

export type WantedJob = {
  readonly kind: JobKind;
  readonly execution: string;
  readonly step: string;
  readonly target: string;
  readonly attempt: number;
};

/** Jobs of a kind that were asked for so far: what comes again after a retry needs a run of its own. */
export const jobsAskedFor = (draft: Draft, kind: JobKind, target: string): number => {
  let count = 0;
  while (draft.trace(`start-job:${toJobKey({ kind, target, attempt: count + 1 })}`)) count += 1;
  return count;
};

/** Asks for a job's run; nothing more once its start is confirmed. */
export const wantJob = (draft: Draft, { kind, execution, step, target, attempt }: WantedJob): void => {
  const job = toJobKey({ kind, target, attempt });
  draft.want({ kind: "start-job", key: `start-job:${job}`, job, inputs: { kind, execution, step, target, attempt: String(attempt) } });
};
