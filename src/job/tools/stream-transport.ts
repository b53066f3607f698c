import type { Readable, Writable } from "node:stream";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { type JSONRPCMessage, JSONRPCMessageSchema, type RequestId } from "@modelcontextprotocol/sdk/types.js";
import { handleLines, MAX_MESSAGE_CHARS } from "./handle-lines.ts";
import { parseJson } from "../../core/domain/parse-json.ts";

const TOO_LONG_ERROR = { code: -32600, message: `a message has at most ${MAX_MESSAGE_CHARS} characters` };
const UNREADABLE_ERROR = { code: -32700, message: "this line is not a message of JSON-RPC 2.0" };

export type McpStreams = { readonly input: Readable; readonly output: Writable };

/**
 * MCP as lines of JSON. It closes when a stream breaks, when a message is too long, or when the client has disconnected and all its
 * requests are answered.
 */
export const createStreamTransport = ({ input, output }: McpStreams, ended: () => void): Transport => {
  const unanswered = new Set<RequestId>();
  let hungUp = false;
  const close = (): void => {
    transport.onclose?.();
    ended();
  };
  const closeWhenAnswered = (): void => {
    if (hungUp && unanswered.size === 0) close();
  };
  const write = (message: unknown): Promise<void> =>
    new Promise((resolve) => {
      output.write(`${JSON.stringify(message)}\n`, () => resolve());
    });
  const read = (line: string): void => {
    const message = parseRpcMessage(line);
    if (!message) return void write({ jsonrpc: "2.0", error: UNREADABLE_ERROR });
    if ("method" in message && "id" in message) unanswered.add(message.id);
    // A cancelled request receives no answer.
    if ("method" in message && message.method === "notifications/cancelled") unanswered.delete(message.params?.["requestId"] as RequestId);
    transport.onmessage?.(message);
  };
  const end = (): void => {
    hungUp = true;
    closeWhenAnswered();
  };
  const transport: Transport = {
    start: () => {
      handleLines(input, { onLine: read, onEnd: end, onTooLong: () => void write({ jsonrpc: "2.0", error: TOO_LONG_ERROR }).then(close) });
      // A stream that was read to its end also closes, without an error.
      input.on("error", close).on("close", end);
      output.on("error", close).on("close", close);
      return Promise.resolve();
    },
    send: async (message) => {
      await write(message);
      if (!("method" in message) && message.id !== undefined) unanswered.delete(message.id);
      closeWhenAnswered();
    },
    close: () => Promise.resolve(close()),
  };
  return transport;
};

const parseRpcMessage = (line: string): JSONRPCMessage | null => JSONRPCMessageSchema.safeParse(parseJson(line)).data ?? null;
