import type { ReactionTarget } from "../model/effect.ts";
import type { Millis } from "../model/ids.ts";
import { anything, comments as commentList, created, issue as issueText, thread } from "./answers.ts";
import { type Http, PER_PAGE, readAll } from "./http.ts";
import type { Comment, Issues, Reply } from "./ports.ts";

const SECOND = 1_000;
/** Pages of one listing; a sweep goes on where it stopped. */
const PAGES = 10;

const COMMENTS = "/repos/{owner}/{repo}/issues/comments";
const COMMENT = `${COMMENTS}/{comment_id}`;
const ISSUE = "/repos/{owner}/{repo}/issues/{issue_number}";

const reactionsOf = (target: ReactionTarget) => {
  switch (target.kind) {
    case "comment":
      return { route: COMMENT, parameters: { comment_id: target.id } };
    case "review-comment":
      return { route: "/repos/{owner}/{repo}/pulls/comments/{comment_id}", parameters: { comment_id: target.id } };
    case "issue":
      return { route: ISSUE, parameters: { issue_number: target.number } };
  }
};

/** GitHub's times have whole seconds, and it is not documented whether `since` includes its own: one more is asked for. */
const sinceText = (since: Millis): string => new Date(Math.max(0, Math.floor(since / SECOND) * SECOND - SECOND)).toISOString();

/**
 * Listed from the last change seen, not by page number: a comment that changes meanwhile moves to the end,
 * and would pull one that nobody has seen onto a page already read.
 */
const commentsSince = async (
  http: Http,
  clock: () => Millis,
  start: Millis,
): Promise<Reply<{ comments: readonly Comment[]; until: Millis }>> => {
  const found = new Map<number, Comment>();
  let [since, page, until] = [start, 1, start];
  for (let count = 0; count < PAGES; count += 1) {
    const parameters = { since: sinceText(since), sort: "updated", direction: "asc", per_page: PER_PAGE, page };
    const reply = await http.page({ route: `GET ${COMMENTS}`, parameters, schema: commentList });
    if (!reply.ok) return reply;
    for (const comment of reply.value.value) found.set(comment.id, comment);
    const last = reply.value.value.at(-1)?.updated ?? since;
    const whole = reply.value.value.length < PER_PAGE && !reply.value.more;
    until = whole ? (http.serverTime() ?? clock()) : last;
    if (whole) break;
    const stuck = sinceText(last) === parameters.since;
    page = stuck ? page + 1 : 1;
    since = last;
  }
  const comments = [...found.values()].sort((a, b) => a.updated - b.updated || a.id - b.id);
  return { ok: true, value: { comments, until: Math.max(start, until) } };
};

export const openIssues = (http: Http, clock: () => Millis): Issues => ({
  commentsSince: (since) => commentsSince(http, clock, since),
  read: (issue) => http.get({ route: `GET ${ISSUE}`, parameters: { issue_number: issue }, schema: issueText }),
  commentsPage: (issue, page) =>
    http.get({ route: `GET ${ISSUE}/comments`, parameters: { issue_number: issue, per_page: PER_PAGE, page }, schema: thread }),
  commentsOn: async (issue) => {
    const reply = await readAll(http, { route: `GET ${ISSUE}/comments`, parameters: { issue_number: issue }, schema: commentList }, PAGES);
    return reply.ok ? { ok: true, value: reply.value.items } : reply;
  },
  comment: async (issue, body) => {
    const reply = await http.send({ route: `POST ${ISSUE}/comments`, parameters: { issue_number: issue, body }, schema: created });
    return reply.ok ? { ok: true, value: { comment: reply.value.id } } : reply;
  },
  editComment: (comment, body) => http.send({ route: `PATCH ${COMMENT}`, parameters: { comment_id: comment, body }, schema: anything }),
  deleteComment: async (comment) => {
    const reply = await http.send({ route: `DELETE ${COMMENT}`, parameters: { comment_id: comment }, schema: anything });
    return !reply.ok && reply.failure.kind === "refused" && reply.failure.code === "not-found" ? { ok: true, value: null } : reply;
  },
  react: (target, reaction) => {
    const { route, parameters } = reactionsOf(target);
    return http.send({ route: `POST ${route}/reactions`, parameters: { ...parameters, content: reaction }, schema: anything });
  },
  closeIssue: (issue) =>
    http.send({
      route: `PATCH ${ISSUE}`,
      parameters: { issue_number: issue, state: "closed", state_reason: "completed" },
      schema: anything,
    }),
});
