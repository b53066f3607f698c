export const OUTCOME_KINDS = ["done", "nothing-to-do", "failed", "blocked"] as const;
export type OutcomeKind = (typeof OUTCOME_KINDS)[number];

/** An agent's report about its work. The reason is empty only for `done`. */
export type Outcome = { readonly kind: OutcomeKind; readonly reason: string };

/** An agent's reply to a review comment: the work addresses the remark, or the text explains why not. */
export type ThreadReply = { readonly comment: number; readonly addressed: boolean; readonly text: string };

/** Limit for a reason and for a reply to a review comment. */
export const MAX_REASON_CHARS = 5_000;
export const MAX_THREAD_REPLIES = 200;
