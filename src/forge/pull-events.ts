import { happen, type Place } from "./happen.ts";
import { type PullIssue, reviewedPull, reviewShape, toldPull } from "./pull-shapes.ts";
import { lineCommentShape, threadShape } from "./line-comment-shapes.ts";
import type { Actor, Forge, Issue, LineComment, Repository, Review, Thread } from "./state.ts";
import type { Payload } from "./webhooks.ts";

export const isPull = (issue: Issue): issue is PullIssue => issue.pull !== null;

/** The test merge of a pull request, made anew under `refs/pull/<n>/merge`; null for a conflict or a branch that is gone. */
const testMerge = async (forge: Forge, repository: Repository, issue: PullIssue): Promise<Place | null> => {
  const { bare } = repository;
  const ref = `refs/pull/${issue.number}/merge`;
  const base = await bare.ref(`refs/heads/${issue.pull.baseRef}`);
  const head = await bare.commit(issue.pull.head);
  const tree = base !== null && head !== null ? await bare.mergeTree(base, head) : null;
  if (base === null || head === null || tree === null) return null;
  const by = { login: issue.by.login, at: forge.now() };
  const sha = await bare.commitTree(tree, { parents: [base, head], message: `Merge ${head} into ${base}`, by });
  await bare.point(ref, sha);
  // Checks of a pull request are those of its head, though the test merge is what they look at.
  return { ref, sha, on: { branch: issue.pull.headRef, sha: head } };
};

export type PullEvent = { readonly issue: Issue; readonly action: string; readonly actor: Actor; readonly more?: Payload };

/** A pull_request event; its workflows are those of the test merge. */
export const tellPull = (forge: Forge, repository: Repository, { issue, action, actor, more }: PullEvent): void => {
  if (!isPull(issue)) return;
  const payload = { action, number: issue.number, ...more, pull_request: toldPull(forge, repository, issue) };
  const place = (): Promise<Place | null> => testMerge(forge, repository, issue);
  happen(forge, repository, { event: "pull_request", payload, actor, place, ref: `refs/heads/${issue.pull.baseRef}`, title: issue.title });
};

type Reviewing = { readonly issue: PullIssue; readonly actor: Actor; readonly action: string; readonly changes?: Payload };

/** A review as its webhooks tell of it. */
export const tellReview = (forge: Forge, repository: Repository, of: Reviewing & { review: Review }): void => {
  const { issue, review, actor, action, changes } = of;
  const shape = reviewShape(forge, repository, { issue, review });
  const payload = {
    action,
    ...(changes && { changes }),
    review: { ...shape, body: review.body === "" ? null : review.body, state: review.state.toLowerCase() },
    pull_request: reviewedPull(forge, repository, issue),
  };
  const place = (): Promise<Place | null> => testMerge(forge, repository, issue);
  happen(forge, repository, { event: "pull_request_review", payload, actor, place, title: issue.title });
};

/** A comment on a line of a diff. */
export const tellLineComment = (forge: Forge, repository: Repository, of: Reviewing & { thread: Thread; comment: LineComment }): void => {
  const { issue, thread, comment, actor, action, changes } = of;
  const payload = {
    action,
    ...(changes && { changes }),
    comment: lineCommentShape(forge, repository, { issue, thread, comment }),
    pull_request: reviewedPull(forge, repository, issue),
  };
  const place = (): Promise<Place | null> => testMerge(forge, repository, issue);
  happen(forge, repository, { event: "pull_request_review_comment", payload, actor, place, title: issue.title });
};

/** A thread was resolved, or is open again: nothing changes where it is so already. */
export const setResolved = (
  forge: Forge,
  repository: Repository,
  of: { issue: PullIssue; actor: Actor; thread: Thread; resolved: boolean },
): void => {
  const { issue, actor, thread, resolved } = of;
  if ((thread.resolvedBy !== null) === resolved) return;
  thread.resolvedBy = resolved ? actor.account : null;
  const payload = {
    action: resolved ? "resolved" : "unresolved",
    thread: threadShape(forge, repository, { issue, thread }),
    pull_request: reviewedPull(forge, repository, issue),
  };
  happen(forge, repository, { event: "pull_request_review_thread", payload, actor, title: issue.title });
};

export type Merged = { readonly issue: PullIssue; readonly actor: Actor; readonly commit: string };

/** Marks a pull request as merged, and tells. */
export const markMerged = (forge: Forge, repository: Repository, { issue, actor, commit }: Merged): void => {
  const at = forge.now();
  issue.pull.merged = { at, by: actor.account, commit };
  issue.state = "closed";
  issue.closed = at;
  issue.updated = at;
  tellPull(forge, repository, { issue, action: "closed", actor });
};

/** Closes a pull request that is not merged. */
export const closePull = (forge: Forge, repository: Repository, of: { issue: PullIssue; actor: Actor }): void => {
  const at = forge.now();
  of.issue.state = "closed";
  of.issue.closed = at;
  of.issue.updated = at;
  tellPull(forge, repository, { issue: of.issue, action: "closed", actor: of.actor });
};

export type Drafted = { readonly issue: PullIssue; readonly actor: Actor; readonly draft: boolean };

/** Makes a pull request a draft, or says that it is none any more, and tells. */
export const setDraft = (forge: Forge, repository: Repository, { issue, actor, draft }: Drafted): void => {
  if (issue.pull.draft === draft) return;
  issue.pull.draft = draft;
  issue.updated = forge.now();
  tellPull(forge, repository, { issue, action: draft ? "converted_to_draft" : "ready_for_review", actor });
};
