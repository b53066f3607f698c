import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text as readAll } from "node:stream/consumers";
import { type ModelReply, WIRE_FORMATS, type WireFormat } from "./wire-formats.ts";

/** A call by the script, regardless of the agent's name for the tool. */
export type ScriptedCall =
  | { readonly say: string }
  | { readonly shell: string }
  | { readonly write: string; readonly content: string }
  | { readonly enki: string; readonly input: Readonly<Record<string, unknown>> }
  /** The model never answers. */
  | { readonly hang: true }
  | { readonly fail: ModelFault };

/** A fault instead of an answer: a status with headers. */
export type ModelFault = {
  readonly status: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Further fields of the error in the answer's body. */
  readonly fields?: Readonly<Record<string, unknown>>;
};

/** Chooses the next call by the whole conversation and the number of results so far. */
export type ModelScript = (conversation: string, step: number) => ScriptedCall;

const SHELLS: Readonly<Record<string, (command: string) => Readonly<Record<string, unknown>>>> = {
  Bash: (command) => ({ command, description: "run" }),
  run_shell_command: (command) => ({ command, description: "run" }),
  bash: (command) => ({ command, description: "run" }),
  exec_command: (command) => ({ cmd: command }),
  shell_command: (command) => ({ command }),
};

const WRITERS: Readonly<Record<string, (path: string, content: string) => Readonly<Record<string, unknown>>>> = {
  Write: (path, content) => ({ file_path: path, content }),
  write_file: (path, content) => ({ file_path: path, content }),
  write: (path, content) => ({ filePath: path, content }),
};

/** Returns a tool's name without the name of its outer tool. */
const toPlainName = (name: string): string => name.replace(/^exec\//, "");

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** Models also ask for tools that nobody offers. */
const MISSING_TOOL = "not_offered";

const toReply = (call: Exclude<ScriptedCall, { hang: true } | { fail: ModelFault }>, tools: readonly string[]): ModelReply => {
  if ("say" in call) return { text: call.say };
  if ("enki" in call) {
    // Codex omits the tools of a slowly starting MCP server from its list, but the model may call them.
    const hidden = tools.some((name) => name.startsWith("exec/")) ? `exec/mcp__enki__${call.enki}` : MISSING_TOOL;
    return { tool: tools.find((name) => name.endsWith(call.enki)) ?? hidden, input: call.input };
  }
  const writer = "write" in call ? tools.find((name) => name in WRITERS) : undefined;
  if ("write" in call && writer !== undefined) return { tool: writer, input: WRITERS[writer]?.(call.write, call.content) ?? {} };
  const command = "shell" in call ? call.shell : `printf %s ${quote(call.content)} > ${quote(call.write)}`;
  const shell = tools.find((name) => toPlainName(name) in SHELLS);
  return shell === undefined ? { tool: MISSING_TOOL, input: {} } : { tool: shell, input: SHELLS[toPlainName(shell)]?.(command) ?? {} };
};

/** A request without tools is the agent's own: a title, a classification. Gemini's classifier reads JSON. */
const SIDE_TEXT = JSON.stringify({ reasoning: "simple", model_choice: "flash", complexity_reasoning: "simple", complexity_score: 1 });

export type ScriptedModel = {
  readonly url: string;
  /** The bodies of requests with tools, and their keys. */
  readonly requests: readonly { readonly body: string; readonly key: string; readonly tools: readonly string[] }[];
  readonly close: () => Promise<void>;
};

type ModelOptions = { readonly script: ModelScript; readonly fault?: ModelFault | null };

/** Opens a model on loopback that speaks the four formats of the agents, and answers by the script. */
export const openScriptedModel = async ({ script, fault = null }: ModelOptions): Promise<ScriptedModel> => {
  const requests: { body: string; key: string; tools: readonly string[] }[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readAll(request);
    const path = (request.url ?? "").split("?")[0] ?? "";
    const format = WIRE_FORMATS.find((each) => each.path.test(path));
    if (request.method !== "POST" || format === undefined) return sendJson(response, 200, { object: "list", data: [], models: [] });
    if (fault) return sendJson(response, fault.status, toErrorBody(fault), fault.headers);
    const parsed = JSON.parse(body) as Readonly<Record<string, unknown>>;
    const read = format.read(parsed);
    if (read.tools.length > 0) requests.push({ body, key: readKey(request), tools: read.tools });
    const call = read.tools.length === 0 ? { say: SIDE_TEXT } : script(body, read.results.length);
    if ("hang" in call) return;
    if ("fail" in call) return sendJson(response, call.fail.status, toErrorBody(call.fail), call.fail.headers);
    reply(response, {
      format,
      reply: toReply(call, read.tools),
      isStream: isStream(parsed, path),
      id: String(requests.length),
      model: "scripted",
    });
  };
  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
};

const isStream = ({ stream }: Readonly<Record<string, unknown>>, path: string): boolean => stream === true || path.includes(":stream");

const readKey = ({ headers }: IncomingMessage): string =>
  String(headers["x-api-key"] ?? headers["x-goog-api-key"] ?? headers["api-key"] ?? headers.authorization ?? "").replace(/^Bearer /, "");

const sendJson = (response: ServerResponse, status: number, body: object, headers: Readonly<Record<string, string>> = {}): void => {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
};

const toErrorBody = ({ status, message, fields }: ModelFault): object => ({
  type: "error",
  error: { type: ERROR_TYPES[status] ?? "api_error", message, code: status, status: ERROR_STATES[status] ?? "INTERNAL", ...fields },
});
const ERROR_TYPES: Readonly<Record<number, string>> = { 401: "authentication_error", 429: "rate_limit_error" };
const ERROR_STATES: Readonly<Record<number, string>> = { 401: "UNAUTHENTICATED", 429: "RESOURCE_EXHAUSTED" };

type SentReply = {
  readonly format: WireFormat;
  readonly reply: ModelReply;
  readonly isStream: boolean;
  readonly id: string;
  readonly model: string;
};

const reply = (response: ServerResponse, { format, reply: what, isStream: streams, id, model }: SentReply): void => {
  if (!streams) return sendJson(response, 200, format.writeWhole(what, id, model));
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  for (const [name, data] of format.write(what, id, model))
    response.write(`${name === null ? "" : `event: ${name}\n`}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`);
  response.end();
};
