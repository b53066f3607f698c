import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { formatProxyRefusal, type ProxyRefusal } from "../../core/messages/key-proxy.ts";
import type { KeyRoute } from "../agent/key-route.ts";
import { forwardRequest, sendProxyError } from "./forward-request.ts";

export type KeyProxyOptions = {
  readonly routes: readonly KeyRoute[];
  readonly onRefusal: (refusal: ProxyRefusal) => void;
  /** Receives what a server says about a quota that is used up. */
  readonly onLimitWords: (words: string) => void;
  /** The time in which a server must accept a connection. */
  readonly connectMs?: number;
};

export type KeyProxy = {
  /** The local address of each route, in the order of the routes. */
  readonly addresses: readonly string[];
  /** Ends all requests. */
  readonly close: () => Promise<void>;
};

const LOOPBACK = "127.0.0.1";
const WORD_BYTES = 24;
const METHODS = ["GET", "HEAD", "POST"];
/** Longer than the pause between two requests of an agent: a connection must not end while the next request is under way. */
const KEEP_ALIVE_MS = 600_000;
/** Short enough that Enki reports an unreachable server within a minute. */
const CONNECT_MS = 15_000;

type Resolved = { readonly url: URL; readonly route: KeyRoute } | { readonly refusal: ProxyRefusal };

/** The upstream address of a request; refuses everything but the requests of a session to its model. */
const resolveTarget = (
  { method = "", url = "", headers }: IncomingMessage,
  { routes, host }: { readonly routes: ReadonlyMap<string, KeyRoute>; readonly host: string },
): Resolved => {
  const [, word = "", path = "/", search = ""] = /^\/([\w-]+)(\/[^?#]*)?(\?[^#]*)?$/.exec(url) ?? [];
  const route = routes.get(word);
  // A request without the unguessable word is not the agent's, and may name any address.
  if (route === undefined || headers.host !== host) return { refusal: { reason: "foreign", method, path: url.slice(0, MAX_PATH_CHARS) } };
  const asked = new URL(`http://${LOOPBACK}${path}${search}`);
  const shown = { method, path: asked.pathname.slice(0, MAX_PATH_CHARS) };
  if (!METHODS.includes(method)) return { refusal: { reason: "method", ...shown } };
  if (!route.paths.test(asked.pathname)) return { refusal: { reason: "path", ...shown } };
  // Google's API also reads a key in the address.
  if (asked.searchParams.has("key")) asked.searchParams.delete("key");
  const target = new URL(route.upstream);
  target.pathname = target.pathname.replace(/\/$/, "") + asked.pathname;
  target.search = asked.search;
  return { url: target, route };
};

const MAX_PATH_CHARS = 200;
const STATUS_BY_REASON = { foreign: 404, method: 405, path: 404, tunnel: 403 } as const;

const refuseTunnel = (request: IncomingMessage, socket: Socket, onRefusal: KeyProxyOptions["onRefusal"]): void => {
  onRefusal({ reason: "tunnel", method: request.method ?? "", path: (request.url ?? "").slice(0, MAX_PATH_CHARS) });
  socket.on("error", () => undefined);
  socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
};

/**
 * Opens a server on loopback that forwards requests to the models' servers and adds the keys. Only a client that was given an address of
 * the server can use a route.
 */
export const openKeyProxy = async ({ routes, onRefusal, onLimitWords, connectMs = CONNECT_MS }: KeyProxyOptions): Promise<KeyProxy> => {
  const words = routes.map(() => randomBytes(WORD_BYTES).toString("base64url"));
  const byWord = new Map(routes.map((route, index) => [words[index] ?? "", route]));
  let host = "";
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const target = resolveTarget(request, { routes: byWord, host });
    response.on("error", () => undefined);
    if (!("refusal" in target)) {
      const { url, route } = target;
      return forwardRequest({ request, response }, { url, headers: route.headers, secrets: route.secrets, connectMs, onLimitWords });
    }
    const { refusal } = target;
    onRefusal(refusal);
    sendProxyError({ request, response }, STATUS_BY_REASON[refusal.reason], formatProxyRefusal(refusal));
  };
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: KEEP_ALIVE_MS }, handle);
  server.on("connect", (request, socket) => refuseTunnel(request, socket as Socket, onRefusal));
  server.on("clientError", (_, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, LOOPBACK, resolve);
  });
  host = `${LOOPBACK}:${(server.address() as AddressInfo).port}`;
  return {
    addresses: words.map((word) => `http://${host}/${word}`),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
