import type { KnownPermission } from "./brief.ts";
import type { RemarkId } from "./event.ts";
import type { Login, Millis, Sha } from "./ids.ts";
import type { Review } from "./query.ts";
import type { LineComment } from "./written.ts";

/** What one person wrote at one time, without commands and without what a reader cannot see. */
export type Saying = {
  readonly id: RemarkId;
  readonly by: Login;
  readonly permission: KnownPermission;
  readonly at: Millis;
  readonly text: string;
};

type ThreadLines = Pick<LineComment, "path" | "line" | "startLine" | "side" | "hunk" | "outdated">;

/** Something that people want of a step: a review's text, a thread of comments on lines with all that was said in it, or a plain comment. */
export type FeedbackItem =
  | { readonly kind: "review"; readonly verdict: Review["verdict"]; readonly said: Saying }
  | ({ readonly kind: "thread"; readonly thread: number; readonly said: readonly Saying[] } & ThreadLines)
  | { readonly kind: "remark"; readonly said: Saying };

/** What an attempt of a step was given of what people said on its pull request. Stored when the attempt starts; it does not change. */
export type Feedback = {
  readonly pull: number;
  readonly at: Millis;
  /** In the order in which they were begun. An agent answers an item by its place, from 1. */
  readonly items: readonly FeedbackItem[];
  /** All that was read for this attempt and not for one before it, also what says nothing. */
  readonly read: readonly RemarkId[];
  /** Items, and replies in threads, that were left out because all together were too long. */
  readonly left: number;
  /** The ids of these: the next attempt reads them. Absent for none. */
  readonly unread?: readonly RemarkId[];
};

/** What is written on a pull request, as GitHub has it. Bots are heard only in threads that people take part in. */
export type PullTalk = {
  readonly reviews: readonly (Saying & { readonly verdict: Review["verdict"]; readonly head: Sha })[];
  /** Oldest first. */
  readonly lines: readonly (Saying & ThreadLines & { readonly thread: number; readonly person: boolean })[];
  readonly remarks: readonly Saying[];
  /** Threads that somebody resolved. */
  readonly resolved: readonly number[];
};

export const NO_TALK: PullTalk = { reviews: [], lines: [], remarks: [], resolved: [] };
