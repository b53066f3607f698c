import type { Execution } from "../domain/execution.ts";
import type { Login, Millis } from "../domain/ids.ts";
import type { LimitedRecord, Silence } from "../domain/usage.ts";
import { silenceEnd } from "../domain/usage.ts";
import { escapeInline, toInlineCode } from "./escape.ts";

const formatClock = (at: Millis): string => `${new Date(at).toISOString().slice(11, 16)} UTC`;

/** Reports that a person's commands are ignored for an hour, and afterwards their number. */
export const renderSilence = (login: Login, silence: Silence, isOver: boolean): string => {
  const { since, limit, ignored } = silence;
  const who = `\`@${login.replaceAll("`", "")}\``;
  if (isOver) {
    const times = `between ${formatClock(since)} and ${formatClock(silenceEnd(silence))}`;
    return `… and ${ignored} more ${ignored === 1 ? "comment" : "comments"} with commands by ${who} ${times} ${ignored === 1 ? "was" : "were"} not answered.`;
  }
  return `${who} wrote more comments with commands than Enki answers within an hour (${limit}). Further commands by ${who} have no effect until ${formatClock(silenceEnd(silence))}; \`/enki stop\`, \`/enki pause\` and \`/enki cancel\` by people with write permission still do.`;
};

const RECORD_NOUNS: Readonly<Record<LimitedRecord, string>> = {
  tasks: "new tasks",
  backlog: "changes of the backlog",
  mails: "mails",
  comments: "comments to people",
  proposals: "proposals",
};

/** Reports records of a job beyond its bounds. Empty without any. */
export const renderIgnoredRecords = ({ ignoredRecords }: Execution): string => {
  if (!ignoredRecords) return "";
  const counts = Object.entries(ignoredRecords.counts).map(([kind, count]) => `${count} ${RECORD_NOUNS[kind as LimitedRecord]}`);
  return `> [!NOTE]\n> The job ${toInlineCode(ignoredRecords.job)} exceeded its limits: ${escapeInline(counts.join(", "))} had no effect.`;
};
