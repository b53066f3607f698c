import { parseComment, stripCommands } from "../commands/parse-comment.ts";
import { readQuotedRemark } from "../commands/quoted-remark.ts";
import type { CommandSource } from "../domain/command.ts";
import type { Event, CommandRequest } from "../domain/event.ts";
import { type Login, type Millis, isSameLogin } from "../domain/ids.ts";
import type { Review, GitHubComment } from "../domain/github-facts.ts";
import type { LineComment } from "../domain/line-comment.ts";

const toBotSlug = (self: Login): string => self.replace(/\[bot\]$/, "");

/** Reads commands after `/enki` or after a mention of Enki's account. */
export const readCommandRequests = (text: string, self: Login): readonly CommandRequest[] => parseComment(text, toBotSlug(self));

/** The text without commands; empty if nothing else was written. */
const extractRemark = (text: string, self: Login): string => stripCommands(text, toBotSlug(self)).trim();

/** A quoting reply without a command may concern a plan. The decision, which knows the plan, finds out. */
const readQuotedRevision = (text: string, self: Login): readonly CommandRequest[] => {
  const remark = readQuotedRemark(text, toBotSlug(self));
  return remark ? [{ ok: true, command: { kind: "revise", ...remark } }] : [];
};

type WrittenSource = Extract<CommandSource, { readonly id: number }>;
type WrittenText = Pick<GitHubComment, "issue" | "onPull" | "by" | "bot" | "body"> & {
  readonly source: WrittenSource;
  readonly at: Millis;
  readonly edited: boolean;
};

/** Events from a person's text: its commands and, on a pull request, a remark. Texts by bots and Enki yield none. */
const readWrittenText = ({ source, issue, onPull, by, bot, body, at, edited }: WrittenText, self: Login): Event[] => {
  if (bot || isSameLogin(by, self)) return [];
  const id = `${source.kind}:${source.id}` as const;
  const asked = readCommandRequests(body, self);
  const requests = asked.length > 0 || source.kind !== "comment" ? asked : readQuotedRevision(body, self);
  return [
    ...(requests.length > 0 ? [{ kind: "commanded", id, at, issue, onPullRequest: onPull, source, by, edited, requests } as const] : []),
    ...(onPull && extractRemark(body, self) !== "" ? [{ kind: "remarked", id, pull: issue } as const] : []),
  ];
};

/** Events of a comment on an issue or a pull request. A webhook and a listing yield the same events. */
export const readComment = (comment: GitHubComment, self: Login): Event[] =>
  readWrittenText(
    { ...comment, source: { kind: "comment", id: comment.id }, at: comment.created, edited: comment.updated > comment.created },
    self,
  );

export type ReviewFields = Pick<Review, "id" | "by" | "bot" | "at" | "text" | "verdict"> & {
  readonly pull: number;
  readonly edited: boolean;
};

/** The events of a submitted review: a verdict wakes the coordinator, and the text may contain commands. Reviews by bots and by Enki yield none. */
export const readReview = ({ id, pull, text, verdict, ...review }: ReviewFields, self: Login): Event[] => [
  ...(verdict === "commented" || review.bot || isSameLogin(review.by, self) ? [] : [{ kind: "woken", activity: "reviews", pull } as const]),
  ...readWrittenText({ ...review, source: { kind: "review", id }, issue: pull, onPull: true, body: text }, self),
];

export type LineCommentFields = Pick<LineComment, "id" | "pull" | "thread" | "by" | "bot" | "body"> & {
  /** Time of the submission; in a pending review the comment may be older. */
  readonly at: Millis;
  /** Whether the text changed after the submission. */
  readonly edited: boolean;
};

/** Events of a comment on a line of a diff. */
export const readLineComment = ({ id, pull, thread, by, bot, body, at, edited }: LineCommentFields, self: Login): Event[] =>
  readWrittenText({ by, bot, body, at, edited, source: { kind: "review-comment", id, thread }, issue: pull, onPull: true }, self);
