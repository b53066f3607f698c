import type { AgentUpdate } from "./agent/message-collector.ts";
import { redactJson } from "../core/policy/secrets.ts";
import { openLineRedactor, openSecretRedactor, type SecretRedactor } from "../core/policy/secret-stream.ts";
import { openLineBuffer } from "./line-buffer.ts";

const MAX_TRANSCRIPT_LINES = 20_000;
const MAX_TRANSCRIPT_LINE_CHARS = 20_000;
/** Chunks of a message are joined up to this length. */
const MAX_JOINED_CHARS = 8_000;

/** Records an agent's updates as lines of JSON without the given secrets, and logs its messages and tool calls for people. */
export const openAgentTranscript = (secrets: readonly string[], log: (line: string) => void) => {
  const lines: string[] = [];
  const record = (line: string): void => {
    if (lines.length < MAX_TRANSCRIPT_LINES) lines.push(line.slice(0, MAX_TRANSCRIPT_LINE_CHARS));
  };
  const chunks = openChunkJoiner(secrets, record);
  const shown = openLineRedactor(secrets, (line) => log(`| ${line}`));
  const messageLines = openLineBuffer((line) => shown.line(line));
  const logCall = (text: string): void => {
    messageLines.end();
    shown.line(text);
  };
  return {
    update: (update: AgentUpdate): void => {
      if (isTextChunk(update)) chunks.add(update);
      else {
        chunks.end();
        record(redactJson(update, secrets));
      }
      if (update.sessionUpdate === "agent_message_chunk" && update.content.type === "text") messageLines.write(update.content.text);
      else if (update.sessionUpdate === "tool_call") logCall(`* ${update.title}`);
      else if (update.sessionUpdate === "tool_call_update" && update.status === "failed") logCall(`* failed: ${update.toolCallId}`);
    },
    /** Ends the transcript with what the agent wrote to stderr, which no sentence for people contains. */
    end: (stderr: string): readonly string[] => {
      chunks.end();
      messageLines.end();
      shown.end();
      return stderr.trim() === "" ? lines : [...lines, redactJson({ stderr }, secrets)];
    },
  };
};

type TextChunk = Extract<AgentUpdate, { sessionUpdate: "agent_message_chunk" | "agent_thought_chunk" | "user_message_chunk" }>;

const isTextChunk = (update: AgentUpdate): update is TextChunk =>
  (update.sessionUpdate === "agent_message_chunk" ||
    update.sessionUpdate === "agent_thought_chunk" ||
    update.sessionUpdate === "user_message_chunk") &&
  update.content.type === "text";

/** Joins the chunks of a message before they are redacted: agents send a credential in several. */
const openChunkJoiner = (secrets: readonly string[], record: (line: string) => void) => {
  let open: { readonly first: TextChunk; readonly redactor: SecretRedactor; text: string } | null = null;
  const flush = (): void => {
    if (!open || open.text === "") return;
    const { first, text } = open;
    record(redactJson({ ...first, content: { ...first.content, text } }, secrets));
    open.text = "";
  };
  const end = (): void => {
    if (open) open.text += open.redactor.end();
    flush();
    open = null;
  };
  return {
    end,
    add: (chunk: TextChunk): void => {
      if (open && (open.first.sessionUpdate !== chunk.sessionUpdate || open.first.messageId !== chunk.messageId)) end();
      open ??= { first: chunk, redactor: openSecretRedactor(secrets), text: "" };
      open.text += open.redactor.write(chunk.content.type === "text" ? chunk.content.text : "");
      if (open.text.length >= MAX_JOINED_CHARS) flush();
    },
  };
};
