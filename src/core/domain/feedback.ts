import type { KnownPermission } from "./brief.ts";
import type { RemarkId } from "./event.ts";
import type { Login, Millis, Sha } from "./ids.ts";
import type { Review } from "./github-facts.ts";
import type { LineComment } from "./line-comment.ts";

/** A text by a person, without commands and invisible parts. */
export type PersonRemark = {
  readonly id: RemarkId;
  readonly by: Login;
  readonly permission: KnownPermission;
  readonly at: Millis;
  readonly text: string;
};

type ThreadLocation = Pick<LineComment, "path" | "line" | "startLine" | "side" | "hunk" | "outdated">;

/** A review's text, a thread of line comments, or a plain comment. */
export type FeedbackItem =
  | { readonly kind: "review"; readonly verdict: Review["verdict"]; readonly content: PersonRemark }
  | ({ readonly kind: "thread"; readonly thread: number; readonly content: readonly PersonRemark[] } & ThreadLocation)
  | { readonly kind: "remark"; readonly content: PersonRemark };

/** The review remarks for an attempt. Stored when the attempt starts; never changed. */
export type Feedback = {
  readonly pull: number;
  readonly at: Millis;
  /** Oldest first. An agent refers to an item by its position, counted from 1. */
  readonly items: readonly FeedbackItem[];
  /** Remarks read for the present attempt and for no earlier attempt, including empty remarks. */
  readonly readRemarks: readonly RemarkId[];
  /** Number of items and replies left out because all together were too long. */
  readonly omittedCount: number;
  /** Ids of the omitted remarks, for the next attempt. Absent for none. */
  readonly unreadRemarks?: readonly RemarkId[];
};

/** The discussion of a pull request. Bots count only in threads with a person. */
export type PullDiscussion = {
  readonly reviews: readonly (PersonRemark & { readonly verdict: Review["verdict"]; readonly head: Sha })[];
  /** Oldest first. */
  readonly lineComments: readonly (PersonRemark & ThreadLocation & { readonly thread: number; readonly byPerson: boolean })[];
  readonly remarks: readonly PersonRemark[];
  /** Ids of resolved threads. */
  readonly resolvedThreads: readonly number[];
};

export const EMPTY_DISCUSSION: PullDiscussion = { reviews: [], lineComments: [], remarks: [], resolvedThreads: [] };
