import { describe, expect, test } from "vitest";
import { openAgentTranscript } from "../../src/job/agent-transcript.ts";
import { CREDENTIAL_SURROUNDINGS, CREDENTIALS } from "../support/credentials.ts";

type Update = Parameters<ReturnType<typeof openAgentTranscript>["update"]>[0];
const chunk = (text: string, sessionUpdate: "agent_message_chunk" | "agent_thought_chunk" = "agent_message_chunk"): Update => ({
  sessionUpdate,
  content: { type: "text", text },
});
const call = (command: string): Update => ({ sessionUpdate: "tool_call", toolCallId: "1", title: "Bash", rawInput: { command } });

const VALUE = "the-key-of-the-model";
const openTranscript = () => {
  const logged: string[] = [];
  const transcript = openAgentTranscript({
    job: "work/0a1b2c-fix/1",
    agent: "Claude Code (headless)",
    secrets: [VALUE],
    log: (line) => void logged.push(line),
  });
  return { logged, transcript };
};

describe("a credential that an agent sends in pieces", () => {
  test.each(Object.entries({ ...CREDENTIALS, "the model's key": VALUE }))(
    "is neither in the transcript nor in the log: %s",
    (name, credential) => {
      const [before, after] = CREDENTIAL_SURROUNDINGS[name] ?? ["", ""];
      const redacted = `I found ${before}[redacted]${after} there.`;
      for (const size of [1, 7]) {
        const { logged, transcript } = openTranscript();
        const said = `I found ${credential} there.\n`;
        for (let at = 0; at < said.length; at += size) transcript.update(chunk(said.slice(at, at + size)));
        const { lines, readable } = transcript.end("", "");
        expect(lines).toHaveLength(1);
        expect(JSON.parse(lines[0] ?? "")).toMatchObject({ content: { text: `${redacted}\n` } });
        expect(logged).toEqual([`| ${redacted}`]);
        expect(readable).toBe(`# work/0a1b2c-fix/1\n\nClaude Code (headless)\n\n\n${redacted}\n`);
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
    const { lines, readable } = transcript.end("", "");
    const texts = lines.map((line) => JSON.parse(line) as { content?: { text: string }; rawInput?: { command: string } });
    expect(texts.map(({ content, rawInput }) => content?.text ?? rawInput?.command)).toEqual([
      "Think: [redacted]",
      "Hello. ",
      "cat [redacted]",
      "Bye.",
    ]);
    expect(logged).toEqual(["| Hello. ", "| * Bash cat [redacted]", "| Bye."]);
    expect(readable).not.toContain(VALUE);
  });
});

test("a long message is recorded in lines of a few thousand characters, whole", () => {
  const { transcript } = openTranscript();
  const words = Array.from({ length: 5_000 }, (_, at) => `word${at} `);
  for (const word of words) transcript.update(chunk(word));
  const lines = transcript.end("", "").lines;
  expect(lines.length).toBeGreaterThan(2);
  expect(lines.map((line) => (JSON.parse(line) as { content: { text: string } }).content.text).join("")).toBe(words.join(""));
});

test("standard error is the last line, without credentials, and no empty one", () => {
  const { logged, transcript } = openTranscript();
  transcript.update(chunk("Hello.\n"));
  expect(transcript.end("", `cannot log in with ${VALUE}\n`).lines.slice(1)).toEqual([
    JSON.stringify({ stderr: "cannot log in with [redacted]\n" }),
  ]);
  expect(logged).toEqual(["| Hello."]);
  expect(openTranscript().transcript.end("", " \n").lines).toEqual([]);
});

describe("the readable transcript", () => {
  test("shows what an agent thought, said, asked for and did, by the tools' own names", () => {
    const { logged, transcript } = openTranscript();
    transcript.update(chunk("The test\nfails.", "agent_thought_chunk"));
    transcript.update(chunk("I look "));
    transcript.update(chunk("at it."));
    // Claude Code's adapter first names the tool, and then describes the call.
    transcript.update({
      sessionUpdate: "tool_call",
      toolCallId: "1",
      title: "Terminal",
      kind: "execute",
      rawInput: {},
      _meta: { claudeCode: { toolName: "Bash" } },
    });
    transcript.update({ sessionUpdate: "tool_call_update", toolCallId: "1", title: "npm test", rawInput: { command: "npm test" } });
    transcript.update({ sessionUpdate: "tool_call_update", toolCallId: "1", status: "completed", rawOutput: "1 failed\n" });
    transcript.permission({ tool: "Write", target: "evil.txt", isAllowed: false });
    // Gemini CLI reports some calls only at their end.
    transcript.update({
      sessionUpdate: "tool_call_update",
      toolCallId: "write_file__7",
      status: "failed",
      title: "Writing",
      rawInput: { file_path: "a.txt" },
    });
    transcript.update(chunk("I could not."));
    expect(transcript.end("the agent did not finish within 20 s", "warning\n").readable).toBe(
      `# work/0a1b2c-fix/1

Claude Code (headless)


> The test
> fails.

I look at it.

**\`Bash\`** \`npm test\`

\`\`\`
1 failed
\`\`\`


> Asked for \`Write\` \`evil.txt\`: refused, because this step has no right to it.


**\`write_file\`** \`a.txt\`

\`write_file\` failed.


I could not.

---

the agent did not finish within 20 s


## stderr

\`\`\`
warning
\`\`\`
`,
    );
    expect(logged).toEqual([
      "| I look at it.",
      "| * Bash npm test",
      "| * refused: Write evil.txt",
      "| * write_file a.txt",
      "| * failed: write_file",
      "| I could not.",
    ]);
  });

  test("closes no fence early, whatever a tool prints", () => {
    const { transcript } = openTranscript();
    transcript.update({ sessionUpdate: "tool_call", toolCallId: "1", title: "Bash", rawInput: { command: "x" } });
    transcript.update({ sessionUpdate: "tool_call_update", toolCallId: "1", status: "completed", rawOutput: "```\n# not a title\n```" });
    expect(transcript.end("", "").readable).toContain("\n````\n```\n# not a title\n```\n````\n");
  });
});

test("an endless message ends both transcripts at five million characters, and the session's end is still recorded", () => {
  const { transcript } = openTranscript();
  const piece = "a line of sixty-four characters that an agent repeats endlessly\n".repeat(1_000);
  for (let count = 0; count < 100; count += 1) transcript.update(chunk(piece));
  const { lines, readable } = transcript.end("", "the last line of stderr");
  expect(lines.join("").length).toBeGreaterThan(4_900_000);
  expect(lines.join("").length).toBeLessThan(5_200_000);
  expect(lines.at(-1)).toBe(`{"stderr":"the last line of stderr"}`);
  expect(readable.length).toBeLessThan(5_200_000);
  expect(readable).toMatch(/\[… the rest is left out …\]\n$/);
});
