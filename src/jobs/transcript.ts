import type { AgentRun } from "../agent/session.ts";
import { redact, redactJson } from "../policy/secrets.ts";
import { openLines } from "./lines.ts";

type Update = Parameters<AgentRun["onUpdate"]>[0];

const MAX_LINES = 20_000;
const MAX_LINE = 20_000;

/** What an agent said and did, as lines of JSON with the given secrets taken out; and the same for people, line by line, as it comes. */
export const openTranscript = (secrets: readonly string[], log: (line: string) => void) => {
  const lines: string[] = [];
  const tell = (text: string): void => log(`| ${redact(text, secrets)}`);
  const said = openLines(tell);
  return {
    update: (update: Update): void => {
      if (lines.length < MAX_LINES) lines.push(redactJson(update, secrets).slice(0, MAX_LINE));
      if (update.sessionUpdate === "agent_message_chunk" && update.content.type === "text") {
        said.hear(update.content.text);
      } else if (update.sessionUpdate === "tool_call") {
        said.end();
        tell(`* ${update.title}`);
      } else if (update.sessionUpdate === "tool_call_update" && update.status === "failed") {
        said.end();
        tell(`* failed: ${update.toolCallId}`);
      }
    },
    end: (): readonly string[] => {
      said.end();
      return lines;
    },
  };
};
