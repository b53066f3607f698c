import type { AgentUpdate } from "./agent/message-collector.ts";
import { redactJson } from "../core/policy/secrets.ts";
import { openLineRedactor, openTextRedactor, type SecretRedactor } from "../core/policy/secret-stream.ts";
import { openLineBuffer } from "./line-buffer.ts";
import type { PermissionRecord } from "../core/messages/transcript-text.ts";
import { openReadableTranscript } from "./readable-transcript.ts";
import { type CallNews, openCallReader } from "./agent/tool-call-reader.ts";

const MAX_TRANSCRIPT_LINES = 20_000;
const MAX_TRANSCRIPT_LINE_CHARS = 20_000;
/** The transcript ends with the first line beyond the limit, like the readable transcript. */
const MAX_TRANSCRIPT_CHARS = 5_000_000;
/** Chunks of a message are joined up to this length. */
const MAX_JOINED_CHARS = 8_000;

export type AgentTranscript = {
  /** Lines of JSON. */
  readonly lines: readonly string[];
  /** Markdown for people; empty without a session. */
  readonly readable: string;
};

export const NO_TRANSCRIPT: AgentTranscript = { lines: [], readable: "" };

type TranscriptOptions = {
  readonly job: string;
  readonly agent: string;
  readonly secrets: readonly string[];
  readonly log: (line: string) => void;
};

/** Records an agent's session without the given secrets, as lines of JSON and as Markdown, and logs its messages and tool calls. */
export const openAgentTranscript = ({ job, agent, secrets, log }: TranscriptOptions) => {
  const readable = openReadableTranscript(secrets, { job, agent });
  const recorder = openLineRecorder();
  const { lines, record, isFull } = recorder;
  const chunks = openChunkJoiner(secrets, recorder);
  const logged = openTranscriptLog(secrets, log);
  return {
    update: (update: AgentUpdate): void => {
      readable.update(update);
      if (isTextChunk(update)) chunks.add(update);
      else if (!isFull()) {
        chunks.end();
        record(redactJson(update, secrets));
      }
      logged.update(update);
    },
    permission: (permission: PermissionRecord): void => {
      chunks.end();
      record(redactJson({ permission }, secrets));
      readable.permission(permission);
      if (!permission.isAllowed) logged.call(`* refused: ${permission.tool} ${permission.target}`.trimEnd());
    },
    /** Records a sentence of Enki itself. */
    note: (sentence: string): void => {
      chunks.end();
      record(redactJson({ note: sentence }, secrets));
      readable.note(sentence);
      logged.call(`* ${sentence}`);
    },
    /** Records what a command of Enki printed. */
    output: (text: string): void => {
      record(redactJson({ output: text }, secrets));
      readable.output(text);
    },
    /** Ends the transcript with the reason of its end, and what the agent wrote to stderr, which no sentence for people contains. */
    end: (reason: string, stderr: string): AgentTranscript => {
      chunks.end();
      logged.end();
      const last = stderr.trim() === "" ? [] : [redactJson({ stderr }, secrets)];
      return { lines: [...lines, ...last], readable: readable.end(reason, stderr) };
    },
  };
};

/** Logs the lines of messages, and tool calls. */
const openTranscriptLog = (secrets: readonly string[], log: (line: string) => void) => {
  const readCall = openCallReader();
  const shown = openLineRedactor(secrets, (line) => log(`| ${line}`));
  const messageLines = openLineBuffer(shown.write);
  const logCall = (text: string): void => {
    messageLines.end();
    shown.write(text.split("\n"));
  };
  const logNews = (news: CallNews): void => {
    if (news.kind === "started") logCall(`* ${news.call.name} ${news.call.input}`.trimEnd());
    else if (news.failed) logCall(`* failed: ${news.call.name}`);
  };
  return {
    call: logCall,
    update: (update: AgentUpdate): void => {
      if (update.sessionUpdate === "agent_message_chunk" && update.content.type === "text") messageLines.write(update.content.text);
      else if (update.sessionUpdate === "tool_call" || update.sessionUpdate === "tool_call_update") readCall(update).forEach(logNews);
    },
    end: (): void => {
      messageLines.end();
      shown.end();
    },
  };
};

type LineRecorder = { readonly lines: readonly string[]; readonly record: (line: string) => void; readonly isFull: () => boolean };

/** Records lines up to the transcript's limits. */
const openLineRecorder = (): LineRecorder => {
  const lines: string[] = [];
  let length = 0;
  const isFull = (): boolean => lines.length >= MAX_TRANSCRIPT_LINES || length > MAX_TRANSCRIPT_CHARS;
  const record = (line: string): void => {
    if (isFull()) return;
    length += Math.min(line.length, MAX_TRANSCRIPT_LINE_CHARS);
    lines.push(line.slice(0, MAX_TRANSCRIPT_LINE_CHARS));
  };
  return { lines, record, isFull };
};

type TextChunk = Extract<AgentUpdate, { sessionUpdate: "agent_message_chunk" | "agent_thought_chunk" | "user_message_chunk" }>;

const isTextChunk = (update: AgentUpdate): update is TextChunk =>
  (update.sessionUpdate === "agent_message_chunk" ||
    update.sessionUpdate === "agent_thought_chunk" ||
    update.sessionUpdate === "user_message_chunk") &&
  update.content.type === "text";

type OpenMessage = {
  readonly first: TextChunk;
  /** The first chunk without its text and without credentials. */
  readonly message: TextChunk;
  readonly redactor: SecretRedactor;
  /** Redacted text before it is recorded. */
  text: string;
};

const openMessage = (first: TextChunk, secrets: readonly string[]): OpenMessage => ({
  first,
  message: JSON.parse(redactJson({ ...first, content: { ...first.content, text: "" } }, secrets)) as TextChunk,
  redactor: openTextRedactor(secrets),
  text: "",
});

/** Joins the chunks of a message before they are redacted: agents send a credential in several. */
const openChunkJoiner = (secrets: readonly string[], { record, isFull }: LineRecorder) => {
  let open: OpenMessage | null = null;
  const flush = (): void => {
    if (!open || open.text === "") return;
    const { message, text } = open;
    for (let at = 0; at < text.length; at += MAX_JOINED_CHARS)
      record(JSON.stringify({ ...message, content: { ...message.content, text: text.slice(at, at + MAX_JOINED_CHARS) } }));
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
      if (isFull()) return;
      if (open && (open.first.sessionUpdate !== chunk.sessionUpdate || open.first.messageId !== chunk.messageId)) end();
      open ??= openMessage(chunk, secrets);
      open.text += open.redactor.write(chunk.content.type === "text" ? chunk.content.text : "");
      if (open.text.length >= MAX_JOINED_CHARS) flush();
    },
  };
};
