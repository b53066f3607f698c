import type { Brief } from "../domain/brief.ts";
import type { MicroUsd } from "../domain/budget.ts";
import type { PlannedStep, Tier } from "../domain/plan.ts";
import type { ConflictInput } from "./conflict-prompt.ts";
import type { FeedbackInput } from "./feedback-section.ts";

/** A proposed plan and the requested change. */
export type RevisionInput = {
  readonly text: string;
  /** Earlier requests that the plan already includes, oldest first. */
  readonly earlierRequests: readonly string[];
  readonly steps: readonly PlannedStep[];
};

/** The limits that a plan's steps will have. */
export type PlanLimits = {
  readonly tierMs: Readonly<Record<Tier, number>>;
  /** What the execution may cost, and what each attempt of an agent reserves of it; absent without a budget. */
  readonly money?: { readonly cap: MicroUsd; readonly attempt: MicroUsd };
  /** How many changes are verified at the same time; absent if Enki learns it. */
  readonly parallel?: number;
};

/** Everything in a prompt. Texts by authors (a role, a workflow's section, an approved task) are instructions; all other texts are data. */
export type PromptInput = {
  readonly kind: "plan" | "work" | "resolve";
  /** A word that no author of a text in the prompt could know. It marks blocks with data. */
  readonly nonce: string;
  readonly request: string;
  /** `null` if the issue was not read. */
  readonly brief: Brief | null;
  /** The request for an amendment; null for any other job. */
  readonly amendment: string | null;
  /** Present for a revision of a proposed plan. */
  readonly revision?: RevisionInput | undefined;
  /** The role's instructions; null for a worker without a role. */
  readonly role: string | null;
  readonly step: {
    readonly id: string;
    readonly title: string;
    readonly task: string;
    readonly checkpoint: boolean;
    /** Globs of paths that the step may change; empty for all. */
    readonly paths: readonly string[];
  } | null;
  /** The name of the step's workflow; null for a planned step. */
  readonly workflow: string | null;
  /** The steps of the whole plan, in order; empty before there is a plan. */
  readonly plan: readonly { readonly id: string; readonly title: string; readonly state: string }[];
  readonly upstream: readonly UpstreamStep[];
  readonly artifacts: readonly { readonly step: string; readonly text: string }[];
  /** Directory of the complete texts of earlier steps, named `<step>.md`; null without texts. */
  readonly texts: string | null;
  /** The file with the issue's texts, for a role whose prompt does not include them; otherwise null. */
  readonly issue: string | null;
  /** Oldest first. */
  readonly mails: readonly PromptMail[];
  /** Feedback on an earlier attempt; null if none was read. */
  readonly feedback: FeedbackInput | null;
  readonly lastFailure: string | null;
  /** The interrupted previous attempt; absent without one. */
  readonly interrupted?: {
    /** Its result in the clone. */
    readonly ref: string;
    readonly files: "restored" | "apart" | "none";
    readonly transcriptEnd: string;
    /** Whether the prompt continues its session. */
    readonly isContinued?: boolean;
  };
  /** The earlier attempt's work, as a ref in the clone of the working directory. */
  readonly earlier: { readonly kind: "head" | "result"; readonly name: string } | null;
  /** `null` unless the job resolves a conflict. */
  readonly conflict: ConflictInput | null;
  readonly canEdit: boolean;
  /** Whether the agent is a worker, which reports and receives mail. */
  readonly canAsk: boolean;
  /** The file for the report, or null for the last message, if the step delivers a report. `null` if the step changes files. */
  readonly report: { readonly path: string | null } | null;
  /** Allowed tools of the agent, by the agent's names; null for all. */
  readonly tools: readonly string[] | null;
  /** Verification commands. */
  readonly verify: readonly string[];
  /** Time limit of the agent. */
  readonly timeoutMs: number;
  /** What the agent's attempt may cost, in US dollars; absent without a budget. */
  readonly maxCostUsd?: number;
  /** For a planner; absent for any other agent. */
  readonly limits?: PlanLimits;
  readonly roles: readonly {
    readonly name: string;
    readonly description: string;
    readonly canEdit: boolean;
    readonly output: "branch" | "artifact";
  }[];
  readonly maxSteps: number;
  /** Globs of files that no step may change. */
  readonly protectedPaths: readonly string[];
};

type UpstreamStep = {
  /** `null` without a text. */
  readonly name: string | null;
  readonly title: string;
  readonly output: string;
};

type PromptMail = {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly body: string;
  readonly type: string;
  readonly status: string;
};
