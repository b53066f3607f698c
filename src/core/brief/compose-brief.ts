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
import { type Login, type Millis, isSameLogin } from "../domain/ids.ts";
import { takeFirstChars, stripHiddenChars } from "../domain/visible-text.ts";
import { cleanText, cleanTextOrAll } from "../markdown/clean.ts";

/** The parameters of a `brief` query: see {@link Query}. */
export type BriefRequest = {
  readonly issue: number;
  /** The time of the command. */
  readonly asOf: Millis;
  /** The comment that contains the command; null for other sources. Comments of the same second with a higher id are later. */
  readonly comment: number | null;
  readonly comments: BriefComments;
  /** Limit for all comments together. */
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

/** A comment for the brief, or the reason to omit it. `null` for a comment that says nothing about the issue. */
export type CommentCandidate = { readonly comment: WrittenComment; readonly text: string } | "edited" | null;

/** Selects comments that a person wrote before the command and that contain more than commands. */
export const toCommentCandidate = (comment: WrittenComment, request: BriefRequest, self: Login): CommentCandidate => {
  const { id, by, bot, body, created, updated } = comment;
  const isLater = created > request.asOf || (created === request.asOf && request.comment !== null && id > request.comment);
  if (isLater || bot || isSameLogin(by, self)) return null;
  const text = cleanText(body);
  if (text === "" || hasOnlyCommands(text, self)) return null;
  return updated > request.asOf ? "edited" : { comment, text };
};

export type BriefSources = {
  readonly issue: WrittenIssue;
  /** Oldest first. */
  readonly candidates: readonly CommentCandidate[];
  /** Number of older comments that were not read. */
  readonly unread: number;
  readonly permissions: ReadonlyMap<Login, KnownPermission>;
  readonly pull: BriefPull | null;
};

/** Composes a brief with complete texts and as many of the newest comments as fit. */
export const composeBrief = (request: BriefRequest, sources: BriefSources): Brief => {
  const { issue, candidates, unread, permissions, pull } = sources;
  const permissionOf = (login: Login): KnownPermission => permissions.get(login) ?? "unknown";
  const readable = candidates.flatMap((each): BriefComment[] => {
    if (each === null || each === "edited") return [];
    const { id, by, created } = each.comment;
    return [{ id, by, permission: permissionOf(by), at: created, text: each.text }];
  });
  const selected = request.comments === "all" ? readable : readable.filter(({ permission }) => isTrustedPermission(permission));
  const comments = keepFittingComments(selected, request.maxChars);
  return {
    issue: request.issue,
    // A title is plain text: GitHub shows the whole text.
    title: takeFirstChars(stripHiddenChars(issue.title).replaceAll(/\s+/g, " ").trim(), MAX_BRIEF_TITLE_CHARS),
    body: cleanTextOrAll(issue.body),
    by: issue.by,
    permission: issue.bot ? "none" : permissionOf(issue.by),
    created: issue.created,
    asOf: request.asOf,
    comments,
    omitted: {
      older: unread + selected.length - comments.length,
      edited: candidates.filter((each) => each === "edited").length,
      untrusted: readable.length - selected.length,
    },
    files: [],
    ...(issue.late && { late: issue.late }),
    pull,
  };
};

const MAX_BRIEF_TITLE_CHARS = 1_000;

/**
 * Keeps the newest comments that fit, oldest first. Untrusted comments get at most half of the room,
 * so that nobody can flood an issue and push out its maintainers' comments. The newest comment is cut if it is too long on its own.
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
