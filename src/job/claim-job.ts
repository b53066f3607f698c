import { NO_BUDGET } from "../core/domain/budget.ts";
import { findBudgetCap } from "../core/domain/execution-charges.ts";
import type { PlanLimits } from "../core/messages/prompt-input.ts";
import { refuseMissingBranch } from "../core/messages/refusals/jobs.ts";
import { readOwn } from "../core/domain/own-record.ts";
import { claimVerify, listVerifyCommands } from "./claim-verify.ts";
import { type JobClaim, composeJobSpec, refuseNotRunning } from "./compose-job-spec.ts";
import { type Result, accept } from "../core/domain/refusal.ts";
import type { JobSpec } from "./job-spec.ts";
import { isPlanning, type Execution } from "../core/domain/execution.ts";
import { toBranchRef } from "../core/domain/refs.ts";
import { listStepTexts, listUpstreamOutputs, listEarlierTexts } from "./earlier-texts.ts";
import type { PlannedStep, Plan } from "../core/domain/plan.ts";
import { type Step, findOpenConflict, mayLeaveWork } from "../core/domain/step.ts";
import { readTaskId, toTaskId } from "../core/domain/ids.ts";
import type { Config } from "../core/domain/config.ts";
import { readNodeRunSpec } from "./node-run-spec.ts";

/**
 * Builds the job's spec if the ledger expects exactly this attempt to run. Refusals, each of which ends the job without work:
 * `not-running`, `no-base`.
 */
export const claimJob = (claim: JobClaim): Result<JobSpec> => {
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

const claimPlan = (claim: JobClaim): Result<JobSpec> => {
  const { ledger, refs, config, job } = claim;
  const execution = readOwn(ledger.executions, job.target);
  if (!execution || !isPlanning(execution) || execution.planning.attempt !== job.attempt) return refuseNotRunning(claim);
  const base = refs[toBranchRef(execution.baseBranch)];
  if (base === undefined) return refuseMissingBranch(execution.baseBranch);
  const { timeoutMs, model } = config.tiers.standard;
  const adding = execution.amendment?.state === "planning" ? execution.amendment.request : null;
  const { planner: agent } = config.agents;
  const role = config.roles["planner"] ?? null;
  const inputs = listStepTexts(ledger, execution, Object.keys(execution.steps));
  const revision = toRevisionInput(claim, execution);
  const doing = {
    baseCommit: base,
    amendment: adding,
    role,
    agent,
    timeoutMs,
    model,
    inputs,
    backlog: ledger.backlog,
    ...(revision && { revision }),
    limits: toPlanLimits(execution, config),
  };
  return accept(composeJobSpec(claim, execution, doing));
};

/** The limits of a plan's steps. */
const toPlanLimits = (execution: Execution, { tiers, budget = NO_BUDGET, refinery }: Config): PlanLimits => {
  const cap = findBudgetCap(execution, budget);
  return {
    tierMs: { light: tiers.light.timeoutMs, standard: tiers.standard.timeoutMs, heavy: tiers.heavy.timeoutMs },
    ...(cap !== null && { money: { cap, attempt: budget.attempt } }),
    ...(refinery.parallel !== null && { parallel: refinery.parallel }),
  };
};

/** The proposed steps and the requested change; for a plan amendment, only the steps that it adds. */
const toRevisionInput = ({ ledger }: JobClaim, { state, revision, plan, amendment }: Execution): JobSpec["revision"] => {
  if (revision?.state !== "planning") return undefined;
  const stepsOf = (hash: string | null | undefined): readonly PlannedStep[] => ledger.plans[hash ?? ""]?.steps ?? [];
  const there = new Set(state === "planning" ? [] : stepsOf(plan).map(({ id }) => id));
  const steps = stepsOf(state === "planning" ? plan : amendment?.plan).filter(({ id }) => !there.has(id));
  return { text: revision.text, earlierRequests: revision.earlierRequests, steps };
};

type ClaimedWork = { readonly execution: Execution; readonly step: Step; readonly plan: Plan; readonly planned: PlannedStep };

const findClaimedWork = ({ ledger, job }: JobClaim): ClaimedWork | null => {
  const id = readTaskId(job.target);
  const execution = id ? readOwn(ledger.executions, id.execution) : undefined;
  if (!id || !execution) return null;
  const step = execution.steps[id.step];
  const plan = ledger.plans[execution.plan ?? ""];
  const planned = plan?.steps.find((each) => each.id === id.step);
  return step && plan && planned ? { execution, step, plan, planned } : null;
};

/** The role is resolved when the job starts. A worker without its role must not run, because it could have more rights. */
const explainMissingRole = (role: string, { roles }: Config): string =>
  `The role \`${role}\` no longer exists: its file is missing or has a mistake, which \`enki validate\` reports. Roles: ${Object.keys(roles).sort().join(", ") || "none"}`;

const selectCheck = ({ refinery, broken }: Config): Pick<JobSpec, "check"> => {
  const { checkWork = 0, timeoutMs } = refinery;
  return checkWork === 0 || broken !== null ? {} : { check: { corrections: checkWork, timeoutMs } };
};

const isClaimable = (step: Step, { isEnding }: JobClaim): boolean => step.state === "running" || (isEnding === true && mayLeaveWork(step));

const claimWork = (claim: JobClaim): Result<JobSpec> => {
  const { config, job, ledger } = claim;
  const work = findClaimedWork(claim);
  if (!work || !isClaimable(work.step, claim) || work.step.attempt !== job.attempt || work.step.baseCommit === null)
    return refuseNotRunning(claim);
  const { execution, step, planned } = work;
  const upstream = listUpstreamOutputs(ledger, { execution, planned });
  const role = planned.role === null ? null : (readOwn(config.roles, planned.role) ?? null);
  const unfit = planned.role === null || role !== null ? null : explainMissingRole(planned.role, config);
  const { timeoutMs, model } = config.tiers[planned.tier];
  const agent = execution.quick ? config.agents.sidecar : config.agents.worker;
  return accept(
    composeJobSpec(claim, execution, {
      role,
      unfitReason: unfit,
      agent,
      baseCommit: work.step.baseCommit,
      step: planned,
      timeoutMs,
      model,
      upstream,
      feedback: findAttemptFeedback(claim, step),
      lastFailure: step.lastFailure,
      earlier: findEarlierWork(step),
      ...selectInterrupted(step),
      inputs: execution.workflow ? [] : listEarlierTexts(ledger, { execution, planned }),
      verify: listVerifyCommands(config, planned.verify),
      ...selectCheck(config),
      ...readNodeRunSpec(ledger, execution, planned),
    }),
  );
};

const claimResolve = (claim: JobClaim): Result<JobSpec> => {
  const { config, job, ledger } = claim;
  const work = findClaimedWork(claim);
  const resolution = work && findOpenConflict(work.step);
  if (!work || resolution?.attempt !== job.attempt || resolution.deadline === null) return refuseNotRunning(claim);
  const { execution, planned } = work;
  const { head, onto, conflicts, regenerated, regenerateCommands, log, forkPoint } = resolution;
  const { timeoutMs, model } = config.tiers[planned.tier];
  const { resolveAlso, regenerate } = config.refinery;
  const also = [...resolveAlso, ...(regenerateCommands.length > 0 ? Object.keys(regenerate) : [])];
  return accept(
    composeJobSpec(claim, execution, {
      role: config.roles["merger"] ?? null,
      agent: config.agents.merger,
      baseCommit: onto,
      // In a workflow, the prompt from the workflow file describes the step.
      step: readNodeRunSpec(ledger, execution, planned).step ?? planned,
      timeoutMs,
      model,
      inputs: listEarlierTexts(ledger, { execution, planned }),
      lastFailure: log === "" ? null : log,
      verify: listVerifyCommands(config, planned.verify),
      // Commands that regenerate files run after the merger.
      ...(regenerateCommands.length === 0 && selectCheck(config)),
      conflict: {
        head,
        conflicts,
        regenerated,
        regenerateCommands,
        alsoAllowed: also,
        merge: null,
        landed: [],
        ...(forkPoint !== undefined && { forkPoint }),
      },
    }),
  );
};

/** The people's feedback for the attempt. */
const findAttemptFeedback = ({ ledger, job }: JobClaim, { head, baseCommit }: Step): JobSpec["feedback"] => {
  const task = readTaskId(job.target);
  const feedback = task && ledger.feedback[`${toTaskId(task.execution, task.step)}/${job.attempt}`];
  return feedback && feedback.items.length > 0 ? { feedback, onHead: head !== null && head.sha === baseCommit } : null;
};

/** The previous attempt's work, unless it is already the base: the next attempt starts from a person's head, but not from a worker's. */
const findEarlierWork = ({ attempt, head, baseCommit, result }: Step): JobSpec["earlier"] => {
  if (attempt < 2 || (head && head.sha === baseCommit)) return null;
  if (head) return { commit: head.sha, kind: "head" };
  return result === null ? null : { commit: result, kind: "result" };
};

/** The result of the attempt before; prepare finds out whether it was interrupted. */
const selectInterrupted = ({ attempt, result }: Step): Pick<JobSpec, "interrupted"> =>
  attempt > 1 && result !== null ? { interrupted: { commit: result, files: "none", transcriptEnd: "" } } : {};
