import type { ForgeAccount, RequestActor } from "./forge-actor.ts";

/** GitHub's reason why a pull request left a merge queue. */
export type QueueRemoval = {
  readonly id: number;
  readonly reason: "MERGE" | "MERGE_CONFLICT" | "CI_FAILURE" | "CI_TIMEOUT" | "BRANCH_PROTECTIONS" | "MANUAL" | "DEQUEUED";
  readonly at: number;
  readonly by: ForgeAccount;
};
/**
 * A pull request in a merge queue. Its merge group `groupHead` is built on `groupBase`, the head of the group ahead
 * of it.
 */
export type MergeQueueEntry = {
  readonly id: number;
  readonly issue: number;
  readonly enqueuer: RequestActor;
  readonly enqueuedAt: number;
  /** The head when it was queued. A push to the pull request removes it from the queue. */
  readonly enqueuedHead: string;
  groupBase: string | null;
  groupHead: string | null;
  /** Stops the timeout of its checks. */
  cancel: () => void;
};
