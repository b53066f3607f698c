import type { AgentUsage } from "./agent-usage.ts";
import type { AttemptCharge, ExecutionBudget } from "./budget.ts";
import type { CommandSource } from "./command.ts";
import type { BranchName, ExecutionId, Hash, Login, Millis, RefName, Sha, StepId } from "./ids.ts";
import type { ExecutionEstimate } from "./execution-estimate.ts";
import type { JobKey } from "./job.ts";
import type { Plan } from "./plan.ts";
import type { Priority } from "./priority.ts";
import type { QuotaWait } from "./quota-wait.ts";
import type { Refusal } from "./refusal.ts";
import type { AgentProposal } from "./proposal.ts";
import type { RevertedLanding } from "./reverted-landing.ts";
import type { Step } from "./step.ts";
import type { LimitedRecord } from "./usage.ts";
import type { WorkflowRun } from "./workflow-run.ts";

/** States in which nothing is left to do. A failed execution can be retried. */
export type ExecutionEndState = "done" | "failed" | "cancelled";

export type ExecutionState = "planning" | "asking" | "proposed" | "running" | "paused" | ExecutionEndState;

/** Steps to be added to a running execution: being planned, waiting for an approval of the whole new plan, or refused. */
export type PlanAmendment = {
  readonly state: "planning" | "proposed" | "refused";
  readonly request: string;
  readonly requestedBy: Login;
  /** The whole plan with the new steps; null until one exists. */
  readonly plan: Hash | null;
  readonly refusal: Refusal | null;
  /** Whether another execution's planner proposed the steps, which then always need an approval. */
  readonly byAgent?: true;
};

/** A requested change to a proposed plan or amendment. The present plan stays until a new one exists. */
type PlanRevision = {
  readonly state: "planning" | "done" | "refused";
  readonly text: string;
  /** Texts of earlier revisions, oldest first. */
  readonly earlierRequests: readonly string[];
  readonly requestedBy: Login;
  readonly refusal: Refusal | null;
  /** Whether a quoting reply requested the revision instead of a command: an approval of the present plan takes precedence. */
  readonly quoted?: true;
};

/** `source` is the text with the approving command; absent if the plan needed no approval. */
export type PlanApproval = { readonly plan: Hash; readonly by: Login; readonly at: Millis; readonly source?: CommandSource };

/** A person's pull request in the merge queue; `branch` has its head, null for a fork. */
export type QueuedPull = { readonly pull: number; readonly branch: string | null };

/** A request on an issue, with its plan. */
export type Execution = {
  readonly id: ExecutionId;
  readonly issue: number;
  /** Whether `issue` is a pull request: Enki answers there, but never closes the pull request. */
  readonly onPullRequest: boolean;
  readonly requestedBy: Login;
  readonly request: string;
  readonly baseBranch: BranchName;
  readonly createdAt: Millis;
  readonly state: ExecutionState;
  readonly refusal: Refusal | null;
  /** Whether `/enki plan` requested it: runs only after an approval, whatever the configuration says. */
  readonly planOnly: boolean;
  /** State of the planner's job. */
  readonly planning: {
    readonly attempt: number;
    readonly faults: number;
    readonly notBefore: Millis;
    readonly deadline: Millis | null;
    /** The wait for the quota of the planner's model; absent if the last attempt did not need it. */
    readonly quota?: QuotaWait;
    /** The failure of the last attempt, if the next attempt repeats the work. */
    readonly lastFailure?: string;
  };
  readonly plan: Hash | null;
  readonly approved: PlanApproval | null;
  readonly steps: Readonly<Record<StepId, Step>>;
  readonly amendment: PlanAmendment | null;
  readonly revision?: PlanRevision;
  /** The planner's abandoned attempt, until its run is stopped. */
  readonly stopping?: number;
  readonly spent: number;
  /** The usage that the agent of each job reported; a job without a report is missing. */
  readonly usage?: Readonly<Partial<Record<JobKey, AgentUsage>>>;
  /** The duration of each job, from its request to its result; missing in older ledgers. */
  readonly times?: Readonly<Partial<Record<JobKey, Millis>>>;
  /** The estimate made when its plan started; missing without history, and in older ledgers. */
  readonly estimate?: ExecutionEstimate;
  /** A person's limit on the cost of the execution; if missing, the configured limit applies. */
  readonly budget?: ExecutionBudget;
  /** The cost or the reservation of each agent's attempt; missing before a budget applies. */
  readonly charges?: Readonly<Partial<Record<JobKey, AttemptCharge>>>;
  /** The proposed plan, after the check of its texts. `page`: the commit with its pages; null if the comment has room for the plan. */
  readonly shownPlan?: { readonly plan: Hash; readonly page: { readonly commit: Sha; readonly count: number } | null };
  /** Whether this is a quick task: the sidecar performs its only step. */
  readonly quick?: boolean;
  /** Commands proposed by agents. */
  readonly proposals?: readonly AgentProposal[];
  /** Ignored records of the last job beyond its bounds. */
  readonly ignoredRecords?: { readonly job: string; readonly counts: Readonly<Partial<Record<LimitedRecord, number>>> };
  /** Number of deleted refs of forged results, with the last ref and the end that its content states. */
  readonly ignoredResults?: { readonly count: number; readonly ref: RefName; readonly claim: string };
  /** Of every step without a priority of its own; absent for normal. */
  readonly priority?: Priority;
  /** Set if a person put a pull request into the queue: its only step has no agent. */
  readonly landsPull?: QueuedPull;
  /** Set if a person undoes landed work: the landing that each step reverts. */
  readonly undoes?: Readonly<Record<StepId, RevertedLanding>>;
  /** The plan grows as the workflow advances. */
  readonly workflow?: WorkflowRun;
};

/** Whether a planner's job is needed, for the plan or an amendment. */
export const isPlanning = ({ state, amendment }: Execution): boolean =>
  state === "planning" || ((state === "running" || state === "paused") && amendment?.state === "planning");

export const isBeingRevised = ({ revision }: Pick<Execution, "revision">): boolean => revision?.state === "planning";

/** Whether an execution is done and every step that should change files found nothing to do. A person decides whether the issue is closed. */
export const hasFoundNothing = ({ state, steps }: Execution, plan: Plan | null): boolean => {
  if (state !== "done" || Object.values(steps).some(({ landed }) => landed)) return false;
  const changing = plan?.steps.filter(({ output }) => output === "branch") ?? [];
  return changing.length > 0 && changing.every(({ id }) => steps[id]?.outcome === "nothing-to-do");
};

/** Whether an open amendment keeps the execution from ending. */
export const hasOpenAmendment = ({ amendment }: Execution): boolean => amendment?.state === "planning" || amendment?.state === "proposed";

export const hasEnded = ({ state }: Pick<Execution, "state">): boolean => state === "done" || state === "failed" || state === "cancelled";
