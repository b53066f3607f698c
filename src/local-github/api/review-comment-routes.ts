import { z } from "zod";
import { validateBody } from "./comment-routes.ts";
import { type ApiCall, createdReply, type RouteHandler, NO_CONTENT, okReply, type ApiRoute } from "./api-call.ts";
import { REACTION_CONTENTS, reactionShape } from "./issue-shapes.ts";
import { requireEditor, readNumber } from "./issue-routes.ts";
import { reviewCommentShape } from "./review-comment-shapes.ts";
import { reportReviewComment } from "./pull-events.ts";
import type { PullRequestIssue } from "./pull-shapes.ts";
import { getRequestedPull } from "./merge-requested-pull.ts";
import { notFoundRefusal, ApiRefusal } from "./api-refusal.ts";
import { takeNextId } from "./forge-state.ts";
import { type ReviewThread } from "./forge-pull.ts";
import {
  addReply,
  addThread,
  placeComment,
  type LocatedComment,
  listReviewThreadComments,
  lineFields,
  addCommentReview,
  listThreadComments,
  reportAddedComment,
  type UnplacedPart,
} from "./review-threads.ts";

const reviewCommentBodySchema = z.object({ body: z.string() });
const newReviewCommentSchema = z.object({
  ...lineFields,
  commit_id: z.string(),
  subject_type: z.enum(["line", "file"]).default("line"),
  in_reply_to: z.int().optional(),
});

const REVIEW_COMMENT_RESOURCE = "PullRequestReviewComment";
const REVIEW_THREAD_RESOURCE = "pull_request_review_thread";

/** GitHub's refusal of a comment outside the diff. */
const refuseOutsideDiff = (part: UnplacedPart): ApiRefusal => {
  const field = `${REVIEW_THREAD_RESOURCE}.${part}`;
  const detail =
    part === "path"
      ? { code: "invalid", field }
      : {
          code: "custom",
          field,
          message: part === "line" ? `${field} must be part of the diff` : `${field} must be part of the same hunk as the line.`,
        };
  return new ApiRefusal(422, "Validation Failed", [
    { resource: REVIEW_COMMENT_RESOURCE, ...detail },
    { resource: REVIEW_COMMENT_RESOURCE, code: "missing_field", field: `${REVIEW_THREAD_RESOURCE}.diff_hunk` },
  ]);
};

const getFoundComment = (found: readonly LocatedComment[], id: string): LocatedComment => {
  const one = found.find(({ comment }) => comment.id === readNumber(id));
  if (!one) throw notFoundRefusal();
  return one;
};
const getRequestedReviewComment = (call: ApiCall): LocatedComment =>
  getFoundComment(listReviewThreadComments(call.repository), call.param("id"));

const getThread = (issue: PullRequestIssue, id: number): ReviewThread => {
  const thread = issue.pull.threads.find((each) => each.id === id);
  if (!thread) throw notFoundRefusal();
  return thread;
};

const addThreadReply = async (call: ApiCall, issue: PullRequestIssue, { thread, body }: { thread: ReviewThread; body: string }) => {
  validateBody(REVIEW_COMMENT_RESOURCE, body);
  const review = addCommentReview(call, issue);
  const comment = addReply(call, thread, { review, body });
  return reportAddedComment(call, issue, { review, thread, comment });
};

const createReviewComment: RouteHandler = async (call) => {
  const issue = getRequestedPull(call);
  const input = await call.input(newReviewCommentSchema);
  if (input.in_reply_to !== undefined)
    return addThreadReply(call, issue, { thread: getThread(issue, input.in_reply_to), body: input.body });
  validateBody(REVIEW_COMMENT_RESOURCE, input.body);
  const { bare } = call.repository;
  const { head } = issue.pull;
  const commit = await bare.resolveCommit(input.commit_id);
  if (commit === null || (commit !== head && !(await bare.isAncestor(commit, head))))
    throw new ApiRefusal(422, "Validation Failed", [
      { resource: REVIEW_COMMENT_RESOURCE, code: "custom", field: "commit_id", message: "commit_id is not part of the pull request" },
    ]);
  const placement = await placeComment(call, issue, { input: { ...input, subject: input.subject_type }, commit });
  if (typeof placement === "string") throw refuseOutsideDiff(placement);
  const review = addCommentReview(call, issue);
  return reportAddedComment(call, issue, { review, ...addThread(call, issue, { review, body: input.body, placement }) });
};

const replyToReviewComment: RouteHandler = async (call) => {
  const issue = getRequestedPull(call);
  const { thread } = getFoundComment(listThreadComments(issue), call.param("id"));
  return addThreadReply(call, issue, { thread, body: (await call.input(reviewCommentBodySchema)).body });
};

const updateReviewComment: RouteHandler = async (call) => {
  const found = getRequestedReviewComment(call);
  const { comment } = found;
  requireEditor(call, comment.by.login);
  const input = await call.input(reviewCommentBodySchema);
  validateBody(REVIEW_COMMENT_RESOURCE, input.body);
  const from = comment.body;
  comment.body = input.body;
  comment.updated = call.forge.now();
  if (from !== input.body) comment.edited = comment.updated;
  if (from !== input.body)
    reportReviewComment(call.forge, call.repository, { ...found, actor: call.actor(), action: "edited", changes: { body: { from } } });
  return okReply(reviewCommentShape(call.forge, call.repository, found));
};

const deleteReviewComment: RouteHandler = (call) => {
  const { issue, thread, comment } = getRequestedReviewComment(call);
  requireEditor(call, comment.by.login);
  reportReviewComment(call.forge, call.repository, { issue, thread, comment, actor: call.actor(), action: "deleted" });
  thread.comments.splice(thread.comments.indexOf(comment), 1);
  if (thread.comments.length === 0) issue.pull.threads.splice(issue.pull.threads.indexOf(thread), 1);
  return NO_CONTENT;
};

const sortReviewComments = (call: ApiCall, found: readonly LocatedComment[]): readonly unknown[] => {
  const since = Date.parse(call.query("since") ?? "");
  const sort = (call.query("sort") ?? "created").startsWith("updated") ? "updated" : "created";
  const sign = call.query("direction") === "desc" ? -1 : 1;
  return found
    .filter(({ comment }) => Number.isNaN(since) || Math.floor(comment.updated / 1_000) * 1_000 >= since)
    .sort((a, b) => sign * (a.comment[sort] - b.comment[sort] || a.comment.id - b.comment.id))
    .map((each) => reviewCommentShape(call.forge, call.repository, each));
};

const reactToReviewComment: RouteHandler = async (call) => {
  const { comment } = getRequestedReviewComment(call);
  const { content } = await call.input(z.object({ content: z.enum(REACTION_CONTENTS) }));
  const by = call.actor().account;
  const known = comment.reactions.find((reaction) => reaction.content === content && reaction.by.login === by.login);
  if (known) return okReply(reactionShape(call.forge, known));
  const reaction = { id: takeNextId(call.forge), by, content, created: call.forge.now() };
  comment.reactions.push(reaction);
  return createdReply(reactionShape(call.forge, reaction));
};

const removeReviewReaction: RouteHandler = (call) => {
  const { reactions } = getRequestedReviewComment(call).comment;
  const at = reactions.findIndex(({ id }) => id === readNumber(call.param("reaction")));
  if (at < 0) throw notFoundRefusal();
  reactions.splice(at, 1);
  return NO_CONTENT;
};

const REVIEW_COMMENTS_READ = { scope: "pull_requests", level: "read" } as const;
/** Everyone with read access may comment on lines. */
const REVIEW_COMMENTS_WRITE = { scope: "reviews", level: "write" } as const;

const listAllReviewComments: RouteHandler = (call) => call.page(sortReviewComments(call, listReviewThreadComments(call.repository)));
const listPullReviewComments: RouteHandler = (call) => call.page(sortReviewComments(call, listThreadComments(getRequestedPull(call))));
const getReviewComment: RouteHandler = (call) => okReply(reviewCommentShape(call.forge, call.repository, getRequestedReviewComment(call)));
const listReviewReactions: RouteHandler = (call) =>
  call.page(getRequestedReviewComment(call).comment.reactions.map((reaction) => reactionShape(call.forge, reaction)));

export const lineCommentRoutes: readonly ApiRoute[] = [
  ["GET", "/pulls/comments", REVIEW_COMMENTS_READ, listAllReviewComments],
  ["GET", "/pulls/comments/:id", REVIEW_COMMENTS_READ, getReviewComment],
  ["PATCH", "/pulls/comments/:id", REVIEW_COMMENTS_WRITE, updateReviewComment],
  ["DELETE", "/pulls/comments/:id", REVIEW_COMMENTS_WRITE, deleteReviewComment],
  ["GET", "/pulls/comments/:id/reactions", REVIEW_COMMENTS_READ, listReviewReactions],
  ["POST", "/pulls/comments/:id/reactions", REVIEW_COMMENTS_WRITE, reactToReviewComment],
  ["DELETE", "/pulls/comments/:id/reactions/:reaction", REVIEW_COMMENTS_WRITE, removeReviewReaction],
  ["GET", "/pulls/:number/comments", REVIEW_COMMENTS_READ, listPullReviewComments],
  ["POST", "/pulls/:number/comments", REVIEW_COMMENTS_WRITE, createReviewComment],
  ["POST", "/pulls/:number/comments/:id/replies", REVIEW_COMMENTS_WRITE, replyToReviewComment],
];
