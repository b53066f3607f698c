import {
  formatCallEnd,
  formatCallStart,
  formatPermission,
  formatTranscriptEnd,
  formatTranscriptNote,
  formatTranscriptOutput,
  formatTranscriptTitle,
  type PermissionRecord,
} from "../core/messages/transcript-text.ts";
import { openTextRedactor } from "../core/policy/secret-stream.ts";
import type { AgentUpdate } from "./agent/message-collector.ts";
import { openCallReader } from "./agent/tool-call-reader.ts";

const MAX_TRANSCRIPT_CHARS = 5_000_000;
const CUT_NOTE = "\n\n[… the rest is left out …]\n";

/** Writes a session as Markdown that a person reads, redacted as one stream. */
export const openReadableTranscript = (secrets: readonly string[], { job, agent }: { readonly job: string; readonly agent: string }) => {
  const redactor = openTextRedactor(secrets);
  const readCall = openCallReader();
  const parts: string[] = [];
  let length = 0;
  let speaker: string | null = null;
  const add = (shown: string): void => {
    if (length > MAX_TRANSCRIPT_CHARS) return;
    length += shown.length;
    parts.push(length > MAX_TRANSCRIPT_CHARS ? CUT_NOTE : shown);
  };
  const write = (text: string): void => {
    if (length <= MAX_TRANSCRIPT_CHARS) add(redactor.write(text));
  };
  /** Starts a new paragraph after another message or any other entry. */
  const speak = (who: string, text: string): void => {
    if (speaker !== who) write(who.startsWith("thought") ? "\n\n> " : "\n\n");
    speaker = who;
    write(who.startsWith("thought") ? text.replaceAll("\n", "\n> ") : text);
  };
  const tell = (text: string): void => {
    speaker = null;
    write(text);
  };
  write(formatTranscriptTitle(job, agent));
  return {
    update: (update: AgentUpdate): void => {
      if (update.sessionUpdate === "agent_message_chunk" || update.sessionUpdate === "agent_thought_chunk") {
        const who = update.sessionUpdate === "agent_message_chunk" ? "message" : "thought";
        if (update.content.type === "text") speak(`${who} ${update.messageId ?? ""}`, update.content.text);
      } else if (update.sessionUpdate === "tool_call" || update.sessionUpdate === "tool_call_update") {
        for (const news of readCall(update))
          tell(news.kind === "started" ? formatCallStart(news.call) : formatCallEnd(news.call, news.failed, news.result));
      }
    },
    permission: (record: PermissionRecord): void => tell(formatPermission(record)),
    note: (sentence: string): void => tell(formatTranscriptNote(sentence)),
    output: (text: string): void => tell(formatTranscriptOutput(text)),
    end: (reason: string, stderr: string): string => {
      tell(formatTranscriptEnd(reason, stderr));
      add(redactor.end());
      return parts.join("");
    },
  };
};
