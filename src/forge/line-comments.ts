import { z } from "zod";
import { checkBody } from "./comments.ts";
import { type Call, created, type Handler, nothing, ok, type Route } from "./exchange.ts";
import { REACTIONS, reactionShape } from "./issue-shapes.ts";
import { demandEditor, number } from "./issues.ts";
import { lineCommentShape } from "./line-comment-shapes.ts";
import { tellLineComment } from "./pull-events.ts";
import type { PullIssue } from "./pull-shapes.ts";
import { pullOf } from "./merging.ts";
import { notFound, Refusal } from "./refusal.ts";
import { nextId, type Thread } from "./state.ts";
import {
  addReply,
  addThread,
  draw,
  type Found,
  lineComments,
  lines,
  silentReview,
  threadsOf,
  toldComment,
  type Unplaced,
} from "./threads.ts";

const body = z.object({ body: z.string() });
const newComment = z.object({
  ...lines,
  commit_id: z.string(),
  subject_type: z.enum(["line", "file"]).default("line"),
  in_reply_to: z.int().optional(),
});

const RESOURCE = "PullRequestReviewComment";
const THREAD = "pull_request_review_thread";

/** GitHub's words for a comment that is not part of the diff. */
const notInDiff = (what: Unplaced): Refusal => {
  const field = `${THREAD}.${what}`;
  const why =
    what === "path"
      ? { code: "invalid", field }
      : {
          code: "custom",
          field,
          message: what === "line" ? `${field} must be part of the diff` : `${field} must be part of the same hunk as the line.`,
        };
  return new Refusal(422, "Validation Failed", [
    { resource: RESOURCE, ...why },
    { resource: RESOURCE, code: "missing_field", field: `${THREAD}.diff_hunk` },
  ]);
};

const foundIn = (found: readonly Found[], id: string): Found => {
  const one = found.find(({ comment }) => comment.id === number(id));
  if (!one) throw notFound();
  return one;
};
const commentOf = (call: Call): Found => foundIn(lineComments(call.repository), call.param("id"));

const threadOf = (issue: PullIssue, id: number): Thread => {
  const thread = issue.pull.threads.find((each) => each.id === id);
  if (!thread) throw notFound();
  return thread;
};

const replyTo = async (call: Call, issue: PullIssue, of: { thread: Thread; body: string }) => {
  checkBody(RESOURCE, of.body);
  const review = silentReview(call, issue);
  const comment = addReply(call, of.thread, { review, body: of.body });
  return toldComment(call, issue, { review, thread: of.thread, comment });
};

const add: Handler = async (call) => {
  const issue = pullOf(call);
  const input = await call.input(newComment);
  if (input.in_reply_to !== undefined) return replyTo(call, issue, { thread: threadOf(issue, input.in_reply_to), body: input.body });
  checkBody(RESOURCE, input.body);
  const { bare } = call.repository;
  const { head } = issue.pull;
  const commit = await bare.commit(input.commit_id);
  if (commit === null || (commit !== head && !(await bare.isAncestor(commit, head))))
    throw new Refusal(422, "Validation Failed", [
      { resource: RESOURCE, code: "custom", field: "commit_id", message: "commit_id is not part of the pull request" },
    ]);
  const drawn = await draw(call, issue, { input: { ...input, subject: input.subject_type }, commit });
  if (typeof drawn === "string") throw notInDiff(drawn);
  const review = silentReview(call, issue);
  return toldComment(call, issue, { review, ...addThread(call, issue, { review, body: input.body, drawn }) });
};

const reply: Handler = async (call) => {
  const issue = pullOf(call);
  const { thread } = foundIn(threadsOf(issue), call.param("id"));
  return replyTo(call, issue, { thread, body: (await call.input(body)).body });
};

const edit: Handler = async (call) => {
  const found = commentOf(call);
  const { comment } = found;
  demandEditor(call, comment.by.login);
  const input = await call.input(body);
  checkBody(RESOURCE, input.body);
  const from = comment.body;
  comment.body = input.body;
  comment.updated = call.forge.now();
  if (from !== input.body) comment.edited = comment.updated;
  if (from !== input.body)
    tellLineComment(call.forge, call.repository, { ...found, actor: call.actor(), action: "edited", changes: { body: { from } } });
  return ok(lineCommentShape(call.forge, call.repository, found));
};

const remove: Handler = (call) => {
  const { issue, thread, comment } = commentOf(call);
  demandEditor(call, comment.by.login);
  tellLineComment(call.forge, call.repository, { issue, thread, comment, actor: call.actor(), action: "deleted" });
  thread.comments.splice(thread.comments.indexOf(comment), 1);
  if (thread.comments.length === 0) issue.pull.threads.splice(issue.pull.threads.indexOf(thread), 1);
  return nothing;
};

const shapes = (call: Call, found: readonly Found[]): readonly unknown[] => {
  const since = Date.parse(call.query("since") ?? "");
  const sort = (call.query("sort") ?? "created").startsWith("updated") ? "updated" : "created";
  const sign = call.query("direction") === "desc" ? -1 : 1;
  return found
    .filter(({ comment }) => Number.isNaN(since) || Math.floor(comment.updated / 1_000) * 1_000 >= since)
    .sort((a, b) => sign * (a.comment[sort] - b.comment[sort] || a.comment.id - b.comment.id))
    .map((each) => lineCommentShape(call.forge, call.repository, each));
};

const react: Handler = async (call) => {
  const { comment } = commentOf(call);
  const { content } = await call.input(z.object({ content: z.enum(REACTIONS) }));
  const by = call.actor().account;
  const known = comment.reactions.find((reaction) => reaction.content === content && reaction.by.login === by.login);
  if (known) return ok(reactionShape(call.forge, known));
  const reaction = { id: nextId(call.forge), by, content, created: call.forge.now() };
  comment.reactions.push(reaction);
  return created(reactionShape(call.forge, reaction));
};

const unreact: Handler = (call) => {
  const { reactions } = commentOf(call).comment;
  const at = reactions.findIndex(({ id }) => id === number(call.param("reaction")));
  if (at < 0) throw notFound();
  reactions.splice(at, 1);
  return nothing;
};

const READ = { scope: "pull_requests", level: "read" } as const;
/** Who may read may also comment on lines. */
const SAY = { scope: "reviews", level: "write" } as const;

const all: Handler = (call) => call.page(shapes(call, lineComments(call.repository)));
const ofPull: Handler = (call) => call.page(shapes(call, threadsOf(pullOf(call))));
const one: Handler = (call) => ok(lineCommentShape(call.forge, call.repository, commentOf(call)));
const reactions: Handler = (call) => call.page(commentOf(call).comment.reactions.map((reaction) => reactionShape(call.forge, reaction)));

/** Routes of comments on the lines of a diff, and of reactions to them. */
export const lineCommentRoutes: readonly Route[] = [
  ["GET", "/pulls/comments", READ, all],
  ["GET", "/pulls/comments/:id", READ, one],
  ["PATCH", "/pulls/comments/:id", SAY, edit],
  ["DELETE", "/pulls/comments/:id", SAY, remove],
  ["GET", "/pulls/comments/:id/reactions", READ, reactions],
  ["POST", "/pulls/comments/:id/reactions", SAY, react],
  ["DELETE", "/pulls/comments/:id/reactions/:reaction", SAY, unreact],
  ["GET", "/pulls/:number/comments", READ, ofPull],
  ["POST", "/pulls/:number/comments", SAY, add],
  ["POST", "/pulls/:number/comments/:id/replies", SAY, reply],
];
