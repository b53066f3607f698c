import { type Mail, workerOf } from "../model/mail.ts";
import { code, oneLine, quoted, sentence } from "./escape.ts";
import { writeMarker } from "./marker.ts";
import { indent } from "./plan-text.ts";

const PLANNER = "The planner";

/** A mail to a person, as the comment that shows it; a request with the line that answers it. */
export const mailComment = (mail: Mail): string => {
  const who = mail.from === "coordinator" ? PLANNER : code(mail.from.slice("worker/".length));
  const asks = mail.type === "request";
  return [
    writeMarker({ kind: "mail", id: mail.id }),
    `### ${asks ? "❓ " : ""}${who} ${asks ? "asks" : "writes"}: ${sentence(mail.subject)}`,
    quoted(mail.body, { limit: 10_000, keep: "start" }),
    ...(asks ? [`It waits for the answer. To give it, comment:\n\n\`\`\`\n/enki reply ${mail.id} <your answer>\n\`\`\``] : []),
  ].join("\n\n");
};

/** The same for a terminal, without the line that answers it. */
export const mailText = ({ from, subject, body }: Mail, does: "asks" | "writes"): string =>
  [`${workerOf(from)?.step ?? PLANNER} ${does}: ${oneLine(subject)}`, indent(body)].filter((part) => part !== "").join("\n");
