import type { SessionNotification, ToolCallUpdate } from "@agentclientprotocol/sdk";

type SessionUpdate = SessionNotification["update"];

/** What was said of a tool call so far: its announcement, and updates of it. */
export type KnownToolCall = Pick<ToolCallUpdate, "kind" | "title" | "locations" | "content" | "rawInput" | "_meta">;

/** An agent that announces more calls than this has only the last of them looked up. */
const MAX_KNOWN_CALLS = 10_000;

/**
 * The messages of a session. A tool call, a plan, a thought or a new message id ends a message.
 * An update of a call that was announced does not: some agents report a result while they speak.
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
  const learn = (callId: string, { kind, title, locations, content, rawInput, _meta }: KnownToolCall): void => {
    const known = calls.get(callId) ?? {};
    const oldest = calls.size >= MAX_KNOWN_CALLS ? calls.keys().next().value : undefined;
    if (oldest !== undefined && known !== calls.get(callId)) calls.delete(oldest);
    const said = Object.entries({ kind, title, locations, content, rawInput, _meta }).filter(
      ([, value]) => value !== undefined && value !== null,
    );
    calls.set(callId, { ...known, ...Object.fromEntries(said) });
  };
  const speak = (text: string, messageId: string | null): void => {
    if (messageId !== null && id !== null && messageId !== id) end();
    id = messageId ?? id;
    open += text;
  };
  return {
    receive: (update: SessionUpdate): void => {
      if (update.sessionUpdate === "agent_message_chunk") {
        if (update.content.type === "text") speak(update.content.text, update.messageId ?? null);
      } else if (update.sessionUpdate === "tool_call_update") {
        if (!calls.has(update.toolCallId)) end();
        learn(update.toolCallId, update);
      } else if (update.sessionUpdate === "tool_call") {
        end();
        learn(update.toolCallId, update);
      } else if (update.sessionUpdate === "plan" || update.sessionUpdate === "agent_thought_chunk") {
        end();
      }
    },
    call: (callId: string): KnownToolCall => calls.get(callId) ?? {},
    /** All messages that are not empty, in order. */
    messages: (): readonly string[] => (open.trim() === "" ? [...ended] : [...ended, open]),
  };
};
