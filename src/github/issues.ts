import type { ReactionTarget } from "../model/effect.ts";
import type { Millis } from "../model/ids.ts";
import { anything, comments as commentList, created, issue as issueText, thread } from "./answers.ts";
import { type Http, PER_PAGE, readAll } from "./http.ts";
import { openIssueChanges } from "./issue-changes.ts";
import type { Issues } from "./ports.ts";
import { listSince } from "./since.ts";
import { readTextsAt } from "./texts.ts";

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

export const openIssues = (http: Http, clock: () => Millis): Issues => ({
  commentsSince: (since) => listSince(http, { route: `GET ${COMMENTS}`, schema: commentList, clock }, since),
  ...openIssueChanges(http),
  read: (issue) => http.get({ route: `GET ${ISSUE}`, parameters: { issue_number: issue }, schema: issueText }),
  textsAt: (issue, at) => readTextsAt(http, issue, at),
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
