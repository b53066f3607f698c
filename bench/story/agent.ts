/**
 * An ACP agent in plain Node that answers after the milliseconds of its argument, by default at once. Its turn is the unit of the ratios. With a
 * prompt that contains `Carry out <name>`, the agent writes a file of that name with the times of its start and end.
 */
export const AGENT = `
import { createInterface } from "node:readline";
import { writeFileSync } from "node:fs";
const send = (message) => process.stdout.write(JSON.stringify({ jsonrpc: "2.0", ...message }) + "\\n");
let cwd = process.cwd();
const started = Date.now();
createInterface({ input: process.stdin }).on("line", async (line) => {
  const { id, method, params } = JSON.parse(line);
  const answer = (result) => send({ id, result });
  if (method === "initialize") answer({ protocolVersion: 1, agentCapabilities: {} });
  else if (method === "session/new") {
    cwd = params.cwd;
    answer({ sessionId: "s" });
  } else if (method === "session/prompt") {
    await new Promise((resolve) => setTimeout(resolve, Number(process.argv[2] ?? 0)));
    const [, name] = /Carry out (\\w*)/.exec(JSON.stringify(params.prompt)) ?? [];
    if (name !== undefined) writeFileSync(cwd + "/done-" + name + ".txt", JSON.stringify({ started, ended: Date.now() }));
    const text = "All is done.\\n\\n[OUTPUT]\\nIt is done.\\n[/OUTPUT]";
    send({ method: "session/update", params: { sessionId: "s", update: { sessionUpdate: "agent_message_chunk", content: { type: "text", text } } } });
    answer({ stopReason: "end_turn" });
  } else if (id !== undefined && method) answer({});
}).on("close", () => process.exit(0));
`;

/** The messages of a client in one turn. */
export const TURN = [
  { id: 1, method: "initialize", params: { protocolVersion: 1 } },
  { id: 2, method: "session/new", params: { cwd: "/tmp", mcpServers: [] } },
  { id: 3, method: "session/prompt", params: { sessionId: "s", prompt: [] } },
]
  .map((message) => `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
  .join("");
