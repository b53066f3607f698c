import { z } from "zod";
import { mayPush } from "./repository-access.ts";
import { type ApiCall, type RouteHandler, okReply, type ApiRoute } from "./api-call.ts";
import { requireEditor, readNumber } from "./issue-routes.ts";
import { reviewCommentShape } from "./review-comment-shapes.ts";
import { reportReviewComment, reportReviewEvent } from "./pull-events.ts";
import { type PullRequestIssue, restReviewShape } from "./pull-shapes.ts";
import { getRequestedPull } from "./merge-requested-pull.ts";
import { requireActionsPulls } from "./pull-routes.ts";
import { notFoundRefusal, ApiRefusal } from "./api-refusal.ts";
import { takeNextId } from "./forge-state.ts";
import { type PendingReview, type SubmittedReview } from "./forge-pull.ts";
import {
  placeComment,
  type PlacedThread,
  lineFields,
  createThread,
  publishThreads,
  listThreadComments,
  type UnplacedPart,
} from "./review-threads.ts";

const reviewVerdictSchema = z.enum(["APPROVE", "REQUEST_CHANGES", "COMMENT"]);
const reviewSubmissionSchema = z.object({ event: reviewVerdictSchema, body: z.string().nullish() });
const newReviewSchema = z.object({
  /** The review stays pending if the event is missing. */
  event: reviewVerdictSchema.optional(),
  body: z.string().nullish(),
  commit_id: z.string().nullish(),
  comments: z.array(z.object(lineFields)).default([]),
});
type NewReviewInput = z.output<typeof newReviewSchema>;

const unprocessableRefusal = (...errors: readonly string[]): ApiRefusal => new ApiRefusal(422, "Unprocessable Entity", errors);

const REVIEW_STATES = { APPROVE: "APPROVED", REQUEST_CHANGES: "CHANGES_REQUESTED", COMMENT: "COMMENTED" } as const;

type ReviewVerdict = {
  readonly event: keyof typeof REVIEW_STATES;
  readonly body?: string | null | undefined;
  readonly comments: readonly unknown[];
};

const requireReviewable = (call: ApiCall, issue: PullRequestIssue, { event, body, comments }: ReviewVerdict): void => {
  const isOwnPull = call.actor().account.login === issue.by.login && event !== "COMMENT";
  if (isOwnPull)
    throw unprocessableRefusal(`Review Can not ${event === "APPROVE" ? "approve" : "request changes on"} your own pull request`);
  if (event !== "APPROVE" && !body && comments.length === 0) throw unprocessableRefusal("Review body is required");
};

const UNPLACED_MESSAGES: Readonly<Record<UnplacedPart, string>> = {
  path: "Path could not be resolved",
  line: "Line could not be resolved",
  start_line: "Start line could not be resolved",
};

/** Places all comments before the review is stored, so that a misplaced one rejects the whole review. */
const placeAllComments = async (
  call: ApiCall,
  issue: PullRequestIssue,
  { comments, commit_id }: NewReviewInput,
): Promise<{ placement: PlacedThread; body: string }[]> => {
  const all: { placement: PlacedThread; body: string }[] = [];
  for (const comment of comments) {
    if (comment.body.trim() === "") throw unprocessableRefusal("Body can't be blank");
    const placement = await placeComment(call, issue, { input: { ...comment, subject: "line" }, commit: commit_id ?? issue.pull.head });
    if (typeof placement === "string") throw unprocessableRefusal(UNPLACED_MESSAGES[placement]);
    all.push({ placement, body: comment.body });
  }
  return all;
};

export const createReview: RouteHandler = async (call) => {
  const issue = getRequestedPull(call);
  const input = await call.input(newReviewSchema);
  if (input.event === undefined) return createPendingReview(call, issue, input);
  if (input.event === "APPROVE") requireActionsPulls(call);
  requireReviewable(call, issue, { ...input, event: input.event });
  const comments = await placeAllComments(call, issue, input);
  const review = {
    id: takeNextId(call.forge),
    by: call.actor().account,
    body: input.body ?? "",
    commit: input.commit_id ?? issue.pull.head,
  };
  const threads = comments.map((comment) => createThread(call, { review, ...comment }).thread);
  return publishReview(call, issue, { pending: { ...review, threads }, state: REVIEW_STATES[input.event] });
};

/** Submits a review with its comments and emits their events. */
const publishReview = (call: ApiCall, issue: PullRequestIssue, { pending, state }: { pending: PendingReview; state: string }) => {
  const { forge, repository } = call;
  const actor = call.actor();
  const { id, by, body, commit } = pending;
  const review: SubmittedReview = { id, by, state, body, commit, at: forge.now() };
  issue.pull.reviews.push(review);
  issue.pull.requestedReviewers = issue.pull.requestedReviewers.filter(({ login }) => login !== by.login);
  issue.updated = review.at;
  const added = publishThreads(issue, pending, review.at);
  reportReviewEvent(forge, repository, { issue, review, actor, action: "submitted" });
  for (const each of added) reportReviewComment(forge, repository, { issue, ...each, actor, action: "created" });
  return okReply(restReviewShape(forge, repository, { issue, review }));
};

const pendingReviewShape = (call: ApiCall, issue: PullRequestIssue, pending: PendingReview) =>
  restReviewShape(call.forge, call.repository, { issue, review: { ...pending, state: "PENDING", at: null } });

const findPendingReview = (call: ApiCall, issue: PullRequestIssue): PendingReview | undefined =>
  issue.pull.pending.find(({ by }) => by.login === call.actor().account.login);

/** Creates a review that only its author sees. */
const createPendingReview = async (call: ApiCall, issue: PullRequestIssue, input: NewReviewInput) => {
  if (findPendingReview(call, issue)) throw unprocessableRefusal("User can only have one pending review per pull request");
  const comments = await placeAllComments(call, issue, input);
  const review = {
    id: takeNextId(call.forge),
    by: call.actor().account,
    body: input.body ?? "",
    commit: input.commit_id ?? issue.pull.head,
  };
  const pending = { ...review, threads: comments.map((comment) => createThread(call, { review, ...comment }).thread) };
  issue.pull.pending.push(pending);
  return okReply(pendingReviewShape(call, issue, pending));
};

/** https://docs.github.com/rest/pulls/reviews#submit-a-review-for-a-pull-request */
const submitReview: RouteHandler = async (call) => {
  const issue = getRequestedPull(call);
  const pending = findPendingReview(call, issue);
  if (!pending || pending.id !== readNumber(call.param("review"))) throw notFoundRefusal();
  const { event: verdict, body } = await call.input(reviewSubmissionSchema);
  if (verdict === "APPROVE") requireActionsPulls(call);
  const completed = { ...pending, body: body ?? pending.body };
  requireReviewable(call, issue, { event: verdict, body: completed.body, comments: pending.threads });
  issue.pull.pending.splice(issue.pull.pending.indexOf(pending), 1);
  return publishReview(call, issue, { pending: completed, state: REVIEW_STATES[verdict] });
};

const getRequestedReview = (call: ApiCall): { issue: PullRequestIssue; review: SubmittedReview } => {
  const issue = getRequestedPull(call);
  const review = issue.pull.reviews.find(({ id }) => id === readNumber(call.param("review")));
  if (!review) throw notFoundRefusal();
  return { issue, review };
};

const listReviews: RouteHandler = (call) => {
  const issue = getRequestedPull(call);
  const pending = findPendingReview(call, issue);
  const submitted = issue.pull.reviews.map((review) => restReviewShape(call.forge, call.repository, { issue, review }));
  return call.page([...submitted, ...(pending ? [pendingReviewShape(call, issue, pending)] : [])]);
};

const listReviewComments: RouteHandler = (call) => {
  const { issue, review } = getRequestedReview(call);
  const found = listThreadComments(issue).filter(({ comment }) => comment.review === review.id);
  // GitHub leaves out the current lines in this list.
  return call.page(
    found.map((each) => {
      const { line: _, start_line: __, side: ___, start_side: ____, ...shape } = reviewCommentShape(call.forge, call.repository, each);
      return shape;
    }),
  );
};

const updateReview: RouteHandler = async (call) => {
  const { issue, review } = getRequestedReview(call);
  requireEditor(call, review.by.login);
  const { body } = await call.input(z.object({ body: z.string() }));
  const from = review.body;
  review.body = body;
  review.edited = call.forge.now();
  issue.updated = review.edited;
  if (from !== body)
    reportReviewEvent(call.forge, call.repository, { issue, review, actor: call.actor(), action: "edited", changes: { body: { from } } });
  return okReply(restReviewShape(call.forge, call.repository, { issue, review }));
};

/** https://docs.github.com/rest/pulls/reviews#dismiss-a-review-for-a-pull-request */
const dismissReview: RouteHandler = async (call) => {
  const { issue, review } = getRequestedReview(call);
  const actor = call.actor();
  if (actor.kind === "user" && !mayPush(call.repository, actor.account.login)) throw notFoundRefusal();
  await call.input(z.object({ message: z.string() }));
  if (review.state !== "APPROVED" && review.state !== "CHANGES_REQUESTED")
    throw unprocessableRefusal(`Can not dismiss a ${review.state.toLowerCase()} pull request review`);
  review.state = "DISMISSED";
  issue.updated = call.forge.now();
  reportReviewEvent(call.forge, call.repository, { issue, review, actor, action: "dismissed" });
  return okReply(restReviewShape(call.forge, call.repository, { issue, review }));
};

const getReview: RouteHandler = (call) => okReply(restReviewShape(call.forge, call.repository, getRequestedReview(call)));

const REVIEWS_READ = { scope: "pull_requests", level: "read" } as const;
const REVIEWS_WRITE = { scope: "reviews", level: "write" } as const;

export const reviewRoutes: readonly ApiRoute[] = [
  ["GET", "/pulls/:number/reviews", REVIEWS_READ, listReviews],
  ["POST", "/pulls/:number/reviews", REVIEWS_WRITE, createReview],
  ["POST", "/pulls/:number/reviews/:review/events", REVIEWS_WRITE, submitReview],
  ["GET", "/pulls/:number/reviews/:review", REVIEWS_READ, getReview],
  ["PUT", "/pulls/:number/reviews/:review", REVIEWS_WRITE, updateReview],
  ["GET", "/pulls/:number/reviews/:review/comments", REVIEWS_READ, listReviewComments],
  ["PUT", "/pulls/:number/reviews/:review/dismissals", REVIEWS_WRITE, dismissReview],
];
