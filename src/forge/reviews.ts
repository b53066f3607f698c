import { z } from "zod";
import { mayPush } from "./access.ts";
import { type Call, type Handler, ok, type Route } from "./exchange.ts";
import { demandEditor, number } from "./issues.ts";
import { lineCommentShape } from "./line-comment-shapes.ts";
import { tellLineComment, tellReview } from "./pull-events.ts";
import { type PullIssue, reviewShape } from "./pull-shapes.ts";
import { pullOf } from "./merging.ts";
import { demandActionsPulls } from "./pulls.ts";
import { notFound, Refusal } from "./refusal.ts";
import { nextId, type Review } from "./state.ts";
import { addThread, draw, type Drawn, lines, threadsOf, type Unplaced } from "./threads.ts";

const newReview = z.object({
  event: z.enum(["APPROVE", "REQUEST_CHANGES", "COMMENT"]),
  body: z.string().nullish(),
  commit_id: z.string().nullish(),
  comments: z.array(z.object(lines)).default([]),
});
type NewReview = z.output<typeof newReview>;

const unprocessable = (...errors: readonly string[]): Refusal => new Refusal(422, "Unprocessable Entity", errors);

const STATES = { APPROVE: "APPROVED", REQUEST_CHANGES: "CHANGES_REQUESTED", COMMENT: "COMMENTED" } as const;

const demandReviewable = (call: Call, issue: PullIssue, { event, body, comments }: NewReview): void => {
  const own = call.actor().account.login === issue.by.login && event !== "COMMENT";
  if (own) throw unprocessable(`Review Can not ${event === "APPROVE" ? "approve" : "request changes on"} your own pull request`);
  if (event !== "APPROVE" && !body && comments.length === 0) throw unprocessable("Review body is required");
};

const WORDS: Readonly<Record<Unplaced, string>> = {
  path: "Path could not be resolved",
  line: "Line could not be resolved",
  start_line: "Start line could not be resolved",
};

/** All comments of a review are placed before any of it is there. */
const drawAll = async (call: Call, issue: PullIssue, { comments, commit_id }: NewReview): Promise<{ drawn: Drawn; body: string }[]> => {
  const all: { drawn: Drawn; body: string }[] = [];
  for (const comment of comments) {
    if (comment.body.trim() === "") throw unprocessable("Body can't be blank");
    const drawn = await draw(call, issue, { input: { ...comment, subject: "line" }, commit: commit_id ?? issue.pull.head });
    if (typeof drawn === "string") throw unprocessable(WORDS[drawn]);
    all.push({ drawn, body: comment.body });
  }
  return all;
};

const submit: Handler = async (call) => {
  const issue = pullOf(call);
  const { forge, repository } = call;
  const input = await call.input(newReview);
  const actor = call.actor();
  if (input.event === "APPROVE") demandActionsPulls(call);
  demandReviewable(call, issue, input);
  const comments = await drawAll(call, issue, input);
  const one: Review = {
    id: nextId(forge),
    by: actor.account,
    state: STATES[input.event],
    body: input.body ?? "",
    commit: input.commit_id ?? issue.pull.head,
    at: forge.now(),
  };
  issue.pull.reviews.push(one);
  issue.updated = forge.now();
  const added = comments.map((comment) => addThread(call, issue, { review: one, ...comment }));
  tellReview(forge, repository, { issue, review: one, actor, action: "submitted" });
  for (const each of added) tellLineComment(forge, repository, { issue, ...each, actor, action: "created" });
  return ok(reviewShape(forge, repository, { issue, review: one }));
};

const reviewOf = (call: Call): { issue: PullIssue; review: Review } => {
  const issue = pullOf(call);
  const review = issue.pull.reviews.find(({ id }) => id === number(call.param("review")));
  if (!review) throw notFound();
  return { issue, review };
};

const list: Handler = (call) => {
  const issue = pullOf(call);
  return call.page(issue.pull.reviews.map((review) => reviewShape(call.forge, call.repository, { issue, review })));
};

const commentsOf: Handler = (call) => {
  const { issue, review } = reviewOf(call);
  const found = threadsOf(issue).filter(({ comment }) => comment.review === review.id);
  // Told as they were: where they stand now is not said here.
  return call.page(
    found.map((each) => {
      const { line: _, start_line: __, side: ___, start_side: ____, ...shape } = lineCommentShape(call.forge, call.repository, each);
      return shape;
    }),
  );
};

const edit: Handler = async (call) => {
  const { issue, review } = reviewOf(call);
  demandEditor(call, review.by.login);
  const { body } = await call.input(z.object({ body: z.string() }));
  const from = review.body;
  review.body = body;
  review.edited = call.forge.now();
  issue.updated = review.edited;
  if (from !== body)
    tellReview(call.forge, call.repository, { issue, review, actor: call.actor(), action: "edited", changes: { body: { from } } });
  return ok(reviewShape(call.forge, call.repository, { issue, review }));
};

/** https://docs.github.com/rest/pulls/reviews#dismiss-a-review-for-a-pull-request */
const dismiss: Handler = async (call) => {
  const { issue, review } = reviewOf(call);
  const actor = call.actor();
  if (actor.kind === "user" && !mayPush(call.repository, actor.account.login)) throw notFound();
  await call.input(z.object({ message: z.string() }));
  if (review.state !== "APPROVED" && review.state !== "CHANGES_REQUESTED")
    throw unprocessable(`Can not dismiss a ${review.state.toLowerCase()} pull request review`);
  review.state = "DISMISSED";
  issue.updated = call.forge.now();
  tellReview(call.forge, call.repository, { issue, review, actor, action: "dismissed" });
  return ok(reviewShape(call.forge, call.repository, { issue, review }));
};

const one: Handler = (call) => ok(reviewShape(call.forge, call.repository, reviewOf(call)));

const READ = { scope: "pull_requests", level: "read" } as const;
const SAY = { scope: "reviews", level: "write" } as const;

/** Routes of reviews. */
export const reviewRoutes: readonly Route[] = [
  ["GET", "/pulls/:number/reviews", READ, list],
  ["POST", "/pulls/:number/reviews", SAY, submit],
  ["GET", "/pulls/:number/reviews/:review", READ, one],
  ["PUT", "/pulls/:number/reviews/:review", SAY, edit],
  ["GET", "/pulls/:number/reviews/:review/comments", READ, commentsOf],
  ["PUT", "/pulls/:number/reviews/:review/dismissals", SAY, dismiss],
];
