/**
 * Kinds of answers that share a comment on an issue: help and refusals of mistyped commands, and graphs. Each answer replaces the previous
 * answer of its kind.
 */
export type SharedReply = "hint" | "graph";

const KEY_START = "write-comment:shared/";

export const toSharedReplyKey = (kind: SharedReply, issue: number): `write-comment:${string}` => `${KEY_START}${kind}/${issue}`;

/** Whether an effect writes a shared comment. GitHub may have its earlier answers although the ledger forgot them. */
export const isSharedReplyKey = (key: string): boolean => key.startsWith(KEY_START);
