/** An ACP agent that answers at once, in plain Node: its turn is the unit of the ratios. A role whose prompt contains `Carry out` writes a file. */
export const AGENT = `
import { createInterface } from "node:readline";
import { writeFileSync } from "node:fs";
const send = (message) => process.stdout.write(JSON.stringify({ jsonrpc: "2.0", ...message }) + "\\n");
let cwd = process.cwd();
createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line);
  const answer = (result) => send({ id, result });
  if (method === "initialize") answer({ protocolVersion: 1, agentCapabilities: {} });
  else if (method === "session/new") {
    cwd = params.cwd;
    answer({ sessionId: "s" });
  } else if (method === "session/prompt") {
    if (JSON.stringify(params.prompt).includes("Carry out")) writeFileSync(cwd + "/done-" + process.pid + ".txt", "done\\n");
    const text = "All is done.\\n\\n[OUTPUT]\\nIt is done.\\n[/OUTPUT]";
    send({ method: "session/update", params: { sessionId: "s", update: { sessionUpdate: "agent_message_chunk", content: { type: "text", text } } } });
    answer({ stopReason: "end_turn" });
  } else if (id !== undefined && method) answer({});
}).on("close", () => process.exit(0));
`;

/** What a client says to the agent in one turn. */
export const TURN = [
  { id: 1, method: "initialize", params: { protocolVersion: 1 } },
  { id: 2, method: "session/new", params: { cwd: "/tmp", mcpServers: [] } },
  { id: 3, method: "session/prompt", params: { sessionId: "s", prompt: [] } },
]
  .map((message) => `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
  .join("");
