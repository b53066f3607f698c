import { z } from "zod";
import { type ApiCall, createdReply, type RouteHandler, NO_CONTENT, okReply, type ApiRoute } from "./api-call.ts";
import { emitEvent } from "./emit-event.ts";
import { requireEditor, requireIssueWriter, getRequestedIssue, readNumber } from "./issue-routes.ts";
import { validationRefusal, notFoundRefusal } from "./api-refusal.ts";
import { issueCommentShape, restIssueShape, REACTION_CONTENTS, reactionShape } from "./issue-shapes.ts";
import { type IssueComment } from "./forge-issue.ts";
import { takeNextId } from "./forge-state.ts";

const MAX_BODY_CHARS = 65_536;
const commentBodySchema = z.object({ body: z.string() });

const getRequestedComment = (call: ApiCall): IssueComment => {
  const comment = call.repository.comments.get(readNumber(call.param("id")));
  if (!comment) throw notFoundRefusal();
  return comment;
};

/** Returns a comment that the requester may change; throws a refusal otherwise. */
const getWritableComment = (call: ApiCall): IssueComment => {
  const comment = getRequestedComment(call);
  const issue = call.repository.issues.get(comment.issue);
  if (issue) requireIssueWriter(call, issue);
  return comment;
};

export const validateBody = (resource: string, text: string): void => {
  if (text.trim() === "") throw validationRefusal(resource, "body cannot be blank");
  if (Array.from(text).length > MAX_BODY_CHARS)
    throw validationRefusal(resource, `body is too long (maximum is ${MAX_BODY_CHARS} characters)`);
};

const reportCommentEvent = (call: ApiCall, comment: IssueComment, more: { action: string; changes?: unknown }): void => {
  const { forge, repository } = call;
  const issue = repository.issues.get(comment.issue);
  if (!issue) return;
  const payload = { ...more, issue: restIssueShape(forge, repository, issue), comment: issueCommentShape(forge, repository, comment) };
  emitEvent(forge, repository, { event: "issue_comment", payload, actor: call.actor(), title: issue.title });
};

export const createIssueComment: RouteHandler = async (call) => {
  const issue = getRequestedIssue(call);
  requireIssueWriter(call, issue);
  const input = await call.input(commentBodySchema);
  validateBody("IssueComment", input.body);
  const now = call.forge.now();
  const comment: IssueComment = {
    id: takeNextId(call.forge),
    issue: issue.number,
    by: call.actor().account,
    body: input.body,
    created: now,
    updated: now,
    reactions: [],
  };
  call.repository.comments.set(comment.id, comment);
  issue.updated = now;
  reportCommentEvent(call, comment, { action: "created" });
  return createdReply(issueCommentShape(call.forge, call.repository, comment));
};

const updateIssueComment: RouteHandler = async (call) => {
  const comment = getWritableComment(call);
  requireEditor(call, comment.by.login);
  const input = await call.input(commentBodySchema);
  validateBody("IssueComment", input.body);
  const from = comment.body;
  comment.body = input.body;
  comment.updated = call.forge.now();
  if (from !== input.body) comment.edited = comment.updated;
  if (from !== input.body) reportCommentEvent(call, comment, { action: "edited", changes: { body: { from } } });
  return okReply(issueCommentShape(call.forge, call.repository, comment));
};

const deleteIssueComment: RouteHandler = (call) => {
  const comment = getWritableComment(call);
  requireEditor(call, comment.by.login);
  call.repository.comments.delete(comment.id);
  reportCommentEvent(call, comment, { action: "deleted" });
  return NO_CONTENT;
};

const sortComments = (call: ApiCall, comments: readonly IssueComment[]): readonly unknown[] => {
  const since = Date.parse(call.query("since") ?? "");
  const sort = call.query("sort") === "updated" ? "updated" : "created";
  const sign = call.query("direction") === "desc" ? -1 : 1;
  return comments
    .filter((comment) => Number.isNaN(since) || Math.floor(comment.updated / 1_000) * 1_000 >= since)
    .sort((a, b) => sign * (a[sort] - b[sort] || a.id - b.id))
    .map((comment) => issueCommentShape(call.forge, call.repository, comment));
};

const listIssueComments: RouteHandler = (call) => {
  const issue = getRequestedIssue(call);
  return call.page(
    sortComments(
      call,
      [...call.repository.comments.values()].filter((comment) => comment.issue === issue.number),
    ),
  );
};

const reactToComment: RouteHandler = async (call) => {
  const comment = getWritableComment(call);
  const { content } = await call.input(z.object({ content: z.enum(REACTION_CONTENTS) }));
  const by = call.actor().account;
  const known = comment.reactions.find((reaction) => reaction.content === content && reaction.by.login === by.login);
  if (known) return okReply(reactionShape(call.forge, known));
  const reaction = { id: takeNextId(call.forge), by, content, created: call.forge.now() };
  comment.reactions.push(reaction);
  return createdReply(reactionShape(call.forge, reaction));
};

const removeCommentReaction: RouteHandler = (call) => {
  const comment = getWritableComment(call);
  const at = comment.reactions.findIndex(({ id }) => id === readNumber(call.param("reaction")));
  if (at < 0) throw notFoundRefusal();
  comment.reactions.splice(at, 1);
  return NO_CONTENT;
};

const COMMENT_SCOPES = ["issues", "pull_requests"];
const COMMENTS_READ = { scope: COMMENT_SCOPES, level: "read" } as const;
const COMMENTS_WRITE = { scope: COMMENT_SCOPES, level: "write" } as const;

const listAllIssueComments: RouteHandler = (call) => call.page(sortComments(call, [...call.repository.comments.values()]));
const getIssueComment: RouteHandler = (call) => okReply(issueCommentShape(call.forge, call.repository, getRequestedComment(call)));
const listCommentReactions: RouteHandler = (call) =>
  call.page(getRequestedComment(call).reactions.map((reaction) => reactionShape(call.forge, reaction)));

export const commentRoutes: readonly ApiRoute[] = [
  ["GET", "/issues/comments", COMMENTS_READ, listAllIssueComments],
  ["GET", "/issues/comments/:id", COMMENTS_READ, getIssueComment],
  ["PATCH", "/issues/comments/:id", COMMENTS_WRITE, updateIssueComment],
  ["DELETE", "/issues/comments/:id", COMMENTS_WRITE, deleteIssueComment],
  ["GET", "/issues/comments/:id/reactions", COMMENTS_READ, listCommentReactions],
  ["POST", "/issues/comments/:id/reactions", COMMENTS_WRITE, reactToComment],
  ["DELETE", "/issues/comments/:id/reactions/:reaction", COMMENTS_WRITE, removeCommentReaction],
  ["GET", "/issues/:number/comments", COMMENTS_READ, listIssueComments],
  ["POST", "/issues/:number/comments", COMMENTS_WRITE, createIssueComment],
];
