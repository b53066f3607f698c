import type { ForgeAccount, RequestActor } from "./forge-actor.ts";

/** How a pull request left a merge queue, in GitHub's words. */
export type QueueRemoval = {
  readonly id: number;
  readonly reason: "MERGE" | "MERGE_CONFLICT" | "CI_FAILURE" | "CI_TIMEOUT" | "BRANCH_PROTECTIONS" | "MANUAL" | "DEQUEUED";
  readonly at: number;
  readonly by: ForgeAccount;
};
/** A pull request in a merge queue. Its group is made on top of what is ahead of it: `head` on `base`. */
export type MergeQueueEntry = {
  readonly id: number;
  readonly issue: number;
  readonly enqueuer: RequestActor;
  readonly enqueuedAt: number;
  /** The pull request's head then: who pushes takes it out. */
  readonly enqueuedHead: string;
  groupBase: string | null;
  groupHead: string | null;
  /** Ends the wait for its checks. */
  cancel: () => void;
};
