import { hasOnlyCommands } from "../commands/parse-comment.ts";
import {
  type Brief,
  type BriefComment,
  type BriefComments,
  type BriefPull,
  isTrustedPermission,
  type KnownPermission,
  type LateText,
} from "../domain/brief.ts";
import type { Login, Millis } from "../domain/ids.ts";
import { takeFirstChars, stripHiddenChars } from "../domain/visible-text.ts";
import { cleanText, cleanTextOrAll } from "../markdown/clean.ts";

/** The part of a command's query that says what is read: see {@link Query}. */
export type BriefRequest = {
  readonly issue: number;
  /** The time of the command. */
  readonly asOf: Millis;
  /** The comment that holds the command; null where it stands elsewhere. Of comments of the same second, those after it came later. */
  readonly comment: number | null;
  readonly comments: BriefComments;
  /** The most characters of comments. */
  readonly maxChars: number;
};

type WrittenIssue = {
  readonly title: string;
  readonly body: string;
  readonly by: Login;
  readonly bot: boolean;
  readonly created: Millis;
  readonly late?: LateText;
};

export type WrittenComment = {
  readonly id: number;
  readonly by: Login;
  readonly bot: boolean;
  readonly body: string;
  readonly created: Millis;
  readonly updated: Millis;
};

/** A comment that may be in a brief, or why it is not. Null for one that says nothing about the issue. */
export type CommentCandidate = { readonly comment: WrittenComment; readonly text: string } | "edited" | null;

/** Whether a comment was there before the command, by a person, and says more than a command. */
export const toCommentCandidate = (comment: WrittenComment, wish: BriefRequest, self: Login): CommentCandidate => {
  const { id, by, bot, body, created, updated } = comment;
  const isLater = created > wish.asOf || (created === wish.asOf && wish.comment !== null && id > wish.comment);
  if (isLater || bot || by === self) return null;
  const text = cleanText(body);
  if (text === "" || hasOnlyCommands(text, self)) return null;
  return updated > wish.asOf ? "edited" : { comment, text };
};

export type BriefSources = {
  readonly issue: WrittenIssue;
  /** Oldest first. */
  readonly candidates: readonly CommentCandidate[];
  /** Older comments that were not read. */
  readonly unread: number;
  readonly permissions: ReadonlyMap<Login, KnownPermission>;
  readonly pull: BriefPull | null;
};

/** The brief of what was gathered: whole texts, as many of the newest comments as there is room for. */
export const composeBrief = (wish: BriefRequest, gathered: BriefSources): Brief => {
  const { issue, candidates, unread, permissions, pull } = gathered;
  const permissionOf = (login: Login): KnownPermission => permissions.get(login) ?? "unknown";
  const written = candidates.flatMap((each): BriefComment[] => {
    if (each === null || each === "edited") return [];
    const { id, by, created } = each.comment;
    return [{ id, by, permission: permissionOf(by), at: created, text: each.text }];
  });
  const wanted = wish.comments === "all" ? written : written.filter(({ permission }) => isTrustedPermission(permission));
  const comments = keepFittingComments(wanted, wish.maxChars);
  return {
    issue: wish.issue,
    // A title is no Markdown: GitHub shows all of it.
    title: takeFirstChars(stripHiddenChars(issue.title).replaceAll(/\s+/g, " ").trim(), MAX_BRIEF_TITLE_CHARS),
    body: cleanTextOrAll(issue.body),
    by: issue.by,
    permission: issue.bot ? "none" : permissionOf(issue.by),
    created: issue.created,
    asOf: wish.asOf,
    comments,
    omitted: {
      older: unread + wanted.length - comments.length,
      edited: candidates.filter((each) => each === "edited").length,
      untrusted: written.length - wanted.length,
    },
    files: [],
    ...(issue.late && { late: issue.late }),
    pull,
  };
};

const MAX_BRIEF_TITLE_CHARS = 1_000;

/**
 * The newest comments that fit, oldest first. Others' comments have half of the room at most:
 * whoever floods an issue does not push out what its maintainers wrote. One that is too long by itself is cut where it is the newest.
 */
const keepFittingComments = (comments: readonly BriefComment[], maxChars: number): BriefComment[] => {
  const kept: BriefComment[] = [];
  const room = { all: maxChars, others: Math.floor(maxChars / 2) };
  const closed = new Set<boolean>();
  for (const comment of comments.toReversed()) {
    const trusted = isTrustedPermission(comment.permission);
    const free = trusted ? room.all : Math.min(room.all, room.others);
    if (closed.has(trusted)) continue;
    const text = takeFirstChars(comment.text, free);
    const isFirst = kept.every((each) => isTrustedPermission(each.permission) !== trusted);
    if (text.length < comment.text.length) closed.add(trusted);
    if (text.length < comment.text.length && !(isFirst && free > 0)) continue;
    room.all -= text.length;
    if (!trusted) room.others -= text.length;
    kept.push(text === comment.text ? comment : { ...comment, text: `${text}\n[… the rest is left out: it is too long …]` });
  }
  return kept.reverse();
};
