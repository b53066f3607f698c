import type { ReactionTarget } from "../core/domain/effect.ts";
import type { Millis } from "../core/domain/ids.ts";
import {
  ignoredAnswerSchema,
  commentListSchema as commentList,
  commentSchema,
  createdIdSchema,
  issueSchema as issueText,
  threadCommentsSchema,
} from "./answer-schemas.ts";
import { readCommentEdits } from "./comment-edits.ts";
import { type GitHubHttp, ITEMS_PER_PAGE, readAllPages } from "./github-http.ts";
import { openIssueChanges } from "./issue-changes.ts";
import type { IssuePort } from "./github-ports.ts";
import { listChangedSince } from "./list-changed-since.ts";
import { readTextsAt } from "./past-texts.ts";

const MAX_COMMENT_LIST_PAGES = 10;

const COMMENTS_ROUTE = "/repos/{owner}/{repo}/issues/comments";
const COMMENT_ROUTE = `${COMMENTS_ROUTE}/{comment_id}`;
const ISSUE_ROUTE = "/repos/{owner}/{repo}/issues/{issue_number}";

const findReactionRoute = (target: ReactionTarget) => {
  switch (target.kind) {
    case "comment":
      return { route: COMMENT_ROUTE, parameters: { comment_id: target.id } };
    case "review-comment":
      return { route: "/repos/{owner}/{repo}/pulls/comments/{comment_id}", parameters: { comment_id: target.id } };
    case "issue":
      return { route: ISSUE_ROUTE, parameters: { issue_number: target.number } };
  }
};

export const openIssues = (http: GitHubHttp, clock: () => Millis): IssuePort => ({
  commentsSince: (since) => listChangedSince(http, { route: `GET ${COMMENTS_ROUTE}`, schema: commentList, clock }, since),
  ...openIssueChanges(http),
  read: (issue) => http.get({ route: `GET ${ISSUE_ROUTE}`, parameters: { issue_number: issue }, schema: issueText }),
  textsAt: (issue, at) => readTextsAt(http, issue, at),
  commentsPage: (issue, page) =>
    http.get({
      route: `GET ${ISSUE_ROUTE}/comments`,
      parameters: { issue_number: issue, per_page: ITEMS_PER_PAGE, page },
      schema: threadCommentsSchema,
    }),
  commentsOn: async (issue) => {
    const reply = await readAllPages(
      http,
      { route: `GET ${ISSUE_ROUTE}/comments`, parameters: { issue_number: issue }, schema: commentList },
      MAX_COMMENT_LIST_PAGES,
    );
    return reply.ok ? { ok: true, value: reply.value.items } : reply;
  },
  readComment: (comment) => http.get({ route: `GET ${COMMENT_ROUTE}`, parameters: { comment_id: comment }, schema: commentSchema }),
  commentEdits: (issue) => readCommentEdits(http, issue),
  comment: async (issue, body) => {
    const reply = await http.send({
      route: `POST ${ISSUE_ROUTE}/comments`,
      parameters: { issue_number: issue, body },
      schema: createdIdSchema,
    });
    return reply.ok ? { ok: true, value: { comment: reply.value.id } } : reply;
  },
  editComment: (comment, body) =>
    http.send({ route: `PATCH ${COMMENT_ROUTE}`, parameters: { comment_id: comment, body }, schema: ignoredAnswerSchema }),
  deleteComment: async (comment) => {
    const reply = await http.send({ route: `DELETE ${COMMENT_ROUTE}`, parameters: { comment_id: comment }, schema: ignoredAnswerSchema });
    return !reply.ok && reply.failure.kind === "refused" && reply.failure.code === "not-found" ? { ok: true, value: null } : reply;
  },
  react: (target, reaction) => {
    const { route, parameters } = findReactionRoute(target);
    return http.send({ route: `POST ${route}/reactions`, parameters: { ...parameters, content: reaction }, schema: ignoredAnswerSchema });
  },
  closeIssue: (issue) =>
    http.send({
      route: `PATCH ${ISSUE_ROUTE}`,
      parameters: { issue_number: issue, state: "closed", state_reason: "completed" },
      schema: ignoredAnswerSchema,
    }),
});
