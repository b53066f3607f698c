import type { Execution } from "../domain/execution.ts";
import type { Login } from "../domain/ids.ts";
import type { Notice } from "../domain/notice.ts";
import { NOTHING_TO_DO_CODE } from "../domain/step.ts";
import { escapeSentence, quoteWithin, toInlineCode, toOneLine } from "./escape.ts";
import { linkRefusalCode } from "./refusal-page.ts";
import { mentionPerson } from "./mention-person.ts";

/** For a person whose own review does not open a checkpoint. */
export const OTHER_REVIEWER_REASON = "Someone other than you must approve it.";

const MAX_NOTICES_LISTED = 20;

/** The text of a comment that only notifies a person and links to the execution's comment. */
export const renderNoticeComment = (execution: Execution, notices: readonly Notice[], url: string): string =>
  groupByPerson(notices)
    .map(([person, own]) => {
      const [first, ...others] = own;
      const link = `[What you can do](${url})`;
      if (first && others.length === 0) return `${mentionPerson(person)}, ${describeNotice(execution, first)} ${link}${linkCode(first)}.`;
      const listed = own.slice(0, MAX_NOTICES_LISTED).map((notice) => `- ${describeNotice(execution, notice)}${linkCode(notice)}`);
      const more = own.length > MAX_NOTICES_LISTED ? [`- … and ${own.length - MAX_NOTICES_LISTED} more.`] : [];
      return [`${mentionPerson(person)}, Enki waits for you. ${link}:`, "", ...listed, ...more].join("\n");
    })
    .join("\n\n");

/** Codes without a paragraph in the reference of refusals. */
const OWN_CODES: ReadonlySet<string> = new Set(["answered", "failed", "nothing-changed", NOTHING_TO_DO_CODE]);

/** The code of a notice, with a link to its paragraph. */
const linkCode = ({ code }: Notice): string => (code === undefined || OWN_CODES.has(code) ? "" : ` (${linkRefusalCode(code)})`);

const groupByPerson = (notices: readonly Notice[]): readonly (readonly [Login, readonly Notice[]])[] =>
  [...new Set(notices.map(({ person }) => person))].map((person) => [person, notices.filter((notice) => notice.person === person)]);

/** Reasons come from agents and programs, which seldom end a sentence. */
const endSentence = (text: string): string => (text === "" || /[.!?…]$/.test(text) ? text : `${text}.`);

/** One sentence about the event, which stays true after the person has acted. */
const describeNotice = (execution: Execution, { kind, step, pull, reason }: Notice): string => {
  const name = execution.landsPull ? `#${execution.landsPull.pull}` : toInlineCode(step ?? "");
  const why = endSentence(escapeSentence(reason, 300));
  switch (kind) {
    case "plan":
      return execution.amendment?.state === "proposed" ? "more steps are ready for your approval." : "a plan is ready for your approval.";
    case "question":
      return `${step === null ? "the planner" : name} has a question. ${why}`.trim();
    case "review":
      return `${name} is verified: #${pull ?? 0} needs a review. ${why}`.trim();
    case "report":
      return `${name} is finished and needs your approval.`;
    case "confirmation":
      return `${name} found nothing to do, and other steps need it: ${why}`;
    case "approval":
    case "stop":
      return why === "" ? "Enki stopped." : `Enki stopped: ${why}`;
    case "failure":
      return why === "" ? `${name} failed.` : `${name} failed: ${why}`;
    case "refusal":
      return `Enki could not change the plan: ${why}`;
    case "freeze":
      return `nothing lands on ${toInlineCode(execution.baseBranch)} for now: ${why}`;
    case "budget":
      return `the budget of ${toInlineCode(execution.id)} is spent, so nothing more starts.`;
    case "nothing":
      return "nothing was changed, so this issue stays open.";
    case "answer":
      return "your question is answered.";
  }
};

/** A notice as one line of plain text. Slack reads `<!channel>` and the like unless these characters are escaped: https://docs.slack.dev/messaging/formatting-message-text#escaping */
export const renderNoticeText = (execution: Execution, notice: Notice): string => {
  const words = `#${execution.issue}, for ${notice.person}: ${describeNotice(execution, { ...notice, reason: "" })} ${notice.reason}`;
  return toOneLine(words.replaceAll("`", ""), 600).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
};

/** Limits of a quoted answer in characters, before and after Markdown is escaped. */
const MAX_ANSWER_CHARS = 20_000;
const MAX_QUOTED_ANSWER_CHARS = 40_000;

/** The comment that answers a question. `url`: the execution's comment, which has the whole report. */
export const renderAnswerComment = ({ person }: Notice, answer: string, url: string): string =>
  [
    `${mentionPerson(person)}, here is the answer. [Report and run](${url})`,
    quoteWithin(answer, { limit: MAX_ANSWER_CHARS, keep: "start" }, MAX_QUOTED_ANSWER_CHARS),
  ].join("\n\n");
