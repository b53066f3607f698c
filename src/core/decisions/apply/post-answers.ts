import { digestEffect, type Effect } from "../../domain/effect.ts";
import { hashValue } from "../../domain/ids.ts";
import { type SharedReply, toSharedReplyKey } from "../../domain/shared-reply.ts";
import { writeMarker } from "../../messages/comment-marker.ts";
import { renderAnsweredText } from "../../messages/shared-reply-text.ts";
import type { EffectWriter } from "../decision-transaction.ts";
import type { CommandedEvent } from "./commanded-event.ts";

/** An answer's text. `shared`: the comment of the issue that the answer replaces; null for a comment of its own. */
export type AnswerText = { readonly text: string; readonly shared: SharedReply | null };

/** A unique id for the answer to an event. */
export const toReplyId = ({ id, issue, source }: CommandedEvent): string => {
  switch (source.kind) {
    case "comment":
      return String(source.id);
    case "issue":
      return `issue${issue}`;
    case "review":
      return `review${source.id}`;
    case "review-comment":
      return `line${source.id}`;
    case "label":
    case "assignment":
    case "request":
      return hashValue(id).slice(0, 12);
  }
};

/** Posts the answers to one event: in its thread, in a comment of its own, or in a shared comment. */
export const postAnswers = (tx: EffectWriter, event: CommandedEvent, answers: readonly AnswerText[]): void => {
  const id = toReplyId(event);
  const marker = writeMarker({ kind: "reply", id });
  const { source, issue } = event;
  const join = (texts: readonly AnswerText[]): string => [marker, ...texts.map(({ text }) => text)].join("\n\n");
  if (source.kind === "review-comment") {
    const reply = { pull: issue, comment: source.thread, marker, body: join(answers) };
    if (answers.length > 0) tx.enqueueEffect({ kind: "reply-review-comment", key: `reply-review-comment:${id}`, ...reply });
    return;
  }
  const own = answers.filter(({ shared }) => shared === null);
  if (own.length > 0)
    tx.enqueueEffect({ kind: "write-comment", key: `write-comment:reply/${id}`, issue, marker, body: join(own), comment: null });
  for (const kind of new Set(answers.flatMap(({ shared }) => shared ?? []))) {
    const texts = answers.flatMap(({ text, shared }) => (shared === kind ? [text] : []));
    postSharedAnswer(tx, event, { kind, texts });
  }
};

type SharedAnswer = { readonly kind: SharedReply; readonly texts: readonly string[] };

const postSharedAnswer = (tx: EffectWriter, { issue, source, by }: CommandedEvent, { kind, texts }: SharedAnswer): void => {
  const key = toSharedReplyKey(kind, issue);
  const known = tx.effectRecord(key);
  const marker = writeMarker({ kind: "reply", id: `${kind}${issue}` });
  const answered = renderAnsweredText({ repositoryUrl: tx.snapshot.repositoryUrl, issue, source, by });
  const body = [marker, answered, ...texts].join("\n\n");
  const effect: Effect = { kind: "write-comment", key, issue, marker, body, comment: known?.number ?? null };
  // GitHub may accept an answer after refusing an earlier answer.
  if (known?.refused) tx.deleteEffectRecord(key);
  else if (known?.digest === digestEffect(effect)) return;
  tx.enqueueEffect(effect);
};
