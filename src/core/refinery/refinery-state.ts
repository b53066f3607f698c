import type { Known } from "../domain/known.ts";
import type { BranchName, Millis, Sha, TaskId } from "../domain/ids.ts";
import type { QueryAnswers, ChainMerge, Query } from "../domain/query.ts";
import type { Candidate, Queue } from "../domain/queue.ts";
import type { Refusal } from "../domain/refusal.ts";

/** A published head that is ready to land. */
export type QueueEntrant = {
  readonly task: TaskId;
  readonly head: Sha;
  readonly message: string;
  /** Unlanded tasks among the dependencies. It is verified and lands on top of these only. */
  readonly needs: readonly TaskId[];
  /** The reason for holding it; null if it may land. */
  readonly refusal: Refusal | null;
  /** Whether its pull request is still being opened: verification runs, but the step does not land yet. */
  readonly isOpeningPull?: boolean;
  /** Whether a job resolves its conflict now. */
  readonly isBeingResolved?: boolean;
  /** Whether its execution's budget has no room for a job that resolves its conflict. */
  readonly isOutOfBudget?: boolean;
  /** Higher ranks are verified and land first; absent for 0. */
  readonly rank?: number;
  /** The time of its verify run depends on this; absent to keep the order of arrival. */
  readonly verifyKind?: string;
  /** The lane that holds all its paths; absent if none does. */
  readonly lane?: string;
  /** The files whose conflicts the head resolves. */
  readonly resolvedPaths?: readonly string[];
};

/** Everything that a plan depends on. */
export type RefineryState = {
  readonly now: Millis;
  readonly baseBranch: BranchName;
  readonly tip: Sha;
  readonly queue: Queue;
  readonly entrants: readonly QueueEntrant[];
  /** The largest number of verify jobs that may run at the same time. */
  readonly parallel: number;
  /** The number of verify jobs at the start; absent for `parallel`. */
  readonly firstParallel?: number;
  /** Whether a runner has started a verify job. Absent if starts are not observed. */
  readonly isStarted?: (commit: Sha, attempt: number) => Known<boolean>;
  /** Red runs that are tolerated. One more ejects the step. */
  readonly retries: number;
  /** Consecutive verify jobs without a verdict after which the queue freezes. */
  readonly maxFaults: number;
  /** Time limit of a verify job. */
  readonly timeoutMs: Millis;
  /** Whether a verdict also counts for other commits with the same tree. */
  readonly reusesVerdicts: boolean;
  /** Whether several steps may land in one push. */
  readonly landsTogether: boolean;
  /** Whether GitHub performs merges. The plan then requests the merge, and the steps stay in the queue until it appears on the base. */
  readonly mergedByGitHub?: boolean;
  /** Whether the checks that Enki reports itself are present on a candidate. A candidate without them lands later. */
  readonly isReported?: (candidate: Candidate) => boolean;
  /** Whether a resolution may contain heads that have not landed: not if GitHub rewrites commits when it merges. */
  readonly stacksResolutions: boolean;
  /** Whether a conflict behind others in its line is checked again only at its turn; absent in decisions of earlier versions. */
  readonly checksLineHeadsOnly?: boolean;
  /** Whether a candidate that needs no run is published, too; absent in decisions of earlier versions. */
  readonly publishesKnownTrees?: boolean;
  /** Number of verify jobs that were requested for a commit. */
  readonly attemptsOf: (commit: Sha) => number;
  /** A fact: heads merged onto a commit, in order. */
  readonly mergeChain: (query: Extract<Query, { kind: "merge-chain" }>) => Known<QueryAnswers["merge-chain"]>;
};

/** Requests of a plan besides ref moves. A request is repeated in every plan while it applies. */
export type RefineryEffect =
  | {
      readonly kind: "verify";
      readonly commit: Sha;
      readonly attempt: number;
      readonly notBefore: Millis;
      readonly tasks: readonly TaskId[];
    }
  | { readonly kind: "stop"; readonly commit: Sha; readonly attempt: number }
  | { readonly kind: "land"; readonly candidate: Candidate }
  | {
      readonly kind: "eject";
      readonly task: TaskId;
      readonly head: Sha;
      readonly refusal: Refusal;
      /** The commit of the last red run. */
      readonly failedCommit: Sha | null;
      readonly log: string;
      /** The other steps in that commit. */
      readonly failedWith: readonly TaskId[];
    }
  /** Asks GitHub to merge a candidate. Not repeated while the queue has a landing in progress. */
  | { readonly kind: "request-merge"; readonly candidate: Candidate }
  | {
      readonly kind: "resolve";
      readonly task: TaskId;
      readonly head: Sha;
      /** The base, with the heads ahead merged in. */
      readonly onto: Sha;
      /** Unlanded heads in `onto`, in the order of their landing. */
      readonly ahead: readonly { readonly task: TaskId; readonly head: Sha }[];
      readonly refusal: Refusal;
    };

/** A ref that moves in the same push as the ledger. */
export type PlannedRef = { readonly kind: "base" | "candidate"; readonly commit: Sha };

export type RefineryPlan = {
  readonly queue: Queue;
  readonly refs: readonly PlannedRef[];
  readonly effects: readonly RefineryEffect[];
};

export const toChainMerge = ({ task, head, message, needs }: QueueEntrant): ChainMerge => ({ task, head, message, needs });
