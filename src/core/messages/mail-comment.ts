import type { Login } from "../domain/ids.ts";
import { type Mail, readWorkerAddress } from "../domain/mail.ts";
import { toInlineCode, toOneLine, quoteWithin, escapeSentence } from "./escape.ts";
import { mentionPerson } from "./mention-person.ts";
import { writeMarker } from "./comment-marker.ts";
import { indentText } from "./terminal-plan.ts";

const PLANNER_NAME = "The planner";

/** A mail to a person as a comment; a request notifies the person and includes the command to answer. */
export const renderMailComment = (mail: Mail, person: Login): string => {
  const who = mail.from === "coordinator" ? PLANNER_NAME : toInlineCode(mail.from.slice("worker/".length));
  const asks = mail.type === "request";
  return [
    writeMarker({ kind: "mail", id: mail.id }),
    `### ${asks ? "❓ " : ""}${who} ${asks ? "asks" : "writes"}: ${escapeSentence(mail.subject)}`,
    quoteWithin(mail.body, { limit: 10_000, keep: "start" }, 50_000),
    ...(asks
      ? [
          `${mentionPerson(person)}, the agent waits for your answer. To answer, comment:\n\n\`\`\`\n/enki reply ${mail.id} <your answer>\n\`\`\``,
        ]
      : []),
  ].join("\n\n");
};

/** A mail for a terminal, without the command to answer. */
export const renderMailText = ({ from, subject, body }: Mail, does: "asks" | "writes"): string =>
  [`${readWorkerAddress(from)?.step ?? PLANNER_NAME} ${does}: ${toOneLine(subject)}`, indentText(body)]
    .filter((part) => part !== "")
    .join("\n");
