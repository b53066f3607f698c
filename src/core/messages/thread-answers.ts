import type { FeedbackItem } from "../domain/feedback.ts";
import type { Sha } from "../domain/ids.ts";
import type { ThreadReply } from "../domain/outcome.ts";
import { escapeInline, quoteText, escapeSentence } from "./escape.ts";

const MAX_THREAD_ANSWER_CHARS = 5_000;
const SHORT_COMMIT_CHARS = 12;

/** GitHub links this form of a commit. */
const formatShortCommit = (sha: Sha): string => sha.slice(0, SHORT_COMMIT_CHARS);

/** An agent's text after Enki's heading: on the same line if it is one line, otherwise as a quote below. */
const appendAgentWords = (heading: string, words: string): string => {
  const text = words.trim();
  if (text === "") return `${heading}.`;
  return text.includes("\n")
    ? `${heading}:\n\n${quoteText(text, { limit: MAX_THREAD_ANSWER_CHARS, keep: "start" })}`
    : `${heading}: ${escapeSentence(text, MAX_THREAD_ANSWER_CHARS)}`;
};

/** The answer in a thread: the commit that addresses the remark, the reason for no change, or that the agent did not reply. */
export const renderThreadAnswer = (reply: ThreadReply | null, head: Sha | null): string => {
  if (!reply) {
    return head === null
      ? "A new attempt changed nothing, and its agent did not answer this comment."
      : `A new attempt is at ${formatShortCommit(head)}, but its agent did not answer this comment. Check whether the change addresses it.`;
  }
  if (reply.addressed && head !== null) return appendAgentWords(`Addressed in ${formatShortCommit(head)}`, reply.text);
  return appendAgentWords(reply.addressed ? "Addressed without a change" : "Not changed", reply.text);
};

type UnthreadedAnswer = { readonly item: Exclude<FeedbackItem, { kind: "thread" }>; readonly reply: ThreadReply };

/** Answers to remarks outside of threads, each with the author and the start of the remark. */
export const renderUnthreadedAnswers = (others: readonly UnthreadedAnswer[], head: Sha | null): string =>
  others
    .map(
      ({ item, reply }) =>
        `**${escapeInline(item.content.by)}**: “${escapeInline(item.content.text, 120)}”\n\n${renderThreadAnswer(reply, head)}`,
    )
    .join("\n\n");
