/** Answers of one kind on one issue that share a comment: help and refusals of mistyped commands, and graphs. Each answer replaces the one before. */
export type SharedReply = "hint" | "graph";

const KEY_START = "write-comment:shared/";

export const toSharedReplyKey = (kind: SharedReply, issue: number): `write-comment:${string}` => `${KEY_START}${kind}/${issue}`;

/** Whether an effect writes a shared comment. GitHub may have its earlier answers although the ledger forgot them. */
export const isSharedReplyKey = (key: string): boolean => key.startsWith(KEY_START);
