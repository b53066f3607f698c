import type { ArchivedExecution, ArchiveSubject } from "./archived-execution.ts";
import {
  type TaskId,
  type Sha,
  type Login,
  type BranchName,
  type Millis,
  type ExecutionId,
  type StepId,
  toCanonicalJson,
  type RefName,
} from "./ids.ts";
import type {
  Check,
  MergeMethod,
  RepositoryPermission,
  Review,
  Pull,
  RunArtifactInfo,
  WorkflowRunInfo,
  BranchRules,
  GitHubComment,
  ActionsWorkflowFile,
  MergeQueuePosition,
} from "./github-facts.ts";
import type { BriefComments, Brief } from "./brief.ts";
import type { PullDiscussion } from "./feedback.ts";
import type { BacklogItem } from "./backlog-item.ts";
import type { BundleRules } from "../policy/check-bundle.ts";
import type { Conflict } from "./conflict.ts";
import type { Refusal } from "./refusal.ts";
import type { RevertedLanding } from "./reverted-landing.ts";
import type { StepState } from "./step.ts";
import type { StepHistory } from "./step-history.ts";
import type { TamperingFinding } from "./tampering.ts";

/**
 * One merge of a candidate: `head` merged into the commit before, with fixed dates and this message.
 * `needs` are the tasks whose work the head contains: if a chain leaves one of them out, it leaves this merge out too.
 */
export type ChainMerge = { readonly task: TaskId; readonly head: Sha; readonly message: string; readonly needs: readonly TaskId[] };
/** Result of one merge in a chain. A conflicting merge is left out, and the chain continues without it. */
export type ChainLink =
  | { readonly kind: "merged"; readonly commit: Sha; readonly tree: Sha }
  | { readonly kind: "conflict"; readonly paths: readonly string[] }
  | { readonly kind: "left-out" };
/** A fact that a decision requests. A list costs one request, whatever the number of steps. */
export type Query =
  | { readonly kind: "permission"; readonly login: Login }
  | { readonly kind: "reviews"; readonly pull: number }
  /** A comment on an issue or pull request as it is now. */
  | { readonly kind: "comment"; readonly comment: number }
  /** The people who pushed to a branch, whose tip is `head`. */
  | { readonly kind: "pushers"; readonly branch: string; readonly head: Sha }
  /** Reviews, line comments and comments of a pull request. */
  | { readonly kind: "feedback"; readonly pull: number }
  | { readonly kind: "pulls" }
  /** The head of a pull request, also from a fork, fetched into the clone. */
  | { readonly kind: "pull-head"; readonly pull: number }
  | { readonly kind: "runs" }
  /** One run of Actions, by its id. */
  | { readonly kind: "run"; readonly run: number }
  /** The artifact that a run uploads before it delivers a result. */
  | { readonly kind: "result-artifact"; readonly run: number; readonly result: Sha }
  | { readonly kind: "rules"; readonly baseBranch: BranchName }
  /** Merge methods that the repository's settings allow. */
  | { readonly kind: "merge-methods" }
  /** Actions workflow files at a commit. */
  | { readonly kind: "workflow-files"; readonly commit: Sha }
  | { readonly kind: "queue-entry"; readonly pull: number }
  /** Check runs and statuses. */
  | { readonly kind: "checks"; readonly commit: Sha }
  /** Open backlog issues, newest first. */
  | { readonly kind: "backlog" }
  /**
   * The brief of one command; later edits do not change it.
   * `comment`: id of the comment that contains the command, null for other sources.
   */
  | {
      readonly kind: "brief";
      readonly command: string;
      readonly issue: number;
      readonly onPullRequest: boolean;
      readonly asOf: Millis;
      readonly comment: number | null;
      readonly comments: BriefComments;
      readonly maxChars: number;
    }
  /** A result's changed files, committed on `baseCommit` and rebased onto `onto` by a three-way merge. */
  | {
      readonly kind: "work";
      readonly result: Sha;
      readonly baseCommit: Sha;
      readonly onto: Sha;
      readonly message: string;
    }
  /** A head's own changes since `forkPoint`, as commits on `onto`. Nothing else of the head is included. */
  | { readonly kind: "rebase-commits"; readonly head: Sha; readonly forkPoint: Sha; readonly onto: Sha; readonly message: string }
  /** The newest commit of a base branch that a head contains: the first match among abandoned tips, otherwise among the ancestors of `tip`. */
  | { readonly kind: "newest-base"; readonly head: Sha; readonly tip: Sha; readonly abandonedTips: readonly Sha[] }
  /** Heads merged onto a commit, in order. */
  | { readonly kind: "merge-chain"; readonly onto: Sha; readonly merges: readonly ChainMerge[] }
  /** Conflicts of a head with a base. With `forkPoint`, only the head's changes since then count. */
  | { readonly kind: "conflicts"; readonly onto: Sha; readonly head: Sha; readonly forkPoint?: Sha }
  /**
   * A conflict resolution as a merge commit of head and base, in this order: automatic merges plus the files of a result.
   * Paths in `regenerated` that the result lacks keep the base's version.
   * With `forkPoint`, only the head's changes since then count, and the base is the only parent.
   */
  | {
      readonly kind: "resolution";
      readonly result: Sha;
      readonly onto: Sha;
      readonly head: Sha;
      readonly regenerated: readonly string[];
      readonly message: string;
      /** Paths of the result that commands may have deleted: their deletion is not checked. */
      readonly generated?: readonly string[];
      readonly forkPoint?: Sha;
    }
  /** Whether the files of a result follow the rules of the default branch. */
  | { readonly kind: "result-files"; readonly result: Sha; readonly rules: BundleRules }
  /** Tampering in a head. Only changes against each commit of `onto` count. */
  | { readonly kind: "tampering"; readonly head: Sha; readonly onto: readonly Sha[] }
  /** A head with the given files as they were before it, as a commit on it. `onto`: as for tampering. */
  | {
      readonly kind: "trial";
      readonly head: Sha;
      readonly onto: readonly Sha[];
      readonly paths: readonly string[];
      readonly message: string;
    }
  /** Times and costs of finished steps in a commit of the archive. */
  | { readonly kind: "history"; readonly archive: Sha }
  /** Executions in a commit of the archive that landed work and concern a command, oldest first. */
  | ({ readonly kind: "landed-archive"; readonly archive: Sha } & ArchiveSubject)
  /** Final step states of an archived execution; null if the archive does not contain it. */
  | { readonly kind: "archived"; readonly execution: ExecutionId }
  /**
   * The first commit between `onto` and `tip` that contains a head.
   * With `method`, also the commit that GitHub created by a squash or a rebase, which does not contain the head.
   */
  | { readonly kind: "merge-of"; readonly head: Sha; readonly onto: Sha; readonly tip: Sha; readonly method?: MergeMethod }
  /**
   * Reattaches a head to a commit that has the work of `excludedHeads` in other commits: a merge with only the head's changes on top of `excludedHeads`,
   * so that no commit of the head is lost. If `linear`, one commit without the merge.
   */
  | {
      readonly kind: "reattach";
      readonly head: Sha;
      readonly excludedHeads: readonly Sha[];
      readonly onto: Sha;
      readonly message: string;
      readonly linear: boolean;
    }
  /** A commit on `tip` that reverts a merge; null if the revert conflicts. */
  | { readonly kind: "revert"; readonly merge: Sha; readonly tip: Sha; readonly message: string }
  /** A commit on `onto` that reverts the landing of a step. */
  | { readonly kind: "landing-revert"; readonly landing: RevertedLanding; readonly onto: Sha; readonly message: string }
  /** Whether `tip` contains `commit`. */
  | { readonly kind: "contains"; readonly commit: Sha; readonly tip: Sha };
export type QueryKind = Query["kind"];
export type QueryAnswers = {
  permission: RepositoryPermission;
  reviews: readonly Review[];
  /** `null` if GitHub does not show the comment. */
  comment: GitHubComment | null;
  /** `null` if GitHub does not know who pushed the head. */
  pushers: readonly Login[] | null;
  feedback: PullDiscussion;
  pulls: readonly Pull[];
  /** `null` if GitHub does not show it. */
  "pull-head": Sha | null;
  runs: readonly WorkflowRunInfo[];
  /** `unreadable` if GitHub does not show it. */
  run: WorkflowRunInfo | "missing" | "unreadable";
  "result-artifact": RunArtifactInfo | "missing" | "unreadable";
  rules: BranchRules;
  /** `null` if GitHub does not show the settings. */
  "merge-methods": readonly MergeMethod[] | null;
  "workflow-files": readonly ActionsWorkflowFile[];
  "queue-entry": MergeQueuePosition;
  checks: readonly Check[];
  backlog: readonly BacklogItem[];
  /** `refused` with GitHub's message if GitHub does not show the issue. */
  brief: { readonly kind: "read"; readonly brief: Brief } | { readonly kind: "refused"; readonly reason: string };
  work:
    | { readonly kind: "commit"; readonly commit: Sha }
    | { readonly kind: "unchanged" }
    | { readonly kind: "conflict"; readonly paths: readonly string[] };
  "rebase-commits": QueryAnswers["work"];
  "newest-base": Sha | null;
  /** One link for each requested merge. */
  "merge-chain": readonly ChainLink[];
  conflicts: readonly Conflict[];
  resolution:
    | { readonly kind: "commit"; readonly commit: Sha }
    /** Paths with a conflict marker that neither side has. */
    | { readonly kind: "markers"; readonly paths: readonly string[] }
    /** Deleted paths that neither side deleted. */
    | { readonly kind: "deletions"; readonly paths: readonly string[] }
    /** Paths that exclude each other in a tree. */
    | { readonly kind: "clash"; readonly paths: readonly string[] };
  /** `null` if the files follow the rules. */
  "result-files": Refusal | null;
  tampering: readonly TamperingFinding[];
  /** `onto`: the commit that the head's changes are counted from. `unchanged`: the files already are as they were before. */
  trial:
    | { readonly kind: "commit"; readonly commit: Sha; readonly onto: Sha }
    | { readonly kind: "unchanged" }
    /** A file mixes code and tests, so it cannot be put back without its code. */
    | { readonly kind: "inseparable"; readonly path: string };
  history: StepHistory;
  "landed-archive": readonly ArchivedExecution[];
  archived: Readonly<Record<StepId, StepState>> | null;
  "merge-of": { readonly commit: Sha; readonly tree: Sha } | null;
  reattach: QueryAnswers["work"];
  revert: Sha | null;
  "landing-revert":
    /** `parent` is `onto`, or, after a conflict with later changes, the commit that landed the step. */
    | { readonly kind: "commit"; readonly commit: Sha; readonly parent: Sha }
    /** `onto` does not contain the changes. */
    | { readonly kind: "unchanged" }
    /** Git does not show which commits landed. */
    | { readonly kind: "unknown" };
  contains: boolean;
};
export type QueryFact = {
  [K in QueryKind]: {
    readonly kind: K;
    readonly query: Extract<Query, { kind: K }>;
    readonly answer: QueryAnswers[K];
  };
}[QueryKind];
/** Facts by the canonical JSON of their query. */
export type QueryFacts = ReadonlyMap<string, QueryFact>;
export const toQueryKey = (query: Query): string => toCanonicalJson(query);
/** The fetched refs: branches, tasks, candidates, results, attempts. */
export type RepositoryRefs = Readonly<Record<RefName, Sha>>;
