import type { Login, Sha, Millis, BranchName } from "./ids.ts";

export type RepositoryPermission = "admin" | "write" | "read" | "none";
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
  readonly headRef: string;
  readonly head: Sha;
  readonly baseBranch: BranchName;
  readonly state: "open" | "closed" | "merged";
  readonly draft: boolean;
  readonly labels: readonly string[];
  /** False while nothing happened to it since it was opened: it has no review then. */
  readonly hasActivity: boolean;
};
export type WorkflowRunInfo = {
  readonly id: number;
  readonly name: string;
  readonly state: "waiting" | "running" | "done";
  readonly conclusion: string | null;
};
/** The name of our own status on candidates and heads. */
export const ENKI_STATUS_CONTEXT = "enki/refinery";
/** A check that has to be green: by name, and by the app's slug or id where it matters who says so. The name `*` stands for all that report. */
export type RequiredCheck = { readonly name: string; readonly app: string | null };
/** A check run or commit status, in GitHub's words: its conclusion once it has one. Times are GitHub's. */
export type Check = {
  readonly id: number;
  readonly name: string;
  readonly app: { readonly id: number | null; readonly slug: string } | null;
  readonly state: string;
  readonly startedAt: Millis;
  /** When it was last said to be so. */
  readonly updatedAt: Millis;
};
/**
 * `exact`: the verified commit is pushed. `each`: pull requests are merged one at a time. `batch`: one pull request with all of it is merged.
 * `queue`: pull requests are added to GitHub's merge queue.
 */
export type LandingMode = "exact" | "each" | "batch" | "queue";
/** Where a pull request stands in GitHub's merge queue. `group`: the commit that is checked there. */
export type MergeQueuePosition =
  | { readonly kind: "queued"; readonly position: number; readonly group: Sha | null }
  | { readonly kind: "merged"; readonly commit: Sha }
  /** Never in it, or removed for a reason. */
  | { readonly kind: "out"; readonly reason: string | null }
  | { readonly kind: "unknown" };
/** What GitHub makes of a pull request: a merge commit; one commit with all of it; or each of its commits once more, on top of the base. */
export type MergeMethod = "merge" | "squash" | "rebase";
export const MERGE_METHODS: readonly MergeMethod[] = ["merge", "squash", "rebase"];
/** The rules of a branch, as far as they can be read. */
export type BranchRules = {
  /** False where GitHub does not show them. */
  readonly isReadable: boolean;
  readonly types: readonly string[];
  readonly checks: readonly RequiredCheck[];
  /** Approving reviews that a pull request needs. */
  readonly requiredReviews: number;
  /** How pull requests may be merged; null for in any way. */
  readonly allowedMethods: readonly string[] | null;
};
/** What starts a workflow, with the branches that it is limited to; null for no limit. */
export type WorkflowTrigger = {
  readonly event: "push" | "pull_request" | "workflow_dispatch" | "merge_group";
  readonly branches: readonly string[] | null;
  readonly ignoredBranches: readonly string[] | null;
};
/** A workflow file as far as it says which checks it reports, under which names and on what. */
export type ActionsWorkflowFile = {
  readonly file: string;
  readonly triggers: readonly WorkflowTrigger[];
  readonly jobs: readonly string[];
};
/** What is taken for the rules of a branch that cannot be read. */
export const UNKNOWN_RULES: BranchRules = { isReadable: false, types: [], checks: [], requiredReviews: 0, allowedMethods: null };
