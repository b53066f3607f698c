import type { Brief } from "../core/domain/brief.ts";
import type { AgentCommand, Role } from "../core/domain/config.ts";
import type { BacklogItem } from "../core/domain/backlog-item.ts";
import type { Resolution } from "../core/domain/conflict.ts";
import type { BranchName, ExecutionId, Sha, StepId } from "../core/domain/ids.ts";
import type { JobKey, JobKind } from "../core/domain/job.ts";
import type { Mail } from "../core/domain/mail.ts";
import type { Plan, PlannedStep } from "../core/domain/plan.ts";
import type { FeedbackInput } from "../core/messages/feedback-section.ts";
import type { ToolSet } from "../core/domain/tool-set.ts";
import type { StepState } from "../core/domain/step.ts";
import type { RevisionInput } from "../core/messages/prompt-input.ts";
import type { ExecutionView } from "../core/domain/execution-view.ts";
import type { InputText } from "./earlier-texts.ts";
import type { ToolName } from "../core/workflow/workflow.ts";

/** All that the steps after `prepare` know: written by the one step that has a token, read by those that have none. */
export type JobSpec = {
  readonly format: 1;
  readonly job: JobKey;
  readonly kind: JobKind;
  readonly execution: ExecutionId;
  readonly attempt: number;
  /** The commit in the workspace. */
  readonly baseCommit: Sha;
  readonly baseBranch: BranchName;
  readonly request: string;
  /** What people wrote on the issue; null where it is not wanted, or was not read. */
  readonly brief: Brief | null;
  /** What is to be added to the plan that there is; null for anything else. */
  readonly amendment: string | null;
  /** What is to be changed in the plan that was proposed; absent for anything else. */
  readonly revision?: RevisionInput;
  /** The step as it was approved; null for plan and verify. */
  readonly step: PlannedStep | null;
  readonly plan: Plan | null;
  readonly states: Readonly<Record<StepId, StepState>>;
  readonly role: Role | null;
  readonly roles: Readonly<Record<string, Role>>;
  readonly agent: AgentCommand;
  readonly model: string | null;
  /** Milliseconds. */
  readonly timeoutMs: number;
  readonly maxSteps: number;
  /** What the steps that this one needs handed on, in the order of its needs. */
  readonly upstream: readonly { readonly name: string | null; readonly title: string; readonly output: string }[];
  /** Reports of this execution, by step. */
  readonly artifacts: readonly { readonly step: StepId; readonly text: string }[];
  /** What people said of the work of an earlier attempt; null where there is none, or nobody said anything. */
  readonly feedback: FeedbackInput | null;
  /** What earlier steps said, whole. */
  readonly inputs: readonly InputText[];
  readonly lastFailure: string | null;
  /** Why it cannot be done as things are now; null where it can. */
  readonly unfitReason: string | null;
  /** What the attempt before left: the head of its branch, or its result; null where there is none, or it is in the base. */
  readonly earlier: { readonly commit: Sha; readonly kind: "head" | "result" } | null;
  /** Which of Enki's tools the agent has; null where no agent is at work. */
  readonly toolSet: ToolSet | null;
  /** What the tools see: for a planner all executions, else those of the same issue. */
  readonly executions: readonly ExecutionView[];
  /** Mail from and to this job's agent. */
  readonly mails: readonly Mail[];
  readonly backlog: readonly BacklogItem[];
  /** The tools that a workflow leaves its role; null for all of them. */
  readonly tools: readonly ToolName[] | null;
  /** True where those cannot change anything. */
  readonly readOnly: boolean;
  /** What a workflow says of its role; null for a step of a plan. */
  readonly nodeRun: { readonly workflow: string; readonly ownStatus: boolean } | null;
  /** What is resolved; null for any other job. */
  readonly conflict: ConflictSpec | null;
  /** Values for the step's own command. */
  readonly environment: Readonly<Record<string, string>>;
  /** Commands that a candidate must pass: for verify its own, else those that the work will be verified by. */
  readonly verify: readonly string[];
};

/** A conflict of a head with the base that the job works on. */
export type ConflictSpec = Pick<Resolution, "head" | "conflicts" | "regenerated" | "regenerateCommands" | "forkPoint"> & {
  /** The merge of the two in the workspace, as far as git could; null before it is made. */
  readonly merge: Sha | null;
  /** Globs of what may change beside what conflicts. */
  readonly alsoAllowed: readonly string[];
  /** What the base has in these files that the head does not: what was wanted, the oldest first. */
  readonly landed: readonly { readonly title: string; readonly task: string }[];
};

/** The commit that a job's work is compared with. */
export const findComparedCommit = ({ baseCommit, conflict }: JobSpec): Sha => conflict?.merge ?? baseCommit;

/** True where commands alone do the work. */
export const isCommandOnly = ({ step, conflict }: JobSpec): boolean =>
  conflict === null ? Boolean(step?.run) : conflict.conflicts.every(({ path }) => conflict.regenerated.includes(path));

/** Where the steps of one job hand things to each other, outside of the workspace. */
export const toJobPaths = (temp: string) => ({
  root: `${temp}/enki`,
  clone: `${temp}/enki/clone.git`,
  mailClone: `${temp}/enki/news.git`,
  spec: `${temp}/enki/job.json`,
  home: `${temp}/enki/home`,
  settings: `${temp}/enki/agent-settings.json`,
  socket: `${temp}/enki/tools.sock`,
  /** Where texts go that cannot be in the workspace. */
  texts: `${temp}/enki/texts`,
  bundle: `${temp}/enki/bundle`,
});
export type JobPaths = ReturnType<typeof toJobPaths>;
