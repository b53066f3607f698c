import { MICROS_PER_USD } from "../core/domain/budget.ts";
import type { Ledger } from "../core/domain/ledger.ts";
import type { RepositoryRefs } from "../core/domain/query.ts";
import type { Config } from "../core/domain/config.ts";
import { type Job, toJobKey } from "../core/domain/job.ts";
import { LEDGER_REF } from "../core/domain/refs.ts";
import type { JobSpec } from "./job-spec.ts";
import { ALWAYS_PROTECTED } from "../core/policy/protected-paths.ts";
import type { Execution } from "../core/domain/execution.ts";
import { chooseToolSet } from "../core/domain/tool-set.ts";
import { listExecutionViews } from "../core/domain/execution-view.ts";
import { readTaskId, toTaskId } from "../core/domain/ids.ts";
import type { RefusedResult } from "../core/domain/refusal.ts";
import { refuseIdleJob } from "../core/messages/refusals/jobs.ts";
import { toWorkerAddress, createMailMatcher } from "../core/domain/mail.ts";

export type JobClaim = {
  readonly ledger: Ledger;
  readonly refs: RepositoryRefs;
  readonly config: Config;
  readonly job: Job;
  /** Set at the end of a job: the stopped attempt of a step, which a person may have paused, may still leave its work. */
  readonly isEnding?: true;
};

export const refuseNotRunning = ({ job }: Pick<JobClaim, "job">): RefusedResult => refuseIdleJob(toJobKey(job));
export type SpecOverrides = Pick<JobSpec, "baseCommit" | "agent" | "timeoutMs"> & Partial<JobSpec>;
export const composeJobSpec = ({ ledger, refs, config, job }: JobClaim, execution: Execution, doing: SpecOverrides): JobSpec => ({
  format: 1,
  ledgerCommit: refs[LEDGER_REF] ?? null,
  job: toJobKey(job),
  kind: job.kind,
  execution: execution.id,
  attempt: job.attempt,
  baseBranch: execution.baseBranch,
  request: execution.request,
  brief: job.kind === "plan" || job.kind === "work" ? (ledger.briefs[execution.id] ?? null) : null,
  amendment: null,
  plan: execution.plan === null ? null : (ledger.plans[execution.plan] ?? null),
  states: Object.fromEntries(Object.values(execution.steps).map((step) => [step.id, step.state])),
  roles: config.roles,
  maxSteps: config.plan.maxSteps,
  protectedPaths: [...ALWAYS_PROTECTED, ...config.policy.protected],
  artifacts: Object.entries(ledger.artifacts)
    .filter(([name]) => name.startsWith(`${execution.id}/`))
    .map(([name, text]) => ({ step: name.slice(execution.id.length + 1), text }))
    .toSorted((a, b) => (a.step < b.step ? -1 : 1)),
  inputs: [],
  step: null,
  role: null,
  model: null,
  upstream: [],
  feedback: null,
  lastFailure: null,
  unfitReason: null,
  earlier: null,
  verify: config.refinery.verify,
  testReports: config.refinery.testReports,
  ...(job.kind === "verify" && config.jobs && { variables: config.jobs.env }),
  backlog: [],
  tools: null,
  readOnly: false,
  nodeRun: null,
  conflict: null,
  environment: {},
  ...selectCostLimit(execution, job),
  ...selectToolView(ledger, execution, job),
  ...doing,
});
/** What the ledger reserves for a job. */
const selectCostLimit = ({ charges }: Execution, job: Job): Pick<JobSpec, "maxCostUsd"> => {
  const charge = charges?.[toJobKey(job)];
  return charge ? { maxCostUsd: charge.micros / MICROS_PER_USD } : {};
};

const selectToolView = (ledger: Ledger, execution: Execution, job: Job): Pick<JobSpec, "toolSet" | "executions" | "mails"> => {
  const toolSet = chooseToolSet(job.kind, execution.quick === true);
  const all = listExecutionViews(ledger);
  const task = readTaskId(job.target);
  const address = toolSet === "planner" ? ("coordinator" as const) : task && toWorkerAddress(toTaskId(task.execution, task.step));
  const { to, from } = createMailMatcher(address ?? "coordinator", execution.id);
  return {
    toolSet,
    executions: toolSet === "planner" || toolSet === "sidecar" ? all : all.filter(({ issue }) => issue === execution.issue),
    // Conflict jobs receive no mail. A quick task cannot send any, but receives the answer to its question.
    mails: address === null || toolSet === "merger" ? [] : Object.values(ledger.mails).filter((mail) => to(mail) || from(mail)),
  };
};
