import type { AgentCommand } from "./agent-command.ts";
import type { BudgetConfig } from "./budget.ts";
import type { BriefComments } from "./brief.ts";
import type { Tier } from "./plan.ts";
import type { LandingMode, MergeMethod, RequiredCheck } from "./github-facts.ts";

/** The behaviour of an agent. */
export type Role = {
  readonly name: string;
  readonly label: string;
  readonly description: string;
  readonly systemPrompt: string;
  readonly canEdit: boolean;
  readonly output: "branch" | "artifact";
};

/** `.enki/enki.toml` after the cascade, defaults filled in. Times in milliseconds. */
export type Config = {
  readonly workers: { readonly total: number; readonly tiers: Readonly<Record<Tier, number>> };
  readonly agents: Readonly<Record<"planner" | "worker" | "merger" | "sidecar", AgentCommand>>;
  readonly tiers: Readonly<Record<Tier, { readonly model: string | null; readonly timeoutMs: number }>>;
  /** Models that workflows may name: the tiers' models and the listed ones. `null` if none is configured, so any name is accepted. */
  readonly models: readonly string[] | null;
  readonly refinery: {
    /** Commands that verify a candidate, each run by `bash -c` in a fresh checkout. */
    readonly verify: readonly string[];
    readonly timeoutMs: number;
    /** Globs of the JUnit XML reports that verify commands write. */
    readonly testReports: readonly string[];
    /** Corrections after a red check in the agent's own job. Absent in decisions of earlier versions. */
    readonly checkWork?: number;
    /** `null` to learn it. */
    readonly parallel: number | null;
    /** Red runs a step may have before its item leaves the queue. */
    readonly retries: number;
    /** `null` for the default branch. */
    readonly baseBranch: string | null;
    /** Checks required on a candidate, in addition to those of the branch rules. */
    readonly checks: readonly RequiredCheck[];
    /** If all checks are required (`*`): the checks count as complete after this time without a report. */
    readonly quietMs: number;
    /** `auto` chooses the mode by the branch rules. */
    readonly landing: LandingMode | "auto";
    /** `auto` takes the first allowed of merge commit, squash and rebase. */
    readonly method: MergeMethod | "auto";
    /** Actions workflows to start after a landing, because a push by `GITHUB_TOKEN` starts none. */
    readonly after: readonly string[];
    /** Labels that keep Enki's pull requests from landing. */
    readonly hold: readonly string[];
    /** Globs of paths that a conflict resolution may change beside the conflicting files. */
    readonly resolveAlso: readonly string[];
    /** Globs of the parts of the repository whose steps do not wait for each other, by name; the first that holds all paths of a step counts. Absent without lanes. */
    readonly lanes?: Readonly<Record<string, readonly string[]>>;
    /** Commands that regenerate files instead of merging them, such as lock files, by glob. */
    readonly regenerate: Readonly<Record<string, string>>;
  };
  /** Names of variables that verify commands receive. Absent in decisions that earlier versions stored. */
  readonly jobs?: { readonly env: readonly string[] };
  readonly plan: { readonly approval: "always" | "never"; readonly maxSteps: number };
  readonly policy: {
    /** Globs of paths that no step may change, the built-in ones included. */
    readonly protected: readonly string[];
    /** Whether lock files may change without their manifest. */
    readonly anyLockFiles: boolean;
    readonly maxFiles: number;
    /** Who may approve a checkpoint alone. */
    readonly selfApproval: readonly ("requester" | "pusher")[];
    readonly maxBytes: number;
    /**
     * What steps with tampering findings need: `checkpoint` for an approval, `allow` for none. Absent in decisions that earlier versions
     * stored.
     */
    readonly tests?: "checkpoint" | "allow";
    /** Hosts and words of `[policy] network`; absent for the default of the place where the job runs. */
    readonly network?: readonly string[];
  };
  readonly brief: {
    readonly comments: BriefComments;
    /** Limit for comments and files; title, body and request are always complete. */
    readonly maxChars: number;
  };
  readonly triggers: {
    /** A person starts an issue by setting this label; empty for none. */
    readonly label: string;
  };
  readonly git: { readonly commitSuffix: string };
  /** Absent in decisions that earlier versions stored. */
  readonly budget?: BudgetConfig;
  /** `webhook`: an address, or the name of a variable that holds one. `secret`: the name of a variable with the key of the signature. */
  /** Absent in decisions that earlier versions stored. */
  readonly notify?: { readonly webhook: string | null; readonly secret: string | null };
  readonly roles: Readonly<Record<string, Role>>;
  /** Workflow files by workflow name. */
  readonly workflows: Readonly<Record<string, { readonly path: string; readonly text: string }>>;
  /** The fault in `enki.toml`, with its place. While set, protected paths and verification are unknown, so no job starts and no result is accepted. */
  readonly broken: string | null;
};
