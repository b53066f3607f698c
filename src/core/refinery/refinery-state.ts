import type { BranchName, Millis, Sha, TaskId } from "../domain/ids.ts";
import type { QueryAnswers, ChainMerge, Query } from "../domain/query.ts";
import type { Candidate, Queue } from "../domain/queue.ts";
import type { Refusal } from "../domain/refusal.ts";

/** A published head that wants to land. */
export type QueueEntrant = {
  readonly task: TaskId;
  readonly head: Sha;
  readonly message: string;
  /** What it needs and what has not landed: it is verified and lands on top of these only. */
  readonly needs: readonly TaskId[];
  /** Null when it may land; else why it is held. */
  readonly refusal: Refusal | null;
  /** True while its pull request is being opened: it is verified, and does not land yet. */
  readonly isOpeningPull?: boolean;
};

/** All that a plan is made from. */
export type RefineryState = {
  readonly now: Millis;
  readonly baseBranch: BranchName;
  readonly tip: Sha;
  readonly queue: Queue;
  readonly entrants: readonly QueueEntrant[];
  /** Verify jobs at the same time. */
  readonly parallel: number;
  /** Red runs that are forgiven: a step leaves the queue after one more. */
  readonly retries: number;
  /** Verify jobs in a row without a verdict before a candidate is given up. */
  readonly maxFaults: number;
  /** How long a verify job may take, in milliseconds. */
  readonly timeoutMs: Millis;
  /** True where a verdict for the same tree counts for another commit. */
  readonly reusesVerdicts: boolean;
  /** True where several steps may land in one push; else one at a time. */
  readonly landsTogether: boolean;
  /** True where GitHub merges: what may land is named, and stays in the queue until it has. */
  readonly mergedByGitHub?: boolean;
  /** False while a check that we report ourselves is not known to be there: the candidate lands a moment later. */
  readonly isReported?: (candidate: Candidate) => boolean;
  /** Verify jobs that a commit had before. */
  readonly attemptsOf: (commit: Sha) => number;
  /** A fact: heads merged onto a commit, in order; undefined until it is known. */
  readonly mergeChain: (query: Extract<Query, { kind: "merge-chain" }>) => QueryAnswers["merge-chain"] | undefined;
};

/** What the plan asks for beside moving refs. Each is given again as long as it holds. */
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
      /** The commit that was red last. */
      readonly failedCommit: Sha | null;
      readonly log: string;
      /** The other steps that were verified in that commit. */
      readonly failedWith: readonly TaskId[];
    }
  /** What GitHub is to merge now; given once, and not again while the queue has a landing under way. */
  | { readonly kind: "request-merge"; readonly candidate: Candidate }
  | { readonly kind: "resolve"; readonly task: TaskId; readonly head: Sha; readonly onto: Sha; readonly refusal: Refusal };

/** A ref that is set in the same push as the ledger. */
export type PlannedRef = { readonly kind: "base" | "candidate"; readonly commit: Sha };

export type RefineryPlan = {
  readonly queue: Queue;
  readonly refs: readonly PlannedRef[];
  readonly effects: readonly RefineryEffect[];
};

/** An entrant as one merge of a chain. */
export const toChainMerge = ({ task, head, message, needs }: QueueEntrant): ChainMerge => ({ task, head, message, needs });
