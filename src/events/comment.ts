import { parseComment, withoutCommands } from "../commands/parse.ts";
import { readQuotedRemark } from "../commands/quoted.ts";
import type { CommandSource } from "../model/command.ts";
import type { Event, Request } from "../model/event.ts";
import type { Login, Millis } from "../model/ids.ts";
import type { Review } from "../model/query.ts";
import type { LineComment } from "../model/written.ts";

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

const slugOf = (self: Login): string => self.replace(/\[bot\]$/, "");

/** The commands in a text that a person wrote: after `/enki`, or after a mention of our own account. */
export const readRequests = (text: string, self: Login): readonly Request[] => parseComment(text, slugOf(self));

/** What somebody wrote for others to read, without the commands in it; empty where that is all. */
const remarkOf = (text: string, self: Login): string => withoutCommands(text, slugOf(self)).trim();

/** A reply that quotes and names no command may be about a plan: whether it is, is seen where the plan is. */
const readQuoted = (text: string, self: Login): readonly Request[] => {
  const remark = readQuotedRemark(text, slugOf(self));
  return remark ? [{ ok: true, command: { kind: "revise", ...remark } }] : [];
};

type WrittenSource = Extract<CommandSource, { readonly id: number }>;
type Written = Pick<CommentFields, "issue" | "onPull" | "by" | "bot" | "body"> & {
  readonly source: WrittenSource;
  readonly at: Millis;
  readonly edited: boolean;
};

/** What a person's text says: its commands, and on a pull request that there are words. Nothing for a bot's text and our own. */
const readWritten = ({ source, issue, onPull, by, bot, body, at, edited }: Written, self: Login): Event[] => {
  if (bot || by === self) return [];
  const id = `${source.kind}:${source.id}` as const;
  const asked = readRequests(body, self);
  const requests = asked.length > 0 || source.kind !== "comment" ? asked : readQuoted(body, self);
  return [
    ...(requests.length > 0 ? [{ kind: "commanded", id, at, issue, onPull, source, by, edited, requests } as const] : []),
    ...(onPull && remarkOf(body, self) !== "" ? [{ kind: "remarked", id, pull: issue } as const] : []),
  ];
};

/** A comment on an issue or a pull request. A webhook and a listing give the same events. */
export const readComment = (comment: CommentFields, self: Login): Event[] =>
  readWritten(
    { ...comment, source: { kind: "comment", id: comment.id }, at: comment.created, edited: comment.updated > comment.created },
    self,
  );

export type ReviewFields = Pick<Review, "id" | "by" | "bot" | "at" | "text" | "verdict"> & {
  readonly pull: number;
  readonly edited: boolean;
};

/** A submitted review: where it has a verdict, that somebody reviewed the pull request; and what its text says. Bots' reviews and our own count for nothing. */
export const readReview = ({ id, pull, text, verdict, ...review }: ReviewFields, self: Login): Event[] => [
  ...(verdict === "commented" || review.bot || review.by === self ? [] : [{ kind: "woken", people: "reviews", pull } as const]),
  ...readWritten({ ...review, source: { kind: "review", id }, issue: pull, onPull: true, body: text }, self),
];

export type LineCommentFields = Pick<LineComment, "id" | "pull" | "thread" | "by" | "bot" | "body"> & {
  /** When it was submitted: it may have been written before, in a pending review. */
  readonly at: Millis;
  /** Whether its text was changed after that. */
  readonly edited: boolean;
};

/** A comment on a line of a diff. */
export const readLineComment = ({ id, pull, thread, by, bot, body, at, edited }: LineCommentFields, self: Login): Event[] =>
  readWritten({ by, bot, body, at, edited, source: { kind: "review-comment", id, thread }, issue: pull, onPull: true }, self);
