import { isPermitted, mayPush } from "./repository-access.ts";
import { nodeId, formatTimestamp } from "./api-urls.ts";
import { threadNodeId } from "./review-comment-shapes.ts";
import { isPullRequest, changeThreadResolution } from "./pull-events.ts";
import type { PullRequestIssue } from "./pull-shapes.ts";
import { listReviewThreadComments } from "./review-threads.ts";
import type { ForgeAccount, RequestActor } from "./forge-actor.ts";
import type { ForgeState } from "./forge-state.ts";
import type { ReviewComment, ReviewThread } from "./forge-pull.ts";
import type { ForgeRepository } from "./forge-repository.ts";

const authorShape = ({ id, login, type }: ForgeAccount) => ({ __typename: type, id: nodeId("User", id), login });

/** A page of a connection, from its start or from its end. The cursor for the next page is the position of its last item. */
export type ConnectionSlice = { readonly first?: number; readonly last?: number; readonly after?: string };
export const connectionShape = <T>(
  items: readonly T[],
  { first, last: final, after }: ConnectionSlice,
  shape: (item: T) => object,
): object => {
  const fromEnd = first === undefined && final !== undefined ? Math.max(0, items.length - final) : 0;
  const start = after === undefined || after === null ? fromEnd : Number(Buffer.from(after, "base64").toString("utf8")) + 1;
  const page = items.slice(start, start + (first ?? items.length));
  const last = start + page.length - 1;
  return {
    totalCount: items.length,
    nodes: page.map(shape),
    pageInfo: {
      hasNextPage: last + 1 < items.length,
      hasPreviousPage: start > 0,
      endCursor: page.length === 0 ? null : Buffer.from(String(last)).toString("base64"),
    },
  };
};

const graphqlThreadShape = (thread: ReviewThread): object => ({
  id: threadNodeId(thread),
  isResolved: thread.resolvedBy !== null,
  resolvedBy: thread.resolvedBy && authorShape(thread.resolvedBy),
  isOutdated: thread.place === null,
  path: thread.path,
  line: thread.place?.line ?? null,
  originalLine: thread.original.line,
  comments: (slice: ConnectionSlice) => connectionShape(thread.comments, slice, graphqlCommentShape),
});

const graphqlCommentShape = ({ id, by, body, created, published, edited }: ReviewComment): object => ({
  __typename: "PullRequestReviewComment",
  id: nodeId("PullRequestReviewComment", id),
  databaseId: id,
  body,
  author: authorShape(by),
  createdAt: formatTimestamp(created),
  publishedAt: formatTimestamp(published),
  lastEditedAt: edited === undefined ? null : formatTimestamp(edited),
});

/** Finds the comment of a node id; null if it does not exist or the actor may not read it. */
export const findCommentByNode = (forge: ForgeState, actor: RequestActor, id: string): object | null => {
  for (const repository of forge.repositories.values()) {
    if (!isPermitted(actor, repository, { scope: "pull_requests", level: "read" })) continue;
    const found = listReviewThreadComments(repository).find(({ comment }) => nodeId("PullRequestReviewComment", comment.id) === id);
    if (found) return graphqlCommentShape(found.comment);
  }
  return null;
};

/** Review threads of a pull request, in the form of GraphQL. */
export const threadConnection = ({ pull }: PullRequestIssue): object => ({
  reviewThreads: (slice: ConnectionSlice) => connectionShape(pull.threads, slice, graphqlThreadShape),
});

type FoundThread = { readonly repository: ForgeRepository; readonly issue: PullRequestIssue; readonly thread: ReviewThread };

/** Finds the thread of a node id; null if it does not exist. */
export const findThreadByNode = (forge: ForgeState, id: string): FoundThread | null => {
  for (const repository of forge.repositories.values()) {
    for (const issue of [...repository.issues.values()].filter(isPullRequest)) {
      const thread = issue.pull.threads.find((each) => threadNodeId(each) === id);
      if (thread) return { repository, issue, thread };
    }
  }
  return null;
};

/** Resolves or reopens a thread. Returns null unless the actor wrote the pull request or has write access. */
export const applyThreadResolution = (
  forge: ForgeState,
  { repository, issue, thread }: FoundThread,
  change: { actor: RequestActor; resolved: boolean },
): object | null => {
  const { actor } = change;
  const { login } = actor.account;
  if (actor.kind === "user" && login !== issue.by.login && !mayPush(repository, login)) return null;
  changeThreadResolution(forge, repository, { issue, thread, ...change });
  return graphqlThreadShape(thread);
};
