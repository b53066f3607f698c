import type { Config } from "../model/config.ts";
import { type Execution, isPlanning } from "../model/execution.ts";
import { readTaskId, taskId, type TaskId } from "../model/ids.ts";
import { type Job, jobKey } from "../model/job.ts";
import type { Ledger } from "../model/ledger.ts";
import { isOf, workerAddress } from "../model/mail.ts";
import type { Candidate } from "../model/queue.ts";
import type { Plan, PlannedStep } from "../model/plan.ts";
import { branchRef } from "../model/refs.ts";
import type { Refs } from "../model/query.ts";
import { accept, refuse, type Refused, type Result } from "../model/refusal.ts";
import { toolSetOf } from "../model/rights.ts";
import { conflictOf, type Step } from "../model/step.ts";
import { viewsOf } from "../model/views.ts";
import { earlierTexts, inputsOf, upstreamOf } from "./inputs.ts";
import { pieceOf } from "./piece.ts";
import type { JobSpec } from "./spec.ts";

export type Claim = { readonly ledger: Ledger; readonly refs: Refs; readonly config: Config; readonly job: Job };

/**
 * What a job is to do, when the ledger says that exactly this attempt runs.
 * Refusals, each of which ends the job without work: `not-running`, `no-base`.
 */
export const claimJob = (claim: Claim): Result<JobSpec> => {
  switch (claim.job.kind) {
    case "plan":
      return claimPlan(claim);
    case "work":
      return claimWork(claim);
    case "resolve":
      return claimResolve(claim);
    case "verify":
      return claimVerify(claim);
  }
};

const idle = ({ job }: Claim): Refused => refuse("not-running", `the ledger does not say that ${jobKey(job)} runs`);

type Doing = Pick<JobSpec, "base" | "agent" | "timeout"> & Partial<JobSpec>;

const spec = ({ ledger, config, job }: Claim, execution: Execution, doing: Doing): JobSpec => ({
  format: 1,
  job: jobKey(job),
  kind: job.kind,
  execution: execution.id,
  attempt: job.attempt,
  branch: execution.base,
  request: execution.request,
  brief: job.kind === "plan" || job.kind === "work" ? (ledger.briefs[execution.id] ?? null) : null,
  adding: null,
  plan: execution.plan === null ? null : (ledger.plans[execution.plan] ?? null),
  states: Object.fromEntries(Object.values(execution.steps).map((step) => [step.id, step.state])),
  roles: config.roles,
  maxSteps: config.plan.maxSteps,
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
  unfit: null,
  earlier: null,
  verify: config.refinery.verify,
  backlog: [],
  tools: null,
  readOnly: false,
  piece: null,
  conflict: null,
  environment: {},
  ...inSight(ledger, execution, job),
  ...doing,
});

/** What the agent's tools may see. */
const inSight = (ledger: Ledger, execution: Execution, job: Job): Pick<JobSpec, "toolSet" | "executions" | "mails"> => {
  const toolSet = toolSetOf(job.kind, execution.quick === true);
  const all = viewsOf(ledger);
  const task = readTaskId(job.target);
  const address = toolSet === "planner" ? ("coordinator" as const) : task && workerAddress(taskId(task.execution, task.step));
  const { to, from } = isOf(address ?? "coordinator", execution.id);
  return {
    toolSet,
    executions: toolSet === "planner" || toolSet === "sidecar" ? all : all.filter(({ issue }) => issue === execution.issue),
    // Conflict jobs receive no mail. A quick task cannot send any, but it is told the answer to what it was blocked by.
    mails: address === null || toolSet === "merger" ? [] : Object.values(ledger.mails).filter((mail) => to(mail) || from(mail)),
  };
};

const claimPlan = (claim: Claim): Result<JobSpec> => {
  const { ledger, refs, config, job } = claim;
  const execution = ledger.executions[job.target];
  if (!execution || !isPlanning(execution) || execution.planning.attempt !== job.attempt) return idle(claim);
  const base = refs[branchRef(execution.base)];
  if (base === undefined) return refuse("no-base", `there is no branch ${execution.base}`);
  const { timeout, model } = config.tiers.standard;
  const adding = execution.adding?.state === "planning" ? execution.adding.request : null;
  const { planner: agent } = config.agents;
  const role = config.roles["planner"] ?? null;
  const inputs = inputsOf(ledger, execution, Object.keys(execution.steps));
  const revision = revisionOf(claim, execution);
  const doing = { base, adding, role, agent, timeout, model, inputs, backlog: ledger.backlog, ...(revision && { revision }) };
  return accept(spec(claim, execution, doing));
};

/** What was proposed, and what is to be changed in it; of steps that are to be added only these. */
const revisionOf = ({ ledger }: Claim, { state, revision, plan, adding }: Execution): JobSpec["revision"] => {
  if (revision?.state !== "planning") return undefined;
  const stepsOf = (hash: string | null | undefined): readonly PlannedStep[] => ledger.plans[hash ?? ""]?.steps ?? [];
  const there = new Set(state === "planning" ? [] : stepsOf(plan).map(({ id }) => id));
  const steps = stepsOf(state === "planning" ? plan : adding?.plan).filter(({ id }) => !there.has(id));
  return { text: revision.text, before: revision.before, steps };
};

type Working = { readonly execution: Execution; readonly step: Step; readonly plan: Plan; readonly planned: PlannedStep };

/** The step that a work job is for, as the ledger has it. */
const findWork = ({ ledger, job }: Claim): Working | null => {
  const id = readTaskId(job.target);
  const execution = id ? ledger.executions[id.execution] : undefined;
  if (!id || !execution) return null;
  const step = execution.steps[id.step];
  const plan = ledger.plans[execution.plan ?? ""];
  const planned = plan?.steps.find((each) => each.id === id.step);
  return step && plan && planned ? { execution, step, plan, planned } : null;
};

/** A role is looked up when its job starts. Without it nobody knows what its worker may do, and a worker without a persona may do more. */
const whyUnfit = (role: string, { roles }: Config): string =>
  `there is no role \`${role}\` any more: its file is gone or has a mistake, which \`enki validate\` tells; there are ${Object.keys(roles).sort().join(", ") || "none"}`;

const claimWork = (claim: Claim): Result<JobSpec> => {
  const { config, job, ledger } = claim;
  const work = findWork(claim);
  if (!work || work.step.state !== "running" || work.step.attempt !== job.attempt || work.step.base === null) return idle(claim);
  const { execution, step, planned } = work;
  const upstream = upstreamOf(ledger, { execution, planned });
  const role = planned.role === null ? null : (config.roles[planned.role] ?? null);
  const unfit = planned.role === null || role !== null ? null : whyUnfit(planned.role, config);
  const { timeout, model } = config.tiers[planned.tier];
  const agent = execution.quick ? config.agents.sidecar : config.agents.worker;
  return accept(
    spec(claim, execution, {
      role,
      unfit,
      agent,
      base: work.step.base,
      step: planned,
      timeout,
      model,
      upstream,
      feedback: feedbackOf(claim, step),
      lastFailure: step.lastFailure,
      earlier: earlierOf(step),
      inputs: execution.workflow ? [] : earlierTexts(ledger, { execution, planned }),
      verify: [...new Set([...config.refinery.verify, ...planned.verify])],
      ...pieceOf(ledger, execution, planned),
    }),
  );
};

const claimResolve = (claim: Claim): Result<JobSpec> => {
  const { config, job, ledger } = claim;
  const work = findWork(claim);
  const resolution = work && conflictOf(work.step);
  if (!work || resolution?.attempt !== job.attempt || resolution.until === null) return idle(claim);
  const { execution, planned } = work;
  const { head, onto, conflicts, anew, commands, log, from } = resolution;
  const { timeout, model } = config.tiers[planned.tier];
  const { resolveAlso, regenerate } = config.refinery;
  const also = [...resolveAlso, ...(commands.length > 0 ? Object.keys(regenerate) : [])];
  return accept(
    spec(claim, execution, {
      role: config.roles["merger"] ?? null,
      agent: config.agents.merger,
      base: onto,
      // In a workflow it is told what it was for by its file.
      step: pieceOf(ledger, execution, planned).step ?? planned,
      timeout,
      model,
      inputs: earlierTexts(ledger, { execution, planned }),
      lastFailure: log === "" ? null : log,
      conflict: { head, conflicts, anew, commands, also, merge: null, landed: [], ...(from !== undefined && { from }) },
    }),
  );
};

/** What this attempt was given of what people said. */
const feedbackOf = ({ ledger, job }: Claim, { head, base }: Step): JobSpec["feedback"] => {
  const task = readTaskId(job.target);
  const feedback = task && ledger.feedback[`${taskId(task.execution, task.step)}/${job.attempt}`];
  return feedback && feedback.items.length > 0 ? { feedback, onHead: head !== null && head.sha === base } : null;
};

/** A person's head is the base of the next attempt; a worker's is not, and would be lost to it. */
const earlierOf = ({ attempt, head, base, result }: Step): JobSpec["earlier"] => {
  if (attempt < 2 || (head && head.sha === base)) return null;
  if (head) return { commit: head.sha, kind: "head" };
  return result === null ? null : { commit: result, kind: "result" };
};

const isWaitedFor = ({ commit, runs }: Candidate, job: Job): boolean =>
  commit === job.target && runs.some(({ attempt, verdict }) => attempt === job.attempt && verdict === null);

/** The candidate that this attempt verifies, and the execution that it is verified for. */
const findCandidate = (ledger: Ledger, job: Job): { candidate: Candidate; execution: Execution } | null => {
  for (const { items, candidates } of Object.values(ledger.queues)) {
    const candidate = candidates.find((each) => isWaitedFor(each, job));
    // A base that is verified alone is so for the sake of what is queued on it.
    const { task = "" } = candidate?.items[0] ?? items[0] ?? {};
    const execution = ledger.executions[readTaskId(task)?.execution ?? ""];
    if (candidate && execution) return { candidate, execution };
  }
  return null;
};

/** The commands of its own that verify a step. */
const verifyOf = (ledger: Ledger, task: TaskId): readonly string[] => {
  const id = readTaskId(task);
  const plan = ledger.plans[ledger.executions[id?.execution ?? ""]?.plan ?? ""];
  return plan?.steps.find((each) => each.id === id?.step)?.verify ?? [];
};

const claimVerify = (claim: Claim): Result<JobSpec> => {
  const { ledger, config, job } = claim;
  const found = findCandidate(ledger, job);
  if (!found) return idle(claim);
  const { candidate, execution } = found;
  const own = candidate.items.flatMap(({ task }) => verifyOf(ledger, task));
  // Without what the repository asks for, what is left would be no verification.
  const verify = config.broken === null ? [...new Set([...config.refinery.verify, ...own])] : [];
  return accept(spec(claim, execution, { agent: config.agents.worker, base: candidate.commit, timeout: config.refinery.timeout, verify }));
};
