import type { SessionNotification } from "@agentclientprotocol/sdk";
import { expect, test } from "vitest";
import { openMessageCollector } from "../../../src/job/agent/message-collector.ts";

type Update = SessionNotification["update"];

const said = (text: string, messageId?: string): Update => ({
  sessionUpdate: "agent_message_chunk",
  content: { type: "text", text },
  ...(messageId === undefined ? {} : { messageId }),
});
const call = (toolCallId: string): Update => ({ sessionUpdate: "tool_call", toolCallId, title: "read a.txt", kind: "read" });
const update = (toolCallId: string): Update => ({ sessionUpdate: "tool_call_update", toolCallId, status: "completed" });
const thought: Update = { sessionUpdate: "agent_thought_chunk", content: { type: "text", text: "Hm." } };
const plan: Update = { sessionUpdate: "plan", entries: [] };

const messagesOf = (...updates: Update[]) => {
  const { receive, messages } = openMessageCollector();
  for (const each of updates) receive(each);
  return messages();
};

test("consecutive chunks form one message", () => {
  expect(messagesOf(said("The lim"), said("it is 10."))).toEqual(["The limit is 10."]);
});

test.each([
  ["a tool call", call("1")],
  ["a plan", plan],
  ["a thought", thought],
  ["an update of a call that nobody announced", update("7")],
])("%s ends a message", (_, between) => {
  expect(messagesOf(said("Let me look."), between, said("The limit is 10."))).toEqual(["Let me look.", "The limit is 10."]);
});

test("a late update of an announced call does not end a message", () => {
  expect(messagesOf(call("1"), said("The limit"), update("1"), said(" is 10."))).toEqual(["The limit is 10."]);
});

test("another message id ends a message, the same one does not", () => {
  expect(messagesOf(said("Let me ", "a"), said("look.", "a"), said("Done.", "b"), said(" All of it."))).toEqual([
    "Let me look.",
    "Done. All of it.",
  ]);
});

test("ignores empty messages", () => {
  expect(messagesOf(said("Done."), call("1"), said(" \n"), call("2"))).toEqual(["Done."]);
});

test("merges a call's announcement with later updates", () => {
  const { receive, call: find } = openMessageCollector();
  receive({ sessionUpdate: "tool_call", toolCallId: "1", title: "write", kind: "edit", locations: [{ path: "/w/a" }] });
  receive({ sessionUpdate: "tool_call_update", toolCallId: "1", status: "in_progress", rawInput: { file_path: "/w/b" } });
  expect(find("1")).toEqual({ title: "write", kind: "edit", locations: [{ path: "/w/a" }], rawInput: { file_path: "/w/b" } });
  expect(find("2")).toEqual({});
});
