import type { FeedbackItem } from "../model/feedback.ts";
import type { Sha } from "../model/ids.ts";
import type { ThreadReply } from "../model/outcome.ts";
import { inline, quoted, sentence } from "./escape.ts";

const LONGEST = 5_000;
const SHORT = 12;

/** A commit as GitHub makes a link of it. */
const commit = (sha: Sha): string => sha.slice(0, SHORT);

/** An agent's words after a heading of ours: on its line where they are one line, below it as a quote where they are more. */
const withWords = (heading: string, words: string): string => {
  const text = words.trim();
  if (text === "") return `${heading}.`;
  return text.includes("\n")
    ? `${heading}:\n\n${quoted(text, { limit: LONGEST, keep: "start" })}`
    : `${heading}: ${sentence(text, LONGEST)}`;
};

/** The answer in a thread: the commit that addresses it, why none does, or that the agent said nothing of it. */
export const threadAnswer = (reply: ThreadReply | null, head: Sha | null): string => {
  if (!reply) {
    return head === null
      ? "A new attempt changed nothing, and its agent did not answer this comment."
      : `A new attempt is at ${commit(head)}, but its agent did not answer this comment. Check whether the change addresses it.`;
  }
  if (reply.addressed && head !== null) return withWords(`Addressed in ${commit(head)}`, reply.text);
  return withWords(reply.addressed ? "Addressed without a change" : "Not changed", reply.text);
};

type Other = { readonly item: Exclude<FeedbackItem, { kind: "thread" }>; readonly reply: ThreadReply };

/** Answers to what stands in no thread: each with whose words it answers, and how they begin. */
export const otherAnswers = (others: readonly Other[], head: Sha | null): string =>
  others
    .map(({ item, reply }) => `**${inline(item.said.by)}**: “${inline(item.said.text, 120)}”\n\n${threadAnswer(reply, head)}`)
    .join("\n\n");
