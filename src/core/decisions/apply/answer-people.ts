import type { Feedback, FeedbackItem } from "../../domain/feedback.ts";
import { hashValue, type Sha, toTaskId } from "../../domain/ids.ts";
import type { ThreadReply } from "../../domain/outcome.ts";
import { renderUnthreadedAnswers, renderThreadAnswer } from "../../messages/thread-answers.ts";
import { writeMarker } from "../../messages/comment-marker.ts";
import type { DecisionTransaction } from "../decision-transaction.ts";
import { feedbackOf } from "../next-feedback.ts";
import type { At } from "./fail-step.ts";

/** The result of an attempt: the new head, or null if the attempt left the head unchanged, and the agent's reply to each feedback item. */
export type Answering = At & { readonly head: Sha | null; readonly replies: readonly ThreadReply[] };

/** Whether the attempt received feedback to answer. */
export const isAnswer = (tx: DecisionTransaction, { execution, step }: At): boolean =>
  (givenTo(tx, { execution, step })?.items.length ?? 0) > 0;

const givenTo = (tx: DecisionTransaction, { execution, step }: At): Feedback | null =>
  feedbackOf(tx, toTaskId(execution.id, step.id), step.attempt);

/** Replies in every review thread that the attempt received, and answers feedback outside of threads in one comment. */
export const answerPeople = (tx: DecisionTransaction, answering: Answering): void => {
  const feedback = givenTo(tx, answering);
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
  if (others.length > 0) say(tx, { of, pull: feedback.pull, others, head });
};

type Other = { readonly item: Exclude<FeedbackItem, { kind: "thread" }>; readonly reply: ThreadReply };
type Saying = { readonly of: string; readonly pull: number; readonly others: readonly Other[]; readonly head: Sha | null };

const say = (tx: DecisionTransaction, { of, pull, others, head }: Saying): void => {
  const key = `write-comment:answers/${of}` as const;
  const marker = writeMarker({ kind: "answer", id: hashValue(key).slice(0, 12) });
  tx.enqueueEffect({
    kind: "write-comment",
    key,
    issue: pull,
    marker,
    body: `${marker}\n${renderUnthreadedAnswers(others, head)}`,
    comment: null,
  });
};
