import { account } from "./account-shape.ts";
import { type Json, nodeId, repositoryUrl, time } from "./addresses.ts";
import { association, issueUrls, rollup } from "./issue-shapes.ts";
import type { PullIssue } from "./pull-shapes.ts";
import type { Forge, LineComment, Repository, Thread } from "./state.ts";

type Of = { readonly issue: PullIssue; readonly thread: Thread; readonly comment: LineComment };

/** The lines of a thread; a comment on a whole file has none, and an outdated one none of the present head. */
const placeShape = ({ subject, side, startSide, original, place, commit, hunk, path }: Thread): Json => ({
  path,
  diff_hunk: hunk,
  commit_id: commit,
  original_commit_id: original.commit,
  subject_type: subject,
  position: subject === "file" ? 1 : (place?.position ?? null),
  original_position: original.position,
  line: subject === "file" ? 1 : (place?.line ?? null),
  original_line: original.line,
  side,
  start_line: place?.startLine ?? null,
  original_start_line: original.startLine,
  start_side: startSide,
});

/** A comment on a diff, as its own routes and webhooks tell of it. */
export const lineCommentShape = (forge: Forge, repository: Repository, { issue, thread, comment }: Of): Json => {
  const url = `${repositoryUrl(forge, repository)}/pulls/comments/${comment.id}`;
  const html = `${issueUrls(forge, repository, issue).html}#discussion_r${comment.id}`;
  const pull = `${repositoryUrl(forge, repository)}/pulls/${issue.number}`;
  const [first] = thread.comments;
  return {
    id: comment.id,
    node_id: nodeId("PullRequestReviewComment", comment.id),
    url,
    pull_request_review_id: comment.review,
    ...placeShape(thread),
    ...(first !== comment && { in_reply_to_id: thread.id }),
    user: account(forge, comment.by),
    author_association: association(repository, comment.by),
    body: comment.body,
    created_at: time(comment.created),
    updated_at: time(comment.updated),
    html_url: html,
    pull_request_url: pull,
    _links: { self: { href: url }, html: { href: html }, pull_request: { href: pull } },
    reactions: rollup(url, comment.reactions),
  };
};

export const threadNode = ({ id }: Thread): string => nodeId("PullRequestReviewThread", id);

/** A thread, as its webhooks tell of it. */
export const threadShape = (forge: Forge, repository: Repository, { issue, thread }: Omit<Of, "comment">): Json => ({
  node_id: threadNode(thread),
  comments: thread.comments.map((comment) => lineCommentShape(forge, repository, { issue, thread, comment })),
});
