export const OUTCOME_KINDS = ["done", "nothing-to-do", "failed", "blocked"] as const;
export type OutcomeKind = (typeof OUTCOME_KINDS)[number];

/** What an agent says that its work came to. The reason is empty only for `done`. */
export type Outcome = { readonly kind: OutcomeKind; readonly reason: string };

/** An agent's answer to a review comment: the work addresses it, or the text says why not. */
export type ThreadReply = { readonly comment: number; readonly addressed: boolean; readonly text: string };

/** The longest reason and the longest answer to a review comment, in characters; and how many of those a job may give. */
export const MAX_REASON_CHARS = 5_000;
export const MAX_THREAD_REPLIES = 200;
