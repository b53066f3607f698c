import type { Feedback, FeedbackItem } from "../../domain/feedback.ts";
import { hashValue, type Sha, toTaskId } from "../../domain/ids.ts";
import type { ThreadReply } from "../../domain/outcome.ts";
import { renderUnthreadedAnswers, renderThreadAnswer } from "../../messages/thread-answers.ts";
import { writeMarker } from "../../messages/comment-marker.ts";
import type { LedgerReader, EffectWriter } from "../decision-transaction.ts";
import { findFeedback } from "../next-feedback.ts";
import { type StepContext } from "../find-step.ts";

/** The result of an attempt: the new head, or null if the attempt left the head unchanged, and the agent's reply to each feedback item. */
export type AttemptReply = StepContext & { readonly head: Sha | null; readonly replies: readonly ThreadReply[] };

/** Whether the attempt received feedback to answer. */
export const isAnsweringFeedback = (tx: LedgerReader, { execution, step }: StepContext): boolean =>
  (findGivenFeedback(tx, { execution, step })?.items.length ?? 0) > 0;

const findGivenFeedback = (tx: LedgerReader, { execution, step }: StepContext): Feedback | null =>
  findFeedback(tx, toTaskId(execution.id, step.id), step.attempt);

/** Replies in every review thread that the attempt received, and answers feedback outside of threads in one comment. */
export const postFeedbackReplies = (tx: EffectWriter, answering: AttemptReply): void => {
  const feedback = findGivenFeedback(tx, answering);
  if (!feedback) return;
  const { execution, step, head, replies } = answering;
  const of = `${toTaskId(execution.id, step.id)}/${step.attempt}`;
  const numbered = feedback.items.map((item, index) => ({ item, reply: replies.findLast(({ comment }) => comment === index + 1) ?? null }));
  for (const { item, reply } of numbered) {
    if (item.kind !== "thread") continue;
    const key = `reply-review-comment:${item.thread}/${of}` as const;
    const marker = writeMarker({ kind: "answer", id: hashValue(key).slice(0, 12) });
    tx.enqueueEffect({
      kind: "reply-review-comment",
      key,
      pull: feedback.pull,
      comment: item.thread,
      marker,
      body: `${marker}\n${renderThreadAnswer(reply, head)}`,
    });
  }
  const others = numbered.flatMap(({ item, reply }) => (item.kind === "thread" || !reply ? [] : [{ item, reply }]));
  if (others.length > 0) postUnthreadedAnswers(tx, { attemptKey: of, pull: feedback.pull, answers: others, head });
};

type UnthreadedReply = { readonly item: Exclude<FeedbackItem, { kind: "thread" }>; readonly reply: ThreadReply };
type UnthreadedAnswers = {
  readonly attemptKey: string;
  readonly pull: number;
  readonly answers: readonly UnthreadedReply[];
  readonly head: Sha | null;
};

const postUnthreadedAnswers = (tx: EffectWriter, { attemptKey, pull, answers, head }: UnthreadedAnswers): void => {
  const key = `write-comment:answers/${attemptKey}` as const;
  const marker = writeMarker({ kind: "answer", id: hashValue(key).slice(0, 12) });
  tx.enqueueEffect({
    kind: "write-comment",
    key,
    issue: pull,
    marker,
    body: `${marker}\n${renderUnthreadedAnswers(answers, head)}`,
    comment: null,
  });
};
