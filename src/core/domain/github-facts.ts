import type { Login, Sha, Millis, BranchName } from "./ids.ts";

export type RepositoryPermission = "admin" | "write" | "read" | "none";

const PERMISSION_ORDER: readonly RepositoryPermission[] = ["none", "read", "write", "admin"];

/** Whether a permission includes another one. */
export const includesPermission = (given: RepositoryPermission, needed: RepositoryPermission): boolean =>
  PERMISSION_ORDER.indexOf(given) >= PERMISSION_ORDER.indexOf(needed);
export type Review = {
  readonly id: number;
  readonly by: Login;
  readonly bot: boolean;
  readonly verdict: "approved" | "changes-requested" | "dismissed" | "commented";
  readonly head: Sha;
  readonly at: Millis;
  readonly text: string;
};
export type Pull = {
  readonly number: number;
  readonly title?: string;
  readonly headRef: string;
  readonly head: Sha;
  readonly baseBranch: BranchName;
  readonly state: "open" | "closed" | "merged";
  readonly draft: boolean;
  readonly labels: readonly string[];
  /** `false` if nothing happened since the pull request was opened, so that it has no review. */
  readonly hasActivity: boolean;
};
export type WorkflowRunInfo = {
  readonly id: number;
  /** Without the title that `enki-step.yml` appends. */
  readonly name: string;
  readonly state: "waiting" | "running" | "done";
  readonly conclusion: string | null;
  /** The workflow file, as a path of the repository. */
  readonly file: string;
  readonly event: string;
  /** The branch or tag that the workflow file was read from, without `refs/heads/`, and its commit. */
  readonly branch: string | null;
  readonly commit: Sha;
  /** Whether the workflow file is from another repository. */
  readonly fork: boolean;
  readonly startedBy: Login;
  /** Who started the present attempt: another person than `startedBy` after a re-run. */
  readonly lastStartedBy: Login;
  /** 1 for a run that nobody ran again. */
  readonly attempt: number;
  /** Time of the last change of the run or one of its jobs. */
  readonly updatedAt: Millis;
};
/** An artifact of a run, with the branch and the commit of that run. */
export type RunArtifactInfo = { readonly id: number; readonly run: number; readonly branch: string | null; readonly commit: Sha | null };
/** Context of Enki's own commit status on candidates and heads. */
export const ENKI_STATUS_CONTEXT = "enki/refinery";
/** A required check by name, and by the app's slug or id if the reporter matters. The name `*` requires all reported checks. */
export type RequiredCheck = { readonly name: string; readonly app: string | null };
/** A check run or commit status. `state` is GitHub's word: the conclusion once there is one. Times are GitHub's. */
export type Check = {
  readonly id: number;
  readonly name: string;
  readonly app: { readonly id: number | null; readonly slug: string } | null;
  readonly state: string;
  readonly startedAt: Millis;
  /** Time of the last report. */
  readonly updatedAt: Millis;
};
/**
 * `exact` pushes the verified commit. `each` merges pull requests one at a time. `batch` merges one pull request with the whole candidate.
 * `queue` adds pull requests to GitHub's merge queue.
 */
export type LandingMode = "exact" | "each" | "batch" | "queue";
/** Position of a pull request in GitHub's merge queue. `group` is the commit that the queue checks. */
export type MergeQueuePosition =
  | { readonly kind: "queued"; readonly position: number; readonly group: Sha | null }
  | { readonly kind: "merged"; readonly commit: Sha }
  /** Never added, or removed for `reason`. */
  | { readonly kind: "out"; readonly reason: string | null }
  | { readonly kind: "unknown" };
/** GitHub's merge methods: a merge commit, one commit with all changes, or a copy of each commit on top of the base. */
export type MergeMethod = "merge" | "squash" | "rebase";
export const MERGE_METHODS: readonly MergeMethod[] = ["merge", "squash", "rebase"];
/** The readable rules of a branch. */
export type BranchRules = {
  /** `false` if GitHub does not show the rules. */
  readonly isReadable: boolean;
  readonly types: readonly string[];
  readonly checks: readonly RequiredCheck[];
  /** Approving reviews that a pull request needs. */
  readonly requiredReviews: number;
  /** `null` if every merge method is allowed. */
  readonly allowedMethods: readonly string[] | null;
};
/** A trigger of an Actions workflow with its branch filters; null for no filter. */
export type WorkflowTrigger = {
  readonly event: "push" | "pull_request" | "workflow_dispatch" | "merge_group";
  readonly branches: readonly string[] | null;
  readonly ignoredBranches: readonly string[] | null;
};
/** The checks reported by a workflow file, and their triggers. */
export type ActionsWorkflowFile = {
  readonly file: string;
  readonly triggers: readonly WorkflowTrigger[];
  readonly jobs: readonly string[];
  /** Enki's action as the file names it, if its owner is a placeholder. */
  readonly placeholder?: string;
};
/** Stands for rules that cannot be read. */
export const UNKNOWN_RULES: BranchRules = { isReadable: false, types: [], checks: [], requiredReviews: 0, allowedMethods: null };

/** A comment on an issue or a pull request. */
export type GitHubComment = {
  readonly id: number;
  readonly issue: number;
  /** Whether the issue is a pull request. */
  readonly onPull: boolean;
  readonly by: Login;
  readonly bot: boolean;
  readonly body: string;
  readonly created: Millis;
  readonly updated: Millis;
};

/** An event of an issue or pull request, by GitHub's name: `labeled`, `assigned` and others. */
export type IssueChange = {
  readonly id: number;
  readonly issue: number;
  readonly onPull: boolean;
  readonly action: string;
  readonly by: Login;
  readonly bot: boolean;
  readonly label: string | null;
  readonly assignee: Login | null;
  readonly at: Millis;
};
