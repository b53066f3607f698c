import type { ForgeAccount } from "./forge-actor.ts";
import type { QueueRemoval } from "./merge-queue-entry.ts";
import type { DiffSize } from "./commit-operations.ts";
import type { DiffSide } from "./relocate-range.ts";
import type { EmojiReaction } from "./emoji-reaction.ts";

export type PullRequest = {
  readonly headRef: string;
  head: string;
  baseRef: string;
  baseSha: string;
  draft: boolean;
  merged: { readonly at: number; readonly by: ForgeAccount; readonly commit: string } | null;
  readonly reviews: SubmittedReview[];
  /** Reviews that are not submitted; only their authors see them. */
  readonly pending: PendingReview[];
  /** Review threads on its diff. */
  readonly threads: ReviewThread[];
  readonly removals: QueueRemoval[];
  /** People whose requested review is missing. */
  requestedReviewers: ForgeAccount[];
  /** The size when the head or the base last changed. */
  size: DiffSize;
};
export type SubmittedReview = {
  readonly id: number;
  readonly by: ForgeAccount;
  state: string;
  body: string;
  readonly commit: string;
  readonly at: number;
  /** The time of the last edit. */
  edited?: number;
};
/**
 * The current lines of a thread; a null place means that they are no longer part of the diff. A comment on a whole
 * file has no lines.
 */
type ThreadPlace = { readonly line: number; readonly startLine: number | null; readonly position: number };
/** Comments on the same lines of a diff: the first and the replies to it. */
export type ReviewThread = {
  readonly id: number;
  readonly path: string;
  readonly subject: "line" | "file";
  readonly side: DiffSide;
  readonly startSide: DiffSide | null;
  readonly original: ThreadPlace & { readonly commit: string };
  readonly hunk: string;
  /** The head commit that {@link place} refers to. */
  commit: string;
  place: ThreadPlace | null;
  resolvedBy: ForgeAccount | null;
  readonly comments: ReviewComment[];
};
export type ReviewComment = {
  readonly id: number;
  readonly review: number;
  readonly by: ForgeAccount;
  body: string;
  readonly created: number;
  updated: number;
  /** The time when its review was submitted. */
  published: number;
  /** The time of the last edit. */
  edited?: number;
  readonly reactions: EmojiReaction[];
};
/** A review in progress. Its comments exist before it is submitted and become part of the pull request afterwards. */
export type PendingReview = Pick<SubmittedReview, "id" | "by" | "body" | "commit"> & { readonly threads: readonly ReviewThread[] };
