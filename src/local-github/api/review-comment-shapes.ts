import { accountShape } from "./account-shape.ts";
import { type ApiJson, nodeId, repositoryUrl, formatTimestamp } from "./api-urls.ts";
import { authorAssociationOf, issueUrls, reactionRollup } from "./issue-shapes.ts";
import type { PullRequestIssue } from "./pull-shapes.ts";
import type { ForgeState } from "./forge-state.ts";
import type { ReviewComment, ReviewThread } from "./forge-pull.ts";
import type { ForgeRepository } from "./forge-repository.ts";

type ThreadedComment = { readonly issue: PullRequestIssue; readonly thread: ReviewThread; readonly comment: ReviewComment };

/** The lines of a thread. A comment on a whole file has none, and an outdated thread has no current lines. */
const threadPlaceShape = ({ subject, side, startSide, original, place, commit, hunk, path }: ReviewThread): ApiJson => ({
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

/** A comment on a diff in its routes and webhooks. */
export const reviewCommentShape = (
  forge: ForgeState,
  repository: ForgeRepository,
  { issue, thread, comment }: ThreadedComment,
): ApiJson => {
  const url = `${repositoryUrl(forge, repository)}/pulls/comments/${comment.id}`;
  const html = `${issueUrls(forge, repository, issue).html}#discussion_r${comment.id}`;
  const pull = `${repositoryUrl(forge, repository)}/pulls/${issue.number}`;
  const [first] = thread.comments;
  return {
    id: comment.id,
    node_id: nodeId("PullRequestReviewComment", comment.id),
    url,
    pull_request_review_id: comment.review,
    ...threadPlaceShape(thread),
    ...(first !== comment && { in_reply_to_id: thread.id }),
    user: accountShape(forge, comment.by),
    author_association: authorAssociationOf(repository, comment.by),
    body: comment.body,
    created_at: formatTimestamp(comment.created),
    updated_at: formatTimestamp(comment.updated),
    html_url: html,
    pull_request_url: pull,
    _links: { self: { href: url }, html: { href: html }, pull_request: { href: pull } },
    reactions: reactionRollup(url, comment.reactions),
  };
};

export const threadNodeId = ({ id }: ReviewThread): string => nodeId("PullRequestReviewThread", id);

/** A review thread in its webhooks. */
export const reviewThreadShape = (
  forge: ForgeState,
  repository: ForgeRepository,
  { issue, thread }: Omit<ThreadedComment, "comment">,
): ApiJson => ({
  node_id: threadNodeId(thread),
  comments: thread.comments.map((comment) => reviewCommentShape(forge, repository, { issue, thread, comment })),
});
