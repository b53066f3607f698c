import { z } from "zod";
import { type ApiCall, createdReply } from "./api-call.ts";
import { reviewCommentShape } from "./review-comment-shapes.ts";
import { reportReviewComment, reportReviewEvent } from "./pull-events.ts";
import { relocateRange, isFileChanged, locateInDiff, type DiffRange } from "./relocate-range.ts";
import type { PullRequestIssue } from "./pull-shapes.ts";
import { type ReviewComment, type PendingReview, type SubmittedReview, type ReviewThread } from "./forge-pull.ts";
import { takeNextId } from "./forge-state.ts";
import { type ForgeRepository } from "./forge-repository.ts";

const sideSchema = z.enum(["LEFT", "RIGHT"]);
/** The place and the text of a comment on a diff. */
export const lineFields = {
  path: z.string(),
  body: z.string(),
  line: z.int().positive().optional(),
  side: sideSchema.default("RIGHT"),
  start_line: z.int().positive().nullish(),
  start_side: sideSchema.nullish(),
};
const newLinesSchema = z.object(lineFields);
export type NewLineComment = z.output<typeof newLinesSchema> & { readonly subject: ReviewThread["subject"] };

const readDiffRange = ({ line, side, start_line, start_side }: NewLineComment): DiffRange | null =>
  line === undefined ? null : { line, side, startLine: start_line ?? null, startSide: start_line ? (start_side ?? side) : null };

/** The part of a new comment that GitHub cannot place: its file, its line or the start of its range. */
export type UnplacedPart = "path" | "line" | "start_line";
export type PlacedThread = Pick<ReviewThread, "path" | "subject" | "side" | "startSide" | "original" | "hunk" | "commit" | "place">;

const WHOLE_FILE_PLACE = { line: 1, startLine: null, position: 1 };

/** Places a new comment in the diff of a commit and in the diff of the current head. */
export const placeComment = async (
  { repository }: ApiCall,
  { pull }: PullRequestIssue,
  { input, commit }: { input: NewLineComment; commit: string },
): Promise<PlacedThread | UnplacedPart> => {
  const { bare } = repository;
  const { path, subject } = input;
  const compared = { base: pull.baseSha, head: commit };
  if (subject === "file") {
    if (!(await isFileChanged(bare, compared, path))) return "path";
    return {
      path,
      subject,
      side: "RIGHT",
      startSide: null,
      hunk: "",
      commit: pull.head,
      original: { ...WHOLE_FILE_PLACE, commit },
      place: WHOLE_FILE_PLACE,
    };
  }
  const range = readDiffRange(input);
  if (!range) return "line";
  const placed = await locateInDiff(bare, compared, { path, range });
  if (placed === null) return "path";
  if (typeof placed === "string") return placed;
  const { line, startLine, startSide } = range;
  const first = { line, startLine, position: placed.position };
  const placement = { path, subject, side: range.side, startSide, hunk: placed.hunk, original: { ...first, commit } };
  return { ...placement, commit, place: first };
};

/** Moves the threads of a pull request to a new head or base. A thread becomes outdated if its lines leave the diff. */
export const relocateThreads = async (
  { bare }: ForgeRepository,
  issue: PullRequestIssue,
  before: { base: string; head: string },
): Promise<void> => {
  const { pull } = issue;
  const after = { base: pull.baseSha, head: pull.head };
  for (const thread of [...pull.threads, ...pull.pending.flatMap(({ threads }) => threads)]) {
    const { path, place, side, startSide, subject } = thread;
    if (place === null) continue;
    if (subject === "file") {
      thread.place = (await isFileChanged(bare, after, path)) ? place : null;
      if (thread.place) thread.commit = after.head;
      continue;
    }
    const range = { line: place.line, side, startLine: place.startLine, startSide };
    const next = await relocateRange(bare, { before, after }, { path, range });
    thread.place = next && { line: next.line, startLine: next.startLine, position: next.position };
    if (next) thread.commit = after.head;
  }
};

type CommentInput = { readonly review: Pick<SubmittedReview, "id">; readonly body: string };

const createThreadComment = ({ forge, actor }: ApiCall, { review, body }: CommentInput): ReviewComment => {
  const now = forge.now();
  return { id: takeNextId(forge), review: review.id, by: actor().account, body, created: now, updated: now, published: now, reactions: [] };
};

type StartedThread = { readonly thread: ReviewThread; readonly comment: ReviewComment };

/** Creates a thread with its first comment, without adding it to the pull request. */
export const createThread = (call: ApiCall, input: CommentInput & { placement: PlacedThread }): StartedThread => {
  const comment = createThreadComment(call, input);
  return { thread: { id: comment.id, ...input.placement, resolvedBy: null, comments: [comment] }, comment };
};

/** Adds a new thread with its first comment. */
export const addThread = (call: ApiCall, issue: PullRequestIssue, input: CommentInput & { placement: PlacedThread }): StartedThread => {
  const added = createThread(call, input);
  issue.pull.threads.push(added.thread);
  return added;
};

/** Adds the threads of a pending review to the pull request when the review is submitted. */
export const publishThreads = (issue: PullRequestIssue, { threads }: PendingReview, now: number): readonly StartedThread[] =>
  threads.flatMap((thread) => {
    issue.pull.threads.push(thread);
    return thread.comments.map((comment) => {
      comment.updated = now;
      comment.published = now;
      return { thread, comment };
    });
  });

export const addReply = (call: ApiCall, thread: ReviewThread, input: CommentInput): ReviewComment => {
  const comment = createThreadComment(call, input);
  thread.comments.push(comment);
  return comment;
};

/** GitHub records a single comment or reply as a review without a text. */
export const addCommentReview = (call: ApiCall, issue: PullRequestIssue): SubmittedReview => {
  const { forge } = call;
  const review = {
    id: takeNextId(forge),
    by: call.actor().account,
    state: "COMMENTED",
    body: "",
    commit: issue.pull.head,
    at: forge.now(),
  };
  issue.pull.reviews.push(review);
  issue.updated = review.at;
  return review;
};

/** Answers with a new comment and emits the events of the comment and its review. */
export const reportAddedComment = (
  call: ApiCall,
  issue: PullRequestIssue,
  added: { review: SubmittedReview; thread: ReviewThread; comment: ReviewComment },
) => {
  const { forge, repository } = call;
  const actor = call.actor();
  reportReviewEvent(forge, repository, { issue, review: added.review, actor, action: "submitted" });
  reportReviewComment(forge, repository, { issue, ...added, actor, action: "created" });
  return createdReply(reviewCommentShape(forge, repository, { issue, ...added }));
};

export type LocatedComment = { readonly issue: PullRequestIssue; readonly thread: ReviewThread; readonly comment: ReviewComment };

export const listReviewThreadComments = (repository: ForgeRepository): LocatedComment[] =>
  [...repository.issues.values()].flatMap((issue) =>
    issue.pull ? listThreadComments({ ...issue, pull: issue.pull }).map((found) => ({ ...found, issue: issue as PullRequestIssue })) : [],
  );

export const listThreadComments = (issue: PullRequestIssue): LocatedComment[] =>
  issue.pull.threads
    .flatMap((thread) => thread.comments.map((comment) => ({ issue, thread, comment })))
    .sort((a, b) => a.comment.id - b.comment.id);
