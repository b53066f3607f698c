import type { Millis } from "../model/ids.ts";
import { changes, created, reviews } from "./answers.ts";
import { type Http, PER_PAGE, readAll } from "./http.ts";
import { lineComments } from "./line-answers.ts";
import { readEdited, readHistories, readResolved } from "./review-threads.ts";
import type { Pulls, Reply } from "./ports.ts";
import { listSince } from "./since.ts";

const PULLS = "/repos/{owner}/{repo}/pulls";
const PULL = `${PULLS}/{pull_number}`;
const REVIEW_PAGES = 30;
const COMMENT_PAGES = 10;
/** Pages of pull requests that a sweep looks at, and the pull requests whose reviews it reads. */
const CHANGED_PAGES = 3;
const MOST_PULLS = 30;

type ReviewPorts = Pick<
  Pulls,
  "reviews" | "reviewsSince" | "lineComments" | "lineCommentsSince" | "resolvedThreads" | "editedReviews" | "lineHistories" | "reply"
>;

const readReviews = async (http: Http, pull: number): ReturnType<Pulls["reviews"]> => {
  const reply = await readAll(http, { route: `GET ${PULL}/reviews`, parameters: { pull_number: pull }, schema: reviews }, REVIEW_PAGES);
  if (!reply.ok) return reply;
  if (reply.value.whole) return { ok: true, value: reply.value.items };
  const why = `pull request #${pull} has more than ${REVIEW_PAGES * PER_PAGE} reviews`;
  return { ok: false, failure: { kind: "refused", code: "too-many", why } };
};

type Changed = { readonly number: number; readonly updated_at: Millis };

/** Pull requests that changed since, the oldest change first. */
const changedPulls = async (http: Http, since: Millis): Promise<Reply<readonly Changed[]>> => {
  const found: Changed[] = [];
  for (let page = 1; page <= CHANGED_PAGES; page += 1) {
    const parameters = { state: "all", sort: "updated", direction: "desc", per_page: PER_PAGE, page };
    const reply = await http.get({ route: `GET ${PULLS}`, parameters, schema: changes });
    if (!reply.ok) return reply;
    // GitHub's times have whole seconds.
    const late = reply.value.filter(({ updated_at }) => updated_at + 1_000 >= since);
    found.push(...late);
    if (late.length < PER_PAGE) break;
  }
  return { ok: true, value: found.toSorted((a, b) => a.updated_at - b.updated_at) };
};

const readReviewsSince = async (http: Http, clock: () => Millis, since: Millis): ReturnType<Pulls["reviewsSince"]> => {
  const changed = await changedPulls(http, since);
  if (!changed.ok) return changed;
  const before = http.serverTime() ?? clock();
  const looked = changed.value.slice(0, MOST_PULLS);
  const found = [];
  for (const { number } of looked) {
    const reply = await readReviews(http, number);
    if (!reply.ok && reply.failure.kind === "later") return reply;
    // One pull request that GitHub does not show keeps no other from being looked at.
    if (reply.ok) found.push(...reply.value.filter(({ at }) => at + 1_000 >= since).map((review) => ({ ...review, pull: number })));
  }
  const last = looked.length < changed.value.length ? looked.at(-1)?.updated_at : undefined;
  return { ok: true, value: { reviews: found, until: Math.max(since, last ?? before) } };
};

/** Reviews and comments on the lines of a diff. */
export const openReviews = (http: Http, clock: () => Millis): ReviewPorts => ({
  reviews: (pull) => readReviews(http, pull),
  reviewsSince: (since) => readReviewsSince(http, clock, since),
  lineComments: async (pull) => {
    const request = { route: `GET ${PULL}/comments`, parameters: { pull_number: pull }, schema: lineComments };
    const reply = await readAll(http, request, COMMENT_PAGES);
    return reply.ok ? { ok: true, value: reply.value.items } : reply;
  },
  lineCommentsSince: (since) => listSince(http, { route: `GET ${PULLS}/comments`, schema: lineComments, clock }, since),
  resolvedThreads: (pull) => readResolved(http, pull),
  lineHistories: (comments) =>
    readHistories(
      http,
      comments.map(({ node }) => node),
    ),
  editedReviews: (pull) => readEdited(http, pull),
  reply: async ({ pull, comment, body }) => {
    const parameters = { pull_number: pull, comment_id: comment, body };
    const reply = await http.send({ route: `POST ${PULL}/comments/{comment_id}/replies`, parameters, schema: created });
    return reply.ok ? { ok: true, value: { comment: reply.value.id } } : reply;
  },
});
