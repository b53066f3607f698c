import type { Brief } from "../core/domain/brief.ts";
import type { AgentCommand } from "../core/domain/agent-command.ts";
import type { Role } from "../core/domain/config.ts";
import type { BacklogItem } from "../core/domain/backlog-item.ts";
import type { Resolution } from "../core/domain/conflict.ts";
import type { BranchName, ExecutionId, Millis, Sha, StepId } from "../core/domain/ids.ts";
import type { JobKey, JobKind } from "../core/domain/job.ts";
import type { Mail } from "../core/domain/mail.ts";
import type { Plan, PlannedStep } from "../core/domain/plan.ts";
import type { FeedbackInput } from "../core/messages/feedback-section.ts";
import type { ToolSet } from "../core/domain/tool-set.ts";
import type { StepState } from "../core/domain/step.ts";
import type { PlanLimits, RevisionInput } from "../core/messages/prompt-input.ts";
import type { ExecutionView } from "../core/domain/execution-view.ts";
import type { KnownFlake } from "../core/domain/flaky-check.ts";
import type { JobPhase } from "../core/telemetry/job-spans.ts";
import type { KeptSession } from "./agent/kept-session.ts";
import type { InputText } from "./earlier-texts.ts";
import type { ToolName } from "../core/workflow/workflow.ts";

/** Everything that the steps after `prepare` know. Only `prepare` has a token; it writes the spec, and the others read it. */
export type JobSpec = {
  readonly format: 1;
  readonly job: JobKey;
  readonly kind: JobKind;
  readonly execution: ExecutionId;
  readonly attempt: number;
  /** The commit of the ledger that this spec was read from. */
  readonly ledgerCommit: Sha | null;
  readonly baseCommit: Sha;
  readonly baseBranch: BranchName;
  readonly request: string;
  /** The issue and its comments; null if the job does not need them or the ledger does not have them. */
  readonly brief: Brief | null;
  /** The request to amend the current plan; null for any other job. */
  readonly amendment: string | null;
  /** The requested change of the proposed plan; absent for any other job. */
  readonly revision?: RevisionInput;
  /** The approved step; null for plan and verify. */
  readonly step: PlannedStep | null;
  readonly plan: Plan | null;
  readonly states: Readonly<Record<StepId, StepState>>;
  readonly role: Role | null;
  readonly roles: Readonly<Record<string, Role>>;
  readonly agent: AgentCommand;
  readonly model: string | null;
  /** What the attempt may cost, in US dollars; absent without a budget. */
  readonly maxCostUsd?: number;
  readonly timeoutMs: number;
  /** The limits of the steps that a planner plans; absent for any other job. */
  readonly limits?: PlanLimits;
  readonly maxSteps: number;
  /** Globs of files that no step may change. */
  readonly protectedPaths: readonly string[];
  /** The outputs of the needed steps, in the order of `needs`. */
  readonly upstream: readonly { readonly name: string | null; readonly title: string; readonly output: string }[];
  readonly artifacts: readonly { readonly step: StepId; readonly text: string }[];
  /** Feedback on an earlier attempt's work; null if there is none. */
  readonly feedback: FeedbackInput | null;
  /** The full texts of earlier steps. */
  readonly inputs: readonly InputText[];
  readonly lastFailure: string | null;
  /** Why the work cannot be done now; null if it can. */
  readonly unfitReason: string | null;
  /** The previous attempt's work, as branch head or as result; null if there is none or the base contains it. */
  readonly earlier: { readonly commit: Sha; readonly kind: "head" | "result" } | null;
  /** The interrupted previous attempt; absent without one. */
  readonly interrupted?: InterruptedAttempt;
  /**
   * Whether an interrupted agent's session is kept for the next attempt: only on a person's own machine, since a session contains everything
   * that the agent read. Absent in Actions.
   */
  readonly keepsSession?: true;
  /** The agent's set of Enki tools; null if the job runs no agent. */
  readonly toolSet: ToolSet | null;
  /** The executions that the tools show: all for a planner, else executions of the same issue. */
  readonly executions: readonly ExecutionView[];
  /** Mail sent from and to this job's agent. */
  readonly mails: readonly Mail[];
  readonly backlog: readonly BacklogItem[];
  /** The only tools that a workflow permits; null for all. */
  readonly tools: readonly ToolName[] | null;
  /** Whether none of these tools can change files. */
  readonly readOnly: boolean;
  /** The workflow's settings for this role; null for a step of a plan. */
  readonly nodeRun: { readonly workflow: string; readonly ownStatus: boolean } | null;
  /** The conflict to resolve; null for any other job. */
  readonly conflict: ConflictSpec | null;
  /** Variables for the step's own command. */
  readonly environment: Readonly<Record<string, string>>;
  /** The hosts that the agent may reach besides its model, as entries of `[policy] network` without words; absent without a limit. */
  readonly network?: readonly string[];
  /** The commands to verify with: a verify job runs them; a work job's agent learns what its work will have to pass. */
  readonly verify: readonly string[];
  /** How the job runs these commands on a copy of its own work; absent if it does not. `timeoutMs` limits one check. */
  readonly check?: { readonly corrections: number; readonly timeoutMs: number };
  /** Names of variables of the machine that these commands receive; absent in any other job than verify. */
  readonly variables?: readonly string[];
  /** Globs of the JUnit XML reports that these commands write. */
  readonly testReports: readonly string[];
  /** What a verify job may repeat, and the base commit of its candidate; absent without known flakes. */
  readonly repeat?: { readonly onto: Sha; readonly flakes: readonly KnownFlake[] };
  /** When `prepare` worked; absent before it has. */
  readonly prepared?: { readonly from: Millis; readonly to: Millis };
};

/** What an interrupted attempt left, as a commit that publish made. */
export type InterruptedAttempt = {
  readonly commit: Sha;
  /** Where its changed files are: in the working directory, or only under `kept/` of the commit. */
  readonly files: "restored" | "apart" | "none";
  /** The end of its transcript. */
  readonly transcriptEnd: string;
  /** Its session; absent if it was not kept. */
  readonly session?: KeptSession;
  /** Set for a prompt in this session itself. */
  readonly isContinued?: true;
};

/** A conflict between a head and the base that the job works on. */
export type ConflictSpec = Pick<Resolution, "head" | "conflicts" | "regenerated" | "regenerateCommands" | "forkPoint"> & {
  /** The partial merge that is in the workspace; null before it is built. */
  readonly merge: Sha | null;
  /** Globs of files that may change in addition to the conflicting ones. */
  readonly alsoAllowed: readonly string[];
  /** Commits of the base in these files that the head lacks, the oldest first. */
  readonly landed: readonly { readonly title: string; readonly task: string }[];
};

/** The commit against which a job's changes are computed. */
export const findComparedCommit = ({ baseCommit, conflict }: JobSpec): Sha => conflict?.merge ?? baseCommit;

/** Whether commands do all the work, without an agent. */
export const isCommandOnly = ({ step, conflict }: JobSpec): boolean =>
  conflict === null ? Boolean(step?.run) : conflict.conflicts.every(({ path }) => conflict.regenerated.includes(path));

/** The preparation as a part of the job. */
export const listPreparation = ({ prepared }: JobSpec): JobPhase[] => (prepared ? [{ kind: "prepare", ...prepared, passed: true }] : []);

/** The files that the steps of one job share, outside the workspace. */
export const toJobPaths = (temp: string) => ({
  root: `${temp}/enki`,
  clone: `${temp}/enki/clone.git`,
  mailClone: `${temp}/enki/news.git`,
  spec: `${temp}/enki/job.json`,
  /** The only directory beside the workspace that foreign code reaches. */
  reach: `${temp}/enki/agent`,
  socket: `${temp}/enki/agent/tools.sock`,
  /** Holds the texts if they cannot be placed in the workspace. */
  texts: `${temp}/enki/agent/texts`,
  bundle: `${temp}/enki/bundle`,
});
