import type { Account, Actor } from "./state.ts";

/** How a pull request left a merge queue, in GitHub's words. */
export type Removal = {
  readonly id: number;
  readonly reason: "MERGE" | "MERGE_CONFLICT" | "CI_FAILURE" | "CI_TIMEOUT" | "BRANCH_PROTECTIONS" | "MANUAL" | "DEQUEUED";
  readonly at: number;
  readonly by: Account;
};
/** A pull request in a merge queue. Its group is made on top of what is ahead of it: `head` on `base`. */
export type QueueEntry = {
  readonly id: number;
  readonly issue: number;
  readonly by: Actor;
  readonly at: number;
  /** The pull request's head then: who pushes takes it out. */
  readonly of: string;
  base: string | null;
  head: string | null;
  /** Ends the wait for its checks. */
  cancel: () => void;
};
