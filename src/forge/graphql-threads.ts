import { may, mayPush } from "./access.ts";
import { nodeId, time } from "./addresses.ts";
import { threadNode } from "./line-comment-shapes.ts";
import { isPull, setResolved } from "./pull-events.ts";
import type { PullIssue } from "./pull-shapes.ts";
import { lineComments } from "./threads.ts";
import type { Account, Actor, Forge, LineComment, Repository, Review, Thread } from "./state.ts";

const authorShape = ({ id, login, type }: Account) => ({ __typename: type, id: nodeId("User", id), login });

/** A page of a connection, and a cursor for the next one: the place of its last item. */
export type Slice = { readonly first?: number; readonly after?: string };
export const connection = <T>(items: readonly T[], { first = items.length, after }: Slice, shape: (item: T) => object): object => {
  const start = after === undefined || after === null ? 0 : Number(Buffer.from(after, "base64").toString("utf8")) + 1;
  const page = items.slice(start, start + first);
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

const threadShape = (thread: Thread): object => ({
  id: threadNode(thread),
  isResolved: thread.resolvedBy !== null,
  resolvedBy: thread.resolvedBy && authorShape(thread.resolvedBy),
  isOutdated: thread.place === null,
  path: thread.path,
  line: thread.place?.line ?? null,
  originalLine: thread.original.line,
  comments: (slice: Slice) => connection(thread.comments, slice, commentShape),
});

const commentShape = ({ id, by, body, created, published, edited }: LineComment): object => ({
  __typename: "PullRequestReviewComment",
  id: nodeId("PullRequestReviewComment", id),
  databaseId: id,
  body,
  author: authorShape(by),
  createdAt: time(created),
  publishedAt: time(published),
  lastEditedAt: edited === undefined ? null : time(edited),
});

/** The comment of a node id, if the actor may read it; null where there is none. */
export const commentOfNode = (forge: Forge, actor: Actor, id: string): object | null => {
  for (const repository of forge.repositories.values()) {
    if (!may(actor, repository, { scope: "pull_requests", level: "read" })) continue;
    const found = lineComments(repository).find(({ comment }) => nodeId("PullRequestReviewComment", comment.id) === id);
    if (found) return commentShape(found.comment);
  }
  return null;
};

const reviewShape = ({ id, by, body, at, edited }: Review): object => ({
  id: nodeId("PullRequestReview", id),
  databaseId: id,
  body,
  author: authorShape(by),
  submittedAt: time(at),
  lastEditedAt: edited === undefined ? null : time(edited),
});

/** What GraphQL alone tells of the reviews of a pull request. */
export const reviewingShape = ({ pull }: PullIssue): object => ({
  reviewThreads: (slice: Slice) => connection(pull.threads, slice, threadShape),
  reviews: (slice: Slice) => connection(pull.reviews, slice, reviewShape),
});

type Found = { readonly repository: Repository; readonly issue: PullIssue; readonly thread: Thread };

/** The thread of a node id; null where there is none. */
export const threadOfNode = (forge: Forge, id: string): Found | null => {
  for (const repository of forge.repositories.values()) {
    for (const issue of [...repository.issues.values()].filter(isPull)) {
      const thread = issue.pull.threads.find((each) => threadNode(each) === id);
      if (thread) return { repository, issue, thread };
    }
  }
  return null;
};

/** Resolves a thread or opens it again; null where the actor may do neither: that is who wrote the pull request or may write. */
export const resolve = (forge: Forge, { repository, issue, thread }: Found, of: { actor: Actor; resolved: boolean }): object | null => {
  const { actor } = of;
  const { login } = actor.account;
  if (actor.kind === "user" && login !== issue.by.login && !mayPush(repository, login)) return null;
  setResolved(forge, repository, { issue, thread, ...of });
  return threadShape(thread);
};
