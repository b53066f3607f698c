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
  /** Reviews that are not submitted: only their authors see them. */
  readonly pending: PendingReview[];
  /** Comments on its diff, by what they answer. */
  readonly threads: ReviewThread[];
  readonly removals: QueueRemoval[];
  /** As it was when the head or the base was chosen last. */
  size: DiffSize;
};
export type SubmittedReview = {
  readonly id: number;
  readonly by: ForgeAccount;
  state: string;
  body: string;
  readonly commit: string;
  readonly at: number;
  /** When its text was changed last. */
  edited?: number;
};
/** Where a thread stands now; null where its lines are not part of the diff any more. A comment on a whole file has no lines. */
type ThreadPlace = { readonly line: number; readonly startLine: number | null; readonly position: number };
/** Comments on the same lines of a diff, the first of which the others answer. */
export type ReviewThread = {
  readonly id: number;
  readonly path: string;
  readonly subject: "line" | "file";
  readonly side: DiffSide;
  readonly startSide: DiffSide | null;
  readonly original: ThreadPlace & { readonly commit: string };
  readonly hunk: string;
  /** The head that {@link place} speaks of. */
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
  /** When its review was submitted. */
  published: number;
  /** When its text was changed last. */
  edited?: number;
  readonly reactions: EmojiReaction[];
};
/** A review that is being written. Its comments are created before it is submitted, and belong to the pull request from then on. */
export type PendingReview = Pick<SubmittedReview, "id" | "by" | "body" | "commit"> & { readonly threads: readonly ReviewThread[] };
