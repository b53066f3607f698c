import type { Duplex } from "node:stream";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { type JSONRPCMessage, JSONRPCMessageSchema } from "@modelcontextprotocol/sdk/types.js";

/** Longer messages end the connection: a plan of a thousand steps is far smaller. In characters. */
const LONGEST = 4_000_000;

/** MCP over a stream of lines, as stdio does it, for a socket. */
export const streamTransport = (stream: Duplex): Transport => {
  let rest = "";
  const transport: Transport = {
    start: () => {
      stream.setEncoding("utf8");
      stream.on("data", (text: string) => {
        const lines = (rest + text).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) if (line.trim() !== "") read(line);
        if (rest.length > LONGEST) stream.destroy();
      });
      stream.on("error", () => undefined);
      stream.on("close", () => transport.onclose?.());
      return Promise.resolve();
    },
    send: (message: JSONRPCMessage) =>
      new Promise((resolve) => {
        stream.write(`${JSON.stringify(message)}\n`, () => resolve());
      }),
    close: () => {
      stream.destroy();
      return Promise.resolve();
    },
  };
  const read = (line: string): void => {
    try {
      transport.onmessage?.(JSONRPCMessageSchema.parse(JSON.parse(line)));
    } catch (error) {
      transport.onerror?.(error instanceof Error ? error : new Error(String(error)));
    }
  };
  return transport;
};
