import { chmod, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import { streamTransport } from "./stream-transport.ts";
import { callTool, type ToolContext, toolsFor } from "./tools.ts";

/** An MCP server of Enki's tools; rights and limits come from the context, never from who calls. */
const openServer = (context: ToolContext): Server => {
  const server = new Server({ name: "enki", version: "1" }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: toolsFor(context).map(({ name, summary, input }) => ({
      name,
      description: summary,
      // zod's own form of an object's schema; MCP asks for `type: object`, which every tool's input has.
      inputSchema: { ...z.toJSONSchema(input, { io: "input" }), type: "object" as const },
    })),
  }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
    const { text, structured, isError } = await callTool(context, params.name, params.arguments);
    return { content: [{ type: "text" as const, text }], structuredContent: structured, isError };
  });
  return server;
};

/** Longer paths do not fit into the address of a socket. */
const LONGEST_PATH = 100;

/** Serves the tools of a job to whoever connects to this socket, which lies where only the job's own user comes. */
export const serveTools = async ({ context, socket }: { context: ToolContext; socket: string }): Promise<{ close(): Promise<void> }> => {
  if (Buffer.byteLength(socket) > LONGEST_PATH) throw new Error(`the path of the tools' socket is too long: ${socket}`);
  const open = new Set<Socket>();
  const listening = createServer((connection) => {
    open.add(connection);
    connection.on("close", () => open.delete(connection));
    void openServer(context).connect(streamTransport(connection));
  });
  await rm(socket, { force: true });
  await new Promise<void>((resolve, reject) => listening.once("error", reject).listen(socket, resolve));
  await chmod(socket, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        for (const connection of open) connection.destroy();
        listening.close(() => resolve());
      }),
  };
};

/** Serves the tools to one client, until it hangs up. */
export const serveStream = (context: ToolContext, stream: Duplex): Promise<void> =>
  new Promise((resolve, reject) => {
    const server = openServer(context);
    stream.once("close", resolve);
    server.connect(streamTransport(stream)).catch(reject);
  });
