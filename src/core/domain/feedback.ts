import type { KnownPermission } from "./brief.ts";
import type { RemarkId } from "./event.ts";
import type { Login, Millis, Sha } from "./ids.ts";
import type { Review } from "./github-facts.ts";
import type { LineComment } from "./line-comment.ts";

/** What one person wrote at one time, without commands and without what a reader cannot see. */
export type PersonRemark = {
  readonly id: RemarkId;
  readonly by: Login;
  readonly permission: KnownPermission;
  readonly at: Millis;
  readonly text: string;
};

type ThreadLocation = Pick<LineComment, "path" | "line" | "startLine" | "side" | "hunk" | "outdated">;

/** Something that people want of a step: a review's text, a thread of comments on lines with all that was said in it, or a plain comment. */
export type FeedbackItem =
  | { readonly kind: "review"; readonly verdict: Review["verdict"]; readonly content: PersonRemark }
  | ({ readonly kind: "thread"; readonly thread: number; readonly content: readonly PersonRemark[] } & ThreadLocation)
  | { readonly kind: "remark"; readonly content: PersonRemark };

/** What an attempt of a step was given of what people said on its pull request. Stored when the attempt starts; it does not change. */
export type Feedback = {
  readonly pull: number;
  readonly at: Millis;
  /** In the order in which they were begun. An agent answers an item by its place, from 1. */
  readonly items: readonly FeedbackItem[];
  /** All that was read for this attempt and not for one before it, also what says nothing. */
  readonly readRemarks: readonly RemarkId[];
  /** Items, and replies in threads, that were left out because all together were too long. */
  readonly omittedCount: number;
  /** The ids of these: the next attempt reads them. Absent for none. */
  readonly unreadRemarks?: readonly RemarkId[];
};

/** What is written on a pull request, as GitHub has it. Bots are heard only in threads that people take part in. */
export type PullDiscussion = {
  readonly reviews: readonly (PersonRemark & { readonly verdict: Review["verdict"]; readonly head: Sha })[];
  /** Oldest first. */
  readonly lineComments: readonly (PersonRemark & ThreadLocation & { readonly thread: number; readonly byPerson: boolean })[];
  readonly remarks: readonly PersonRemark[];
  /** Threads that somebody resolved. */
  readonly resolvedThreads: readonly number[];
};

export const EMPTY_DISCUSSION: PullDiscussion = { reviews: [], lineComments: [], remarks: [], resolvedThreads: [] };
