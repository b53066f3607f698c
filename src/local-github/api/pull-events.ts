import { emitEvent } from "./emit-event.ts";
import { type EventSource } from "./forge-event.ts";
import { type PullRequestIssue, reviewEventPullShape, restReviewShape, pullEventShape } from "./pull-shapes.ts";
import { reviewCommentShape, reviewThreadShape } from "./review-comment-shapes.ts";
import type { RequestActor } from "./forge-actor.ts";
import type { ForgeState } from "./forge-state.ts";
import type { Issue } from "./forge-issue.ts";
import type { ReviewComment, SubmittedReview, ReviewThread } from "./forge-pull.ts";
import type { ForgeRepository } from "./forge-repository.ts";
import type { EventPayload } from "./webhook-event.ts";

export const isPullRequest = (issue: Issue): issue is PullRequestIssue => issue.pull !== null;

/**
 * Creates the test merge of a pull request under `refs/pull/<n>/merge`; null on a conflict or if a branch is missing.
 */
const createTestMerge = async (forge: ForgeState, repository: ForgeRepository, issue: PullRequestIssue): Promise<EventSource | null> => {
  const { bare } = repository;
  const ref = `refs/pull/${issue.number}/merge`;
  const base = await bare.readRef(`refs/heads/${issue.pull.baseRef}`);
  const head = await bare.resolveCommit(issue.pull.head);
  if (base === null || head === null) return null;
  // Workflows check out the test merge, but GitHub reports their checks on the head.
  const reportOn = { branch: issue.pull.headRef, sha: head };
  const known = await bare.readRef(ref);
  if (known !== null && bare.readParents(known).join(" ") === `${base} ${head}`) return { ref, sha: known, reportOn };
  const tree = await bare.mergeTree(base, head);
  if (tree === null) return null;
  const by = { login: issue.by.login, at: forge.now() };
  const sha = await bare.commitTree(tree, { parents: [base, head], message: `Merge ${head} into ${base}`, by });
  await bare.setRef(ref, sha);
  return { ref, sha, reportOn };
};

export type PullEvent = { readonly issue: Issue; readonly action: string; readonly actor: RequestActor; readonly more?: EventPayload };

/** Emits a pull_request event. Its workflow files come from the test merge. */
export const reportPullEvent = (forge: ForgeState, repository: ForgeRepository, { issue, action, actor, more }: PullEvent): void => {
  if (!isPullRequest(issue)) return;
  const payload = { action, number: issue.number, ...more, pull_request: pullEventShape(forge, repository, issue) };
  const findSource = (): Promise<EventSource | null> => createTestMerge(forge, repository, issue);
  emitEvent(forge, repository, {
    event: "pull_request",
    payload,
    actor,
    findSource,
    ref: `refs/heads/${issue.pull.baseRef}`,
    title: issue.title,
  });
};

type ReviewActivity = {
  readonly issue: PullRequestIssue;
  readonly actor: RequestActor;
  readonly action: string;
  readonly changes?: EventPayload;
};

/** Emits the event of a review. */
export const reportReviewEvent = (
  forge: ForgeState,
  repository: ForgeRepository,
  activity: ReviewActivity & { review: SubmittedReview },
): void => {
  const { issue, review, actor, action, changes } = activity;
  const shape = restReviewShape(forge, repository, { issue, review });
  const payload = {
    action,
    ...(changes && { changes }),
    review: { ...shape, body: review.body === "" ? null : review.body, state: review.state.toLowerCase() },
    pull_request: reviewEventPullShape(forge, repository, issue),
  };
  const findSource = (): Promise<EventSource | null> => createTestMerge(forge, repository, issue);
  emitEvent(forge, repository, { event: "pull_request_review", payload, actor, findSource, title: issue.title });
};

/** Emits the event of a comment on a diff. */
export const reportReviewComment = (
  forge: ForgeState,
  repository: ForgeRepository,
  activity: ReviewActivity & { thread: ReviewThread; comment: ReviewComment },
): void => {
  const { issue, thread, comment, actor, action, changes } = activity;
  const payload = {
    action,
    ...(changes && { changes }),
    comment: reviewCommentShape(forge, repository, { issue, thread, comment }),
    pull_request: reviewEventPullShape(forge, repository, issue),
  };
  const findSource = (): Promise<EventSource | null> => createTestMerge(forge, repository, issue);
  emitEvent(forge, repository, { event: "pull_request_review_comment", payload, actor, findSource, title: issue.title });
};

/** Resolves or reopens a thread and emits the event, unless its state already matches. */
export const changeThreadResolution = (
  forge: ForgeState,
  repository: ForgeRepository,
  change: { issue: PullRequestIssue; actor: RequestActor; thread: ReviewThread; resolved: boolean },
): void => {
  const { issue, actor, thread, resolved } = change;
  if ((thread.resolvedBy !== null) === resolved) return;
  thread.resolvedBy = resolved ? actor.account : null;
  const payload = {
    action: resolved ? "resolved" : "unresolved",
    thread: reviewThreadShape(forge, repository, { issue, thread }),
    pull_request: reviewEventPullShape(forge, repository, issue),
  };
  emitEvent(forge, repository, { event: "pull_request_review_thread", payload, actor, title: issue.title });
};

export type MergedPull = { readonly issue: PullRequestIssue; readonly actor: RequestActor; readonly commit: string };

/** Marks a pull request as merged and emits the event. */
export const markPullMerged = (forge: ForgeState, repository: ForgeRepository, { issue, actor, commit }: MergedPull): void => {
  const at = forge.now();
  issue.pull.merged = { at, by: actor.account, commit };
  issue.state = "closed";
  issue.closed = at;
  issue.updated = at;
  reportPullEvent(forge, repository, { issue, action: "closed", actor });
};

/** Closes a pull request without a merge and emits the event. */
export const closeUnmergedPull = (
  forge: ForgeState,
  repository: ForgeRepository,
  { issue, actor }: { issue: PullRequestIssue; actor: RequestActor },
): void => {
  const at = forge.now();
  issue.state = "closed";
  issue.closed = at;
  issue.updated = at;
  reportPullEvent(forge, repository, { issue, action: "closed", actor });
};

export type DraftChange = { readonly issue: PullRequestIssue; readonly actor: RequestActor; readonly draft: boolean };

/** Changes the draft state of a pull request and emits the event, unless it already matches. */
export const changeDraftState = (forge: ForgeState, repository: ForgeRepository, { issue, actor, draft }: DraftChange): void => {
  if (issue.pull.draft === draft) return;
  issue.pull.draft = draft;
  issue.updated = forge.now();
  reportPullEvent(forge, repository, { issue, action: draft ? "converted_to_draft" : "ready_for_review", actor });
};
