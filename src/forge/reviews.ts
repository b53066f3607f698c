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
import { nextId, type PendingReview, type Review } from "./state.ts";
import { draw, type Drawn, lines, newThread, publishThreads, threadsOf, type Unplaced } from "./threads.ts";

const event = z.enum(["APPROVE", "REQUEST_CHANGES", "COMMENT"]);
const submission = z.object({ event, body: z.string().nullish() });
const newReview = z.object({
  /** Without one the review is pending. */
  event: event.optional(),
  body: z.string().nullish(),
  commit_id: z.string().nullish(),
  comments: z.array(z.object(lines)).default([]),
});
type NewReview = z.output<typeof newReview>;

const unprocessable = (...errors: readonly string[]): Refusal => new Refusal(422, "Unprocessable Entity", errors);

const STATES = { APPROVE: "APPROVED", REQUEST_CHANGES: "CHANGES_REQUESTED", COMMENT: "COMMENTED" } as const;

type Verdict = { readonly event: keyof typeof STATES; readonly body?: string | null | undefined; readonly comments: readonly unknown[] };

const demandReviewable = (call: Call, issue: PullIssue, { event, body, comments }: Verdict): void => {
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

const create: Handler = async (call) => {
  const issue = pullOf(call);
  const input = await call.input(newReview);
  if (input.event === undefined) return draft(call, issue, input);
  if (input.event === "APPROVE") demandActionsPulls(call);
  demandReviewable(call, issue, { ...input, event: input.event });
  const comments = await drawAll(call, issue, input);
  const review = { id: nextId(call.forge), by: call.actor().account, body: input.body ?? "", commit: input.commit_id ?? issue.pull.head };
  const threads = comments.map((comment) => newThread(call, { review, ...comment }).thread);
  return publish(call, issue, { pending: { ...review, threads }, state: STATES[input.event] });
};

/** Submits a review with its comments, and tells. */
const publish = (call: Call, issue: PullIssue, { pending, state }: { pending: PendingReview; state: string }) => {
  const { forge, repository } = call;
  const actor = call.actor();
  const { id, by, body, commit } = pending;
  const review: Review = { id, by, state, body, commit, at: forge.now() };
  issue.pull.reviews.push(review);
  issue.updated = review.at;
  const added = publishThreads(issue, pending, review.at);
  tellReview(forge, repository, { issue, review, actor, action: "submitted" });
  for (const each of added) tellLineComment(forge, repository, { issue, ...each, actor, action: "created" });
  return ok(reviewShape(forge, repository, { issue, review }));
};

const pendingShape = (call: Call, issue: PullIssue, pending: PendingReview) =>
  reviewShape(call.forge, call.repository, { issue, review: { ...pending, state: "PENDING", at: null } });

const pendingOf = (call: Call, issue: PullIssue): PendingReview | undefined =>
  issue.pull.pending.find(({ by }) => by.login === call.actor().account.login);

/** Begins a review that only its author sees. */
const draft = async (call: Call, issue: PullIssue, input: NewReview) => {
  if (pendingOf(call, issue)) throw unprocessable("User can only have one pending review per pull request");
  const comments = await drawAll(call, issue, input);
  const review = { id: nextId(call.forge), by: call.actor().account, body: input.body ?? "", commit: input.commit_id ?? issue.pull.head };
  const pending = { ...review, threads: comments.map((comment) => newThread(call, { review, ...comment }).thread) };
  issue.pull.pending.push(pending);
  return ok(pendingShape(call, issue, pending));
};

/** https://docs.github.com/rest/pulls/reviews#submit-a-review-for-a-pull-request */
const submit: Handler = async (call) => {
  const issue = pullOf(call);
  const pending = pendingOf(call, issue);
  if (!pending || pending.id !== number(call.param("review"))) throw notFound();
  const { event: verdict, body } = await call.input(submission);
  if (verdict === "APPROVE") demandActionsPulls(call);
  const given = { ...pending, body: body ?? pending.body };
  demandReviewable(call, issue, { event: verdict, body: given.body, comments: pending.threads });
  issue.pull.pending.splice(issue.pull.pending.indexOf(pending), 1);
  return publish(call, issue, { pending: given, state: STATES[verdict] });
};

const reviewOf = (call: Call): { issue: PullIssue; review: Review } => {
  const issue = pullOf(call);
  const review = issue.pull.reviews.find(({ id }) => id === number(call.param("review")));
  if (!review) throw notFound();
  return { issue, review };
};

const list: Handler = (call) => {
  const issue = pullOf(call);
  const pending = pendingOf(call, issue);
  const submitted = issue.pull.reviews.map((review) => reviewShape(call.forge, call.repository, { issue, review }));
  return call.page([...submitted, ...(pending ? [pendingShape(call, issue, pending)] : [])]);
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
  ["POST", "/pulls/:number/reviews", SAY, create],
  ["POST", "/pulls/:number/reviews/:review/events", SAY, submit],
  ["GET", "/pulls/:number/reviews/:review", READ, one],
  ["PUT", "/pulls/:number/reviews/:review", SAY, edit],
  ["GET", "/pulls/:number/reviews/:review/comments", READ, commentsOf],
  ["PUT", "/pulls/:number/reviews/:review/dismissals", SAY, dismiss],
];
