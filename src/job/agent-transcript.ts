import type { AgentRun } from "./agent/run-agent.ts";
import { redactSecrets, redactJson } from "../core/policy/secrets.ts";
import { openLineBuffer } from "./line-buffer.ts";

type TranscriptUpdate = Parameters<AgentRun["onUpdate"]>[0];

const MAX_TRANSCRIPT_LINES = 20_000;
const MAX_TRANSCRIPT_LINE_CHARS = 20_000;

/** Records an agent's updates as lines of JSON without the given secrets, and logs its messages and tool calls for people. */
export const openAgentTranscript = (secrets: readonly string[], log: (line: string) => void) => {
  const lines: string[] = [];
  const logLine = (text: string): void => log(`| ${redactSecrets(text, secrets)}`);
  const messageLines = openLineBuffer(logLine);
  return {
    update: (update: TranscriptUpdate): void => {
      if (lines.length < MAX_TRANSCRIPT_LINES) lines.push(redactJson(update, secrets).slice(0, MAX_TRANSCRIPT_LINE_CHARS));
      if (update.sessionUpdate === "agent_message_chunk" && update.content.type === "text") {
        messageLines.write(update.content.text);
      } else if (update.sessionUpdate === "tool_call") {
        messageLines.end();
        logLine(`* ${update.title}`);
      } else if (update.sessionUpdate === "tool_call_update" && update.status === "failed") {
        messageLines.end();
        logLine(`* failed: ${update.toolCallId}`);
      }
    },
    end: (): readonly string[] => {
      messageLines.end();
      return lines;
    },
  };
};
