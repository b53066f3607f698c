import { describe, expect, test } from "vitest";
import { openAgentTranscript } from "../../src/job/agent-transcript.ts";
import { CREDENTIALS } from "../support/credentials.ts";

type Update = Parameters<ReturnType<typeof openAgentTranscript>["update"]>[0];
const chunk = (text: string, sessionUpdate: "agent_message_chunk" | "agent_thought_chunk" = "agent_message_chunk"): Update => ({
  sessionUpdate,
  content: { type: "text", text },
});
const call = (title: string): Update => ({ sessionUpdate: "tool_call", toolCallId: "1", title });

const VALUE = "the-key-of-the-model";
const openTranscript = () => {
  const logged: string[] = [];
  const transcript = openAgentTranscript([VALUE], (line) => void logged.push(line));
  return { logged, transcript };
};

describe("a credential that an agent sends in pieces", () => {
  test.each(Object.entries({ ...CREDENTIALS, "the model's key": VALUE }))(
    "is neither in the transcript nor in the log: %s",
    (_, credential) => {
      for (const size of [1, 7]) {
        const { logged, transcript } = openTranscript();
        const said = `I found ${credential} there.\n`;
        for (let at = 0; at < said.length; at += size) transcript.update(chunk(said.slice(at, at + size)));
        const lines = transcript.end("");
        expect(lines).toHaveLength(1);
        expect(JSON.parse(lines[0] ?? "")).toMatchObject({ content: { text: "I found [redacted] there.\n" } });
        expect(logged).toEqual(["| I found [redacted] there."]);
      }
    },
  );

  test("is not whole in any line when thoughts, messages and calls alternate", () => {
    const { logged, transcript } = openTranscript();
    transcript.update(chunk("Think: ", "agent_thought_chunk"));
    transcript.update(chunk(VALUE.slice(0, 5), "agent_thought_chunk"));
    transcript.update(chunk(VALUE.slice(5), "agent_thought_chunk"));
    transcript.update(chunk("Hello. "));
    transcript.update(call(`cat ${VALUE}`));
    transcript.update(chunk("Bye."));
    const texts = transcript.end("").map((line) => JSON.parse(line) as { content?: { text: string }; title?: string });
    expect(texts.map(({ content, title }) => content?.text ?? title)).toEqual(["Think: [redacted]", "Hello. ", "cat [redacted]", "Bye."]);
    expect(logged).toEqual(["| Hello. ", "| * cat [redacted]", "| Bye."]);
  });
});

test("a long message is recorded in lines of a few thousand characters, whole", () => {
  const { transcript } = openTranscript();
  const words = Array.from({ length: 5_000 }, (_, at) => `word${at} `);
  for (const word of words) transcript.update(chunk(word));
  const lines = transcript.end("");
  expect(lines.length).toBeGreaterThan(2);
  expect(lines.map((line) => (JSON.parse(line) as { content: { text: string } }).content.text).join("")).toBe(words.join(""));
});

test("standard error is the last line, without credentials, and no empty one", () => {
  const { logged, transcript } = openTranscript();
  transcript.update(chunk("Hello.\n"));
  expect(transcript.end(`cannot log in with ${VALUE}\n`).slice(1)).toEqual([JSON.stringify({ stderr: "cannot log in with [redacted]\n" })]);
  expect(logged).toEqual(["| Hello."]);
  expect(openTranscript().transcript.end(" \n")).toEqual([]);
});
