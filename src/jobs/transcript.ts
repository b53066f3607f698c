import type { AgentRun } from "../agent/session.ts";
import { redact } from "../policy/secrets.ts";

type Update = Parameters<AgentRun["onUpdate"]>[0];

const MAX_LINES = 20_000;
const MAX_LINE = 20_000;

/** What an agent said and did, as lines of JSON with the given secrets taken out; and the same for people, line by line, as it comes. */
export const openTranscript = (secrets: readonly string[], log: (line: string) => void) => {
  const lines: string[] = [];
  let said = "";
  const tell = (text: string): void => log(`| ${redact(text, secrets)}`);
  const flush = (): void => {
    if (said !== "") tell(said);
    said = "";
  };
  return {
    update: (update: Update): void => {
      if (lines.length < MAX_LINES) lines.push(redact(JSON.stringify(update), secrets).slice(0, MAX_LINE));
      if (update.sessionUpdate === "agent_message_chunk" && update.content.type === "text") {
        const parts = (said + update.content.text).split("\n");
        said = parts.pop() ?? "";
        for (const part of parts) tell(part);
      } else if (update.sessionUpdate === "tool_call") {
        flush();
        tell(`* ${update.title}`);
      } else if (update.sessionUpdate === "tool_call_update" && update.status === "failed") {
        flush();
        tell(`* failed: ${update.toolCallId}`);
      }
    },
    end: (): readonly string[] => {
      flush();
      return lines;
    },
  };
};
