import { ALL_WORKERS_ADDRESS, type Mail, type NewMail } from "../domain/mail.ts";
import { TAKES_EFFECT_LATER } from "./tool-text.ts";

/** The reply to an agent that sent a mail. */
export const formatSentMail = (
  { id, to, recipients }: { id: string; to: NewMail["to"]; recipients: number },
  { type }: NewMail,
): string => {
  if (to === ALL_WORKERS_ADDRESS) return `Broadcast sent to ${recipients} worker(s): ${TAKES_EFFECT_LATER}`;
  if (to === "user" && type === "request") {
    return `Mail ${id} asks a person, by a comment. End your turn now without further changes: your changes so far are discarded. You will be started again with the answer.`;
  }
  return `Mail ${id} to ${to} ${TAKES_EFFECT_LATER}`;
};

const formatClockTime = (at: number): string => new Date(at).toISOString().slice(11, 19);
/** A mail as one line of a list. */
export const formatMailLine = ({ id, priority, subject, from, at }: Mail): string =>
  `  ${id} | [${priority}] ${subject} | from: ${from} | ${formatClockTime(at)}`;

/** A whole mail: its header, and its body. */
export const formatMail = (mail: Mail): string =>
  [
    `From: ${mail.from}`,
    `To: ${mail.to}`,
    `Subject: ${mail.subject}`,
    `Type: ${mail.type}, ${mail.status}`,
    `Priority: ${mail.priority}`,
    `Time: ${formatClockTime(mail.at)}`,
    `Thread: ${mail.thread}`,
    ...(mail.replyTo === null ? [] : [`Reply-To: ${mail.replyTo}`]),
    "",
    mail.body,
  ].join("\n");

const quoteLines = (text: string): string =>
  text
    .split("\n")
    .map((line) => `    > ${line}`)
    .join("\n");

export const formatMailThread = (mails: readonly Mail[]): string =>
  mails.map((each) => `${formatMailLine(each).trim()} | to: ${each.to} | ${each.status}\n${quoteLines(each.body)}`).join("\n\n");
