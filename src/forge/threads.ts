import { z } from "zod";
import { type Call, created } from "./exchange.ts";
import { lineCommentShape } from "./line-comment-shapes.ts";
import { tellLineComment, tellReview } from "./pull-events.ts";
import { follow, isChanged, placeIn, type Range } from "./patches.ts";
import type { PullIssue } from "./pull-shapes.ts";
import { type LineComment, nextId, type PendingReview, type Repository, type Review, type Thread } from "./state.ts";

const side = z.enum(["LEFT", "RIGHT"]);
/** Where a comment on a diff goes. */
export const lines = {
  path: z.string(),
  body: z.string(),
  line: z.int().positive().optional(),
  side: side.default("RIGHT"),
  start_line: z.int().positive().nullish(),
  start_side: side.nullish(),
};
const newLines = z.object(lines);
export type NewLines = z.output<typeof newLines> & { readonly subject: Thread["subject"] };

const rangeOf = ({ line, side: of, start_line, start_side }: NewLines): Range | null =>
  line === undefined ? null : { line, side: of, startLine: start_line ?? null, startSide: start_line ? (start_side ?? of) : null };

/** What of a new comment GitHub cannot place: its file, its line, or where its range begins. */
export type Unplaced = "path" | "line" | "start_line";
export type Drawn = Pick<Thread, "path" | "subject" | "side" | "startSide" | "original" | "hunk" | "commit" | "place">;

const WHOLE = { line: 1, startLine: null, position: 1 };

/** Where a new comment stands in the diff of a commit, and in that of the present head. */
export const draw = async (
  { repository }: Call,
  { pull }: PullIssue,
  { input, commit }: { input: NewLines; commit: string },
): Promise<Drawn | Unplaced> => {
  const { bare } = repository;
  const { path, subject } = input;
  const at = { base: pull.baseSha, head: commit };
  if (subject === "file") {
    if (!(await isChanged(bare, at, path))) return "path";
    return { path, subject, side: "RIGHT", startSide: null, hunk: "", commit: pull.head, original: { ...WHOLE, commit }, place: WHOLE };
  }
  const range = rangeOf(input);
  if (!range) return "line";
  const placed = await placeIn(bare, at, { path, range });
  if (placed === null) return "path";
  if (typeof placed === "string") return placed;
  const { line, startLine, startSide } = range;
  const first = { line, startLine, position: placed.position };
  const drawn = { path, subject, side: range.side, startSide, hunk: placed.hunk, original: { ...first, commit } };
  return { ...drawn, commit, place: first };
};

/** The threads of a pull request at another head or base: those whose lines are not in the diff any more are outdated. */
export const moveThreads = async ({ bare }: Repository, issue: PullIssue, before: { base: string; head: string }): Promise<void> => {
  const { pull } = issue;
  const after = { base: pull.baseSha, head: pull.head };
  for (const thread of [...pull.threads, ...pull.pending.flatMap(({ threads }) => threads)]) {
    const { path, place, side: of, startSide, subject } = thread;
    if (place === null) continue;
    if (subject === "file") {
      thread.place = (await isChanged(bare, after, path)) ? place : null;
      if (thread.place) thread.commit = after.head;
      continue;
    }
    const range = { line: place.line, side: of, startLine: place.startLine, startSide };
    const next = await follow(bare, { before, after }, { path, range });
    thread.place = next && { line: next.line, startLine: next.startLine, position: next.position };
    if (next) thread.commit = after.head;
  }
};

type Added = { readonly review: Pick<Review, "id">; readonly body: string };

const newComment = ({ forge, actor }: Call, { review, body }: Added): LineComment => {
  const now = forge.now();
  return { id: nextId(forge), review: review.id, by: actor().account, body, created: now, updated: now, published: now, reactions: [] };
};

type Begun = { readonly thread: Thread; readonly comment: LineComment };

/** A thread with its first comment, which belongs to no pull request yet. */
export const newThread = (call: Call, of: Added & { drawn: Drawn }): Begun => {
  const comment = newComment(call, of);
  return { thread: { id: comment.id, ...of.drawn, resolvedBy: null, comments: [comment] }, comment };
};

/** A new thread with its first comment. */
export const addThread = (call: Call, issue: PullIssue, of: Added & { drawn: Drawn }): Begun => {
  const begun = newThread(call, of);
  issue.pull.threads.push(begun.thread);
  return begun;
};

/** The comments of a pending review, where they are submitted with it. */
export const publishThreads = (issue: PullIssue, { threads }: PendingReview, now: number): readonly Begun[] =>
  threads.flatMap((thread) => {
    issue.pull.threads.push(thread);
    return thread.comments.map((comment) => {
      comment.updated = now;
      comment.published = now;
      return { thread, comment };
    });
  });

export const addReply = (call: Call, thread: Thread, of: Added): LineComment => {
  const comment = newComment(call, of);
  thread.comments.push(comment);
  return comment;
};

/** A comment of its own and a reply are a review without words, as GitHub has it. */
export const silentReview = (call: Call, issue: PullIssue): Review => {
  const { forge } = call;
  const review = { id: nextId(forge), by: call.actor().account, state: "COMMENTED", body: "", commit: issue.pull.head, at: forge.now() };
  issue.pull.reviews.push(review);
  issue.updated = review.at;
  return review;
};

/** Answers with a comment that was just made, and tells of it and of its review. */
export const toldComment = (call: Call, issue: PullIssue, of: { review: Review; thread: Thread; comment: LineComment }) => {
  const { forge, repository } = call;
  const actor = call.actor();
  tellReview(forge, repository, { issue, review: of.review, actor, action: "submitted" });
  tellLineComment(forge, repository, { issue, ...of, actor, action: "created" });
  return created(lineCommentShape(forge, repository, { issue, ...of }));
};

export type Found = { readonly issue: PullIssue; readonly thread: Thread; readonly comment: LineComment };

/** All comments on diffs of a repository. */
export const lineComments = (repository: Repository): Found[] =>
  [...repository.issues.values()].flatMap((issue) =>
    issue.pull ? threadsOf({ ...issue, pull: issue.pull }).map((found) => ({ ...found, issue: issue as PullIssue })) : [],
  );

/** The comments on the diff of a pull request, oldest first. */
export const threadsOf = (issue: PullIssue): Found[] =>
  issue.pull.threads
    .flatMap((thread) => thread.comments.map((comment) => ({ issue, thread, comment })))
    .sort((a, b) => a.comment.id - b.comment.id);
