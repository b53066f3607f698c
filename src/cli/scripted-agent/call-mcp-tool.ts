import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import type { McpServer } from "@agentclientprotocol/sdk";

/** Calls one tool of the session's MCP server over stdio, in a process of its own, as any agent would. */
export const callMcpTool = async (
  server: McpServer | undefined,
  cwd: string,
  call: { tool: string; arguments: Record<string, unknown> },
): Promise<{ text: string; failed: boolean }> => {
  if (!server || !("command" in server)) return { text: "there is no MCP server", failed: true };
  const env = Object.fromEntries(server.env.map(({ name, value }) => [name, value]));
  const transport = new StdioClientTransport({ command: server.command, args: server.args, env, cwd });
  const client = new Client({ name: "enki-rehearsal", version: "1" });
  await client.connect(transport);
  try {
    const answer = await client.callTool({ name: call.tool, arguments: call.arguments });
    const content = Array.isArray(answer.content) ? answer.content : [];
    const text = content.map((part: { text?: unknown }) => (typeof part.text === "string" ? part.text : "")).join("\n");
    return { text, failed: answer.isError === true };
  } finally {
    await client.close();
  }
};
