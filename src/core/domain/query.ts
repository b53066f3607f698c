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
  WorkflowRunInfo,
  BranchRules,
  ActionsWorkflowFile,
  MergeQueuePosition,
} from "./github-facts.ts";
import type { BriefComments, Brief } from "./brief.ts";
import type { PullDiscussion } from "./feedback.ts";
import type { BacklogItem } from "./backlog-item.ts";
import type { Conflict } from "./conflict.ts";
import type { StepState } from "./step.ts";

/**
 * One merge on the way to a candidate: `head` merged into what came before, as a commit with fixed dates and this message.
 * It holds the work of `needs`: where one of these is in the same chain and was left out, so is it.
 */
export type ChainMerge = { readonly task: TaskId; readonly head: Sha; readonly message: string; readonly needs: readonly TaskId[] };
/** What became of a merge in a chain. What conflicts is left out, and the chain goes on without it. */
export type ChainLink =
  | { readonly kind: "merged"; readonly commit: Sha; readonly tree: Sha }
  | { readonly kind: "conflict"; readonly paths: readonly string[] }
  | { readonly kind: "left-out" };
/** A fact that a decision asks for. Lists cost one request, whatever the number of steps. */
export type Query =
  | { readonly kind: "permission"; readonly login: Login }
  | { readonly kind: "reviews"; readonly pull: number }
  /** What people wrote on a pull request: its reviews, comments on lines, and comments. */
  | { readonly kind: "feedback"; readonly pull: number }
  | { readonly kind: "pulls" }
  | { readonly kind: "runs" }
  | { readonly kind: "rules"; readonly baseBranch: BranchName }
  /** How the repository's settings let pull requests be merged. */
  | { readonly kind: "merge-methods" }
  /** The files of Actions workflows at a commit. */
  | { readonly kind: "workflow-files"; readonly commit: Sha }
  | { readonly kind: "queue-entry"; readonly pull: number }
  /** Check runs and statuses of a commit. */
  | { readonly kind: "checks"; readonly commit: Sha }
  /** The open issues of the backlog, newest first. */
  | { readonly kind: "backlog" }
  /**
   * What people wrote on an issue up to a command: one fact for each command, whatever is edited later.
   * `comment`: the comment that holds the command; null where it stands elsewhere.
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
  /** The work of a result as a commit on `onto`: its files on its base, carried to `onto` by a three-way merge. */
  | {
      readonly kind: "work";
      readonly result: Sha;
      readonly baseCommit: Sha;
      readonly onto: Sha;
      readonly message: string;
    }
  /** The own changes of a head, those since `from`, as commits on `onto`: nothing else that the head contains comes along. */
  | { readonly kind: "rebase-commits"; readonly head: Sha; readonly forkPoint: Sha; readonly onto: Sha; readonly message: string }
  /** The newest commit of a base that a head has in it: of tips that the base had and lost (the first that says something counts), else of its tip. */
  | { readonly kind: "newest-base"; readonly head: Sha; readonly tip: Sha; readonly abandonedTips: readonly Sha[] }
  /** A commit plus heads, merged in order. */
  | { readonly kind: "merge-chain"; readonly onto: Sha; readonly merges: readonly ChainMerge[] }
  /** Where a head conflicts with a base, and how; with `from` only what the head changed since that counts. */
  | { readonly kind: "conflicts"; readonly onto: Sha; readonly head: Sha; readonly forkPoint?: Sha }
  /**
   * A resolution as a merge commit of head and base, in this order: what merges by itself, and the files of a result.
   * Of conflicting paths in `anew` the base's side stands where the result has none.
   * With `from` only what the head changed since that counts, and the base is the only parent.
   */
  | {
      readonly kind: "resolution";
      readonly result: Sha;
      readonly onto: Sha;
      readonly head: Sha;
      readonly regenerated: readonly string[];
      readonly message: string;
      /** Paths of the result that commands may have removed: their deletion is not looked at. */
      readonly generated?: readonly string[];
      readonly forkPoint?: Sha;
    }
  /** How the steps of an execution ended that is in the archive; null where it is not there. */
  | { readonly kind: "archived"; readonly execution: ExecutionId }
  /**
   * The first commit after `onto` on the way to a tip that has a head in it.
   * With `method`, also the one that GitHub made of it by a squash or a rebase, which does not contain it.
   */
  | { readonly kind: "merge-of"; readonly head: Sha; readonly onto: Sha; readonly tip: Sha; readonly method?: MergeMethod }
  /**
   * A head on a commit that holds the work of `without` in other commits: merged with it, so that no commit of the head is lost,
   * with only what the head changed on top of `without`. Where it has to be `linear`, one commit with that.
   */
  | {
      readonly kind: "reattach";
      readonly head: Sha;
      readonly excludedHeads: readonly Sha[];
      readonly onto: Sha;
      readonly message: string;
      readonly linear: boolean;
    }
  /** A commit on a tip that takes a merge back; null where that conflicts. */
  | { readonly kind: "revert"; readonly merge: Sha; readonly tip: Sha; readonly message: string }
  /** Is the first commit contained in the second? */
  | { readonly kind: "contains"; readonly commit: Sha; readonly tip: Sha };
export type QueryKind = Query["kind"];
export type QueryAnswers = {
  permission: RepositoryPermission;
  reviews: readonly Review[];
  feedback: PullDiscussion;
  pulls: readonly Pull[];
  runs: readonly WorkflowRunInfo[];
  rules: BranchRules;
  /** Null where GitHub does not show them. */
  "merge-methods": readonly MergeMethod[] | null;
  "workflow-files": readonly ActionsWorkflowFile[];
  "queue-entry": MergeQueuePosition;
  checks: readonly Check[];
  backlog: readonly BacklogItem[];
  /** Refused where GitHub does not show the issue, in its words. */
  brief: { readonly kind: "read"; readonly brief: Brief } | { readonly kind: "refused"; readonly reason: string };
  work:
    | { readonly kind: "commit"; readonly commit: Sha }
    | { readonly kind: "unchanged" }
    | { readonly kind: "conflict"; readonly paths: readonly string[] };
  "rebase-commits": QueryAnswers["work"];
  "newest-base": Sha | null;
  /** One for each merge that was asked for. */
  "merge-chain": readonly ChainLink[];
  conflicts: readonly Conflict[];
  resolution:
    | { readonly kind: "commit"; readonly commit: Sha }
    /** Paths in which a marker is left that neither side has. */
    | { readonly kind: "markers"; readonly paths: readonly string[] }
    /** Deleted paths that neither side deleted. */
    | { readonly kind: "deletions"; readonly paths: readonly string[] }
    /** Paths that cannot be together in one tree. */
    | { readonly kind: "clash"; readonly paths: readonly string[] };
  archived: Readonly<Record<StepId, StepState>> | null;
  "merge-of": { readonly commit: Sha; readonly tree: Sha } | null;
  reattach: QueryAnswers["work"];
  revert: Sha | null;
  contains: boolean;
};
export type QueryFact = {
  [K in QueryKind]: {
    readonly kind: K;
    readonly query: Extract<Query, { kind: K }>;
    readonly answer: QueryAnswers[K];
  };
}[QueryKind];
/** Answers by the canonical JSON of their query. */
export type QueryFacts = ReadonlyMap<string, QueryFact>;
export const toQueryKey = (query: Query): string => toCanonicalJson(query);
/** The refs of the repository as they were fetched: branches, tasks, candidates, results, attempts. */
export type RepositoryRefs = Readonly<Record<RefName, Sha>>;
