import type { Millis } from "../core/domain/ids.ts";
import { pullChangesSchema, requestedReviewersSchema, reviewListSchema } from "./pull-schemas.ts";
import { createdIdSchema, ignoredAnswerSchema } from "./answer-schemas.ts";
import { type GitHubHttp, ITEMS_PER_PAGE, readAllPages } from "./github-http.ts";
import { lineCommentListSchema } from "./line-comment-schemas.ts";
import { readEditedReviews, readLineHistories, readResolvedThreads } from "./review-queries.ts";
import type { PullPort, GitHubReply } from "./github-ports.ts";
import { listChangedSince } from "./list-changed-since.ts";

const REVIEWED_PULLS_ROUTE = "/repos/{owner}/{repo}/pulls";
const REVIEWED_PULL_ROUTE = `${REVIEWED_PULLS_ROUTE}/{pull_number}`;
const MAX_REVIEW_PAGES = 30;
const MAX_LINE_COMMENT_PAGES = 10;
/** Limits of a sweep: pages of pull requests to list, and pull requests to read reviews from. */
const MAX_CHANGED_PULL_PAGES = 3;
const MAX_PULLS_REVIEWED = 30;

/** The reads and writes of reviews, line comments and requested reviewers. */
export type ReviewPort = Pick<
  PullPort,
  | "reviews"
  | "reviewsSince"
  | "lineComments"
  | "lineCommentsSince"
  | "resolvedThreads"
  | "editedReviews"
  | "lineHistories"
  | "requestReview"
  | "requestedReviewers"
  | "reply"
>;

const readPullReviews = async (http: GitHubHttp, pull: number): ReturnType<PullPort["reviews"]> => {
  const reply = await readAllPages(
    http,
    { route: `GET ${REVIEWED_PULL_ROUTE}/reviews`, parameters: { pull_number: pull }, schema: reviewListSchema },
    MAX_REVIEW_PAGES,
  );
  if (!reply.ok) return reply;
  if (reply.value.whole) return { ok: true, value: reply.value.items };
  const why = `pull request #${pull} has more than ${MAX_REVIEW_PAGES * ITEMS_PER_PAGE} reviews`;
  return { ok: false, failure: { kind: "refused", code: "too-many", reason: why } };
};

type ChangedPull = { readonly number: number; readonly updated_at: Millis };

/** Pull requests that changed since a given time, oldest change first. */
const listChangedPulls = async (http: GitHubHttp, since: Millis): Promise<GitHubReply<readonly ChangedPull[]>> => {
  const found: ChangedPull[] = [];
  for (let page = 1; page <= MAX_CHANGED_PULL_PAGES; page += 1) {
    const parameters = { state: "all", sort: "updated", direction: "desc", per_page: ITEMS_PER_PAGE, page };
    const reply = await http.get({ route: `GET ${REVIEWED_PULLS_ROUTE}`, parameters, schema: pullChangesSchema });
    if (!reply.ok) return reply;
    // GitHub's times have whole seconds.
    const late = reply.value.filter(({ updated_at }) => updated_at + 1_000 >= since);
    found.push(...late);
    if (late.length < ITEMS_PER_PAGE) break;
  }
  return { ok: true, value: found.toSorted((a, b) => a.updated_at - b.updated_at) };
};

const readReviewsSince = async (http: GitHubHttp, clock: () => Millis, since: Millis): ReturnType<PullPort["reviewsSince"]> => {
  const changed = await listChangedPulls(http, since);
  if (!changed.ok) return changed;
  const before = http.serverTime() ?? clock();
  const looked = changed.value.slice(0, MAX_PULLS_REVIEWED);
  const found = [];
  for (const { number } of looked) {
    const reply = await readPullReviews(http, number);
    if (!reply.ok && reply.failure.kind === "later") return reply;
    // An unreadable pull request is skipped, so that the others are still read.
    if (reply.ok) found.push(...reply.value.filter(({ at }) => at + 1_000 >= since).map((review) => ({ ...review, pull: number })));
  }
  const last = looked.length < changed.value.length ? looked.at(-1)?.updated_at : undefined;
  return { ok: true, value: { reviews: found, until: Math.max(since, last ?? before) } };
};

const REVIEWERS_ROUTE = `${REVIEWED_PULL_ROUTE}/requested_reviewers`;

/** https://docs.github.com/rest/pulls/review-requests */
const openReviewRequests = (http: GitHubHttp): Pick<ReviewPort, "requestReview" | "requestedReviewers"> => ({
  requestReview: (pull, login) =>
    http.send({ route: `POST ${REVIEWERS_ROUTE}`, parameters: { pull_number: pull, reviewers: [login] }, schema: ignoredAnswerSchema }),
  requestedReviewers: (pull) =>
    http.get({ route: `GET ${REVIEWERS_ROUTE}`, parameters: { pull_number: pull }, schema: requestedReviewersSchema }),
});

export const openReviews = (http: GitHubHttp, clock: () => Millis): ReviewPort => ({
  reviews: (pull) => readPullReviews(http, pull),
  reviewsSince: (since) => readReviewsSince(http, clock, since),
  lineComments: async (pull) => {
    const request = { route: `GET ${REVIEWED_PULL_ROUTE}/comments`, parameters: { pull_number: pull }, schema: lineCommentListSchema };
    const reply = await readAllPages(http, request, MAX_LINE_COMMENT_PAGES);
    return reply.ok ? { ok: true, value: reply.value.items } : reply;
  },
  lineCommentsSince: (since) =>
    listChangedSince(http, { route: `GET ${REVIEWED_PULLS_ROUTE}/comments`, schema: lineCommentListSchema, clock }, since),
  resolvedThreads: (pull) => readResolvedThreads(http, pull),
  lineHistories: (comments) =>
    readLineHistories(
      http,
      comments.map(({ nodeId }) => nodeId),
    ),
  editedReviews: (pull) => readEditedReviews(http, pull),
  ...openReviewRequests(http),
  reply: async ({ pull, comment, body }) => {
    const parameters = { pull_number: pull, comment_id: comment, body };
    const reply = await http.send({
      route: `POST ${REVIEWED_PULL_ROUTE}/comments/{comment_id}/replies`,
      parameters,
      schema: createdIdSchema,
    });
    return reply.ok ? { ok: true, value: { comment: reply.value.id } } : reply;
  },
});
