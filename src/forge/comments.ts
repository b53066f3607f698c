import { z } from "zod";
import { type Call, created, type Handler, nothing, ok, type Route } from "./exchange.ts";
import { happen } from "./happen.ts";
import { demandEditor, demandWriter, issueOf, number } from "./issues.ts";
import { invalid, notFound } from "./refusal.ts";
import { commentShape, issueShape, REACTIONS, reactionShape } from "./issue-shapes.ts";
import { type Comment, nextId } from "./state.ts";

const LONGEST_BODY = 65_536;
const body = z.object({ body: z.string() });

const commentOf = (call: Call): Comment => {
  const comment = call.repository.comments.get(number(call.param("id")));
  if (!comment) throw notFound();
  return comment;
};

/** A comment that is to be changed, by somebody who may write where it is. */
const writableComment = (call: Call): Comment => {
  const comment = commentOf(call);
  const issue = call.repository.issues.get(comment.issue);
  if (issue) demandWriter(call, issue);
  return comment;
};

export const checkBody = (resource: string, text: string): void => {
  if (text.trim() === "") throw invalid(resource, "body cannot be blank");
  if (Array.from(text).length > LONGEST_BODY) throw invalid(resource, `body is too long (maximum is ${LONGEST_BODY} characters)`);
};

const tellComment = (call: Call, comment: Comment, more: { action: string; changes?: unknown }): void => {
  const { forge, repository } = call;
  const issue = repository.issues.get(comment.issue);
  if (!issue) return;
  const payload = { ...more, issue: issueShape(forge, repository, issue), comment: commentShape(forge, repository, comment) };
  happen(forge, repository, { event: "issue_comment", payload, actor: call.actor(), title: issue.title });
};

const addComment: Handler = async (call) => {
  const issue = issueOf(call);
  demandWriter(call, issue);
  const input = await call.input(body);
  checkBody("IssueComment", input.body);
  const now = call.forge.now();
  const comment: Comment = {
    id: nextId(call.forge),
    issue: issue.number,
    by: call.actor().account,
    body: input.body,
    created: now,
    updated: now,
    reactions: [],
  };
  call.repository.comments.set(comment.id, comment);
  issue.updated = now;
  tellComment(call, comment, { action: "created" });
  return created(commentShape(call.forge, call.repository, comment));
};

const editComment: Handler = async (call) => {
  const comment = writableComment(call);
  demandEditor(call, comment.by.login);
  const input = await call.input(body);
  checkBody("IssueComment", input.body);
  const from = comment.body;
  comment.body = input.body;
  comment.updated = call.forge.now();
  if (from !== input.body) tellComment(call, comment, { action: "edited", changes: { body: { from } } });
  return ok(commentShape(call.forge, call.repository, comment));
};

const removeComment: Handler = (call) => {
  const comment = writableComment(call);
  demandEditor(call, comment.by.login);
  call.repository.comments.delete(comment.id);
  tellComment(call, comment, { action: "deleted" });
  return nothing;
};

const ordered = (call: Call, comments: readonly Comment[]): readonly unknown[] => {
  const since = Date.parse(call.query("since") ?? "");
  const sort = call.query("sort") === "updated" ? "updated" : "created";
  const sign = call.query("direction") === "desc" ? -1 : 1;
  return comments
    .filter((comment) => Number.isNaN(since) || Math.floor(comment.updated / 1_000) * 1_000 >= since)
    .sort((a, b) => sign * (a[sort] - b[sort] || a.id - b.id))
    .map((comment) => commentShape(call.forge, call.repository, comment));
};

const listComments: Handler = (call) => {
  const issue = issueOf(call);
  return call.page(
    ordered(
      call,
      [...call.repository.comments.values()].filter((comment) => comment.issue === issue.number),
    ),
  );
};

const react: Handler = async (call) => {
  const comment = writableComment(call);
  const { content } = await call.input(z.object({ content: z.enum(REACTIONS) }));
  const by = call.actor().account;
  const known = comment.reactions.find((reaction) => reaction.content === content && reaction.by.login === by.login);
  if (known) return ok(reactionShape(call.forge, known));
  const reaction = { id: nextId(call.forge), by, content, created: call.forge.now() };
  comment.reactions.push(reaction);
  return created(reactionShape(call.forge, reaction));
};

const unreact: Handler = (call) => {
  const comment = writableComment(call);
  const at = comment.reactions.findIndex(({ id }) => id === number(call.param("reaction")));
  if (at < 0) throw notFound();
  comment.reactions.splice(at, 1);
  return nothing;
};

const EITHER = ["issues", "pull_requests"];
const READ = { scope: EITHER, level: "read" } as const;
const WRITE = { scope: EITHER, level: "write" } as const;

const all: Handler = (call) => call.page(ordered(call, [...call.repository.comments.values()]));
const one: Handler = (call) => ok(commentShape(call.forge, call.repository, commentOf(call)));
const reactions: Handler = (call) => call.page(commentOf(call).reactions.map((reaction) => reactionShape(call.forge, reaction)));

/** Routes of comments on issues and pull requests, and of reactions to them. */
export const commentRoutes: readonly Route[] = [
  ["GET", "/issues/comments", READ, all],
  ["GET", "/issues/comments/:id", READ, one],
  ["PATCH", "/issues/comments/:id", WRITE, editComment],
  ["DELETE", "/issues/comments/:id", WRITE, removeComment],
  ["GET", "/issues/comments/:id/reactions", READ, reactions],
  ["POST", "/issues/comments/:id/reactions", WRITE, react],
  ["DELETE", "/issues/comments/:id/reactions/:reaction", WRITE, unreact],
  ["GET", "/issues/:number/comments", READ, listComments],
  ["POST", "/issues/:number/comments", WRITE, addComment],
];
