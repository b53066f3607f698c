import { type ClientRequest, type IncomingMessage, request as requestPlain, type ServerResponse } from "node:http";
import { request as requestSecure } from "node:https";
import { pipeline } from "node:stream";
import { formatUnreachableServer } from "../../core/messages/key-proxy.ts";
import { createKeyMask } from "./key-mask.ts";
import { watchLimitWords } from "./limit-words.ts";
import { toAgentHeaders, toUpstreamHeaders } from "./proxy-headers.ts";

export type ForwardTarget = {
  readonly url: URL;
  /** The headers to add, with the credentials. */
  readonly headers: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  /** The time in which the server must accept a connection. */
  readonly connectMs: number;
  /** Receives what the server says about a quota that is used up. */
  readonly onLimitWords: (words: string) => void;
};

type Exchange = { readonly request: IncomingMessage; readonly response: ServerResponse };

/** Answers with an error in the form that the agents' clients understand. */
export const sendProxyError = ({ request, response }: Exchange, status: number, message: string): void => {
  // A request whose body nobody reads would block its connection.
  request.unpipe().resume();
  const type = status === 502 ? "api_error" : "not_found_error";
  response.writeHead(status, { "content-type": "application/json", connection: "close" });
  response.end(JSON.stringify({ type: "error", error: { type, message, code: status } }));
};

/** Ends a request to a server that accepts no connection: the agent waits for the proxy, and would notice nothing. */
export const limitConnecting = (upstream: ClientRequest, { url, connectMs }: Pick<ForwardTarget, "url" | "connectMs">): void => {
  upstream.on("socket", (socket) => {
    socket.setTimeout(connectMs, () => upstream.destroy(Object.assign(new Error("no connection"), { code: "ETIMEDOUT" })));
    socket.once(url.protocol === "https:" ? "secureConnect" : "connect", () => socket.setTimeout(0));
  });
};

/** Only POST has a body: Node would send the body of a GET without a length, where a server reads the next request. */
const openUpstream = (request: IncomingMessage, { url, headers: added }: ForwardTarget): ClientRequest => {
  const { method = "GET" } = request;
  const { "content-length": length, ...headers } = toUpstreamHeaders(request.headers, added);
  const hasBody = method === "POST";
  const own = hasBody && length !== undefined ? { ...headers, "content-length": length } : headers;
  const upstream = (url.protocol === "https:" ? requestSecure : requestPlain)(url, { method, headers: own, agent: false });
  if (hasBody) request.pipe(upstream);
  else {
    request.resume();
    upstream.end();
  }
  return upstream;
};

/** Forwards a request and streams the answer back; either side's end is the other's. Never rejects. */
export const forwardRequest = (exchange: Exchange, target: ForwardTarget): void => {
  const { request, response } = exchange;
  const fail = (error: unknown): void => {
    const { code } = error as { code?: unknown };
    if (response.headersSent) response.destroy();
    else sendProxyError(exchange, 502, formatUnreachableServer(target.url.host, typeof code === "string" ? code : "error"));
  };
  let upstream: ClientRequest;
  try {
    upstream = openUpstream(request, target);
  } catch (error) {
    return fail(error);
  }
  limitConnecting(upstream, target);
  upstream.on("error", fail);
  upstream.on("response", (answer) => {
    try {
      // Without the server's own words for the status, in which it could repeat the key. A status below 100 is none.
      response.writeHead(answer.statusCode ?? 502, toAgentHeaders(answer.headers, target.secrets));
    } catch (error) {
      answer.destroy();
      return fail(error);
    }
    response.flushHeaders();
    const masked = createKeyMask(target.secrets);
    watchLimitWords(answer, masked, target.onLimitWords);
    pipeline(answer, masked, response, () => undefined);
  });
  response.on("close", () => upstream.destroy());
  request.on("error", () => upstream.destroy());
};
