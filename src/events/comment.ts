import { parseComment } from "../commands/parse.ts";
import type { Event, Request } from "../model/event.ts";
import type { Login, Millis } from "../model/ids.ts";

export type CommentFields = {
  readonly id: number;
  readonly issue: number;
  /** True where that is a pull request. */
  readonly onPull: boolean;
  readonly by: Login;
  readonly bot: boolean;
  readonly body: string;
  readonly created: Millis;
  readonly updated: Millis;
};

/** The commands in a text that a person wrote: after `/enki`, or after a mention of our own account. */
const readRequests = (text: string, self: Login): readonly Request[] => parseComment(text, self.replace(/\[bot\]$/, ""));

/** What a comment asks for; null for a bot's, for our own, and for one without a command. A webhook and a listing give the same value. */
export const readComment = (comment: CommentFields, self: Login): Event | null => {
  if (comment.bot || comment.by === self) return null;
  const requests = readRequests(comment.body, self);
  if (requests.length === 0) return null;
  const { id, issue, onPull, by, created, updated } = comment;
  const source = { kind: "comment", id } as const;
  return { kind: "commanded", id: `comment:${id}`, at: created, issue, onPull, source, by, edited: updated > created, requests };
};
