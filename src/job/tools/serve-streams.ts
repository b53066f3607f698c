import type { Readable, Writable } from "node:stream";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import { type McpStreams, createStreamTransport } from "./stream-transport.ts";
import type { ToolContext } from "./mcp-tool.ts";
import { callTool } from "./call-tool.ts";
import { listOfferedTools } from "./offered-tools.ts";

/** Creates an MCP server with Enki's tools. Rights and limits come from the context, never from the caller. */
const createMcpServer = (context: ToolContext): Server => {
  const server = new Server({ name: "enki", version: "1" }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: listOfferedTools(context).map(({ name, summary, input }) => ({
      name,
      description: summary,
      // MCP requires `type: object`, which every tool's input schema has; zod's type is wider.
      inputSchema: { ...z.toJSONSchema(input, { io: "input" }), type: "object" as const },
    })),
  }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
    const { text, isError } = await callTool(context, params.name, params.arguments);
    // Given both, some agents show the model only the structured content, others only the text. So the reply has only text, and the text
    // contains everything.
    return { content: [{ type: "text" as const, text }], isError };
  });
  return server;
};

/** Serves the tools over two streams until the client disconnects. */
export const serveStreams = (context: ToolContext, streams: McpStreams): Promise<void> =>
  new Promise((resolve, reject) => {
    createMcpServer(context).connect(createStreamTransport(streams, resolve)).catch(reject);
  });

export type StdioStreams = { readonly stdin: Readable; readonly stdout: Writable };

/** Serves the tools to one client without a job, until the client disconnects. */
export const serveStdio = ({ context, stdin, stdout }: StdioStreams & { context: ToolContext }): Promise<void> =>
  serveStreams(context, { input: stdin, output: stdout });
