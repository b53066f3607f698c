import type { SessionNotification, ToolCallUpdate } from "@agentclientprotocol/sdk";

/** One event of a session, whichever protocol reports it. */
export type AgentUpdate = SessionNotification["update"];

/** A tool call's fields, merged from its announcement and updates. */
export type KnownToolCall = Pick<ToolCallUpdate, "kind" | "title" | "locations" | "content" | "rawInput" | "_meta">;

/** Beyond this number, the oldest calls are forgotten. */
const MAX_KNOWN_CALLS = 10_000;

/**
 * Splits a session into messages. A tool call, a plan, a thought or a new message id ends a message. An update of a known call does not,
 * because some agents report results while they write.
 */
export const openMessageCollector = () => {
  const ended: string[] = [];
  const calls = new Map<string, KnownToolCall>();
  let open = "";
  let id: string | null = null;
  const end = (): void => {
    if (open.trim() !== "") ended.push(open);
    open = "";
    id = null;
  };
  const recordCall = (callId: string, { kind, title, locations, content, rawInput, _meta }: KnownToolCall): void => {
    const known = calls.get(callId) ?? {};
    const oldest = calls.size >= MAX_KNOWN_CALLS ? calls.keys().next().value : undefined;
    if (oldest !== undefined && known !== calls.get(callId)) calls.delete(oldest);
    const updated = Object.entries({ kind, title, locations, content, rawInput, _meta }).filter(
      ([, value]) => value !== undefined && value !== null,
    );
    calls.set(callId, { ...known, ...Object.fromEntries(updated) });
  };
  const appendChunk = (text: string, messageId: string | null): void => {
    if (messageId !== null && id !== null && messageId !== id) end();
    id = messageId ?? id;
    open += text;
  };
  return {
    receive: (update: AgentUpdate): void => {
      if (update.sessionUpdate === "agent_message_chunk") {
        if (update.content.type === "text") appendChunk(update.content.text, update.messageId ?? null);
      } else if (update.sessionUpdate === "tool_call_update") {
        if (!calls.has(update.toolCallId)) end();
        recordCall(update.toolCallId, update);
      } else if (update.sessionUpdate === "tool_call") {
        end();
        recordCall(update.toolCallId, update);
      } else if (update.sessionUpdate === "plan" || update.sessionUpdate === "agent_thought_chunk") {
        end();
      }
    },
    /** A new turn starts with a new message. */
    endTurn: end,
    call: (callId: string): KnownToolCall => calls.get(callId) ?? {},
    /** All non-empty messages, in order. */
    messages: (): readonly string[] => (open.trim() === "" ? [...ended] : [...ended, open]),
  };
};
