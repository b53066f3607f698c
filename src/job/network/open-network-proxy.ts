import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { formatTarget, type HostPattern, isAllowedTarget, type NetworkTarget, readNetworkTarget } from "../../core/policy/network-hosts.ts";
import {
  formatNetworkRefusal,
  formatRefusalStatus,
  formatUnreachableHost,
  type NetworkRefusal,
  type NetworkRefusalReason,
} from "../../core/messages/network-text.ts";
import { connectTarget, FORBIDDEN_ADDRESS, type NameLookup, readErrorCode } from "./connect-target.ts";
import { findRequestTarget, forwardPlainRequest } from "./forward-plain-request.ts";
import { joinTunnel, type TunnelEnd } from "./join-tunnel.ts";
import type { UpstreamProxies } from "../../core/policy/upstream-proxy.ts";

export type NetworkProxyOptions = {
  readonly patterns: readonly HostPattern[];
  readonly proxies: UpstreamProxies;
  readonly lookup: NameLookup;
  readonly onRefusal: (refusal: NetworkRefusal) => void;
  /** The time in which a server must accept a connection, and a client must send its first bytes. */
  readonly connectMs?: number;
};

export type NetworkProxy = { readonly port: number; readonly close: () => Promise<void> };

const LOOPBACK = "127.0.0.1";
const CONNECT_MS = 15_000;
const MAX_ASKED_CHARS = 200;

type Scope = Required<NetworkProxyOptions> & {
  /** The targets of tunnels without TLS, by the client's connection. */
  readonly tunnels: WeakMap<Socket, NetworkTarget>;
  readonly server: Server;
};

const createRefusal = ({ onRefusal }: Scope, reason: NetworkRefusalReason, asked: string): NetworkRefusal => {
  const refusal = { reason, asked: asked.slice(0, MAX_ASKED_CHARS) };
  onRefusal(refusal);
  return refusal;
};

type Answer = { readonly status: number; readonly reason: string; readonly text: string };

const toRefusedAnswer = (refusal: NetworkRefusal): Answer => ({
  status: 403,
  reason: formatRefusalStatus(refusal),
  text: formatNetworkRefusal(refusal),
});

/** The answer to a connection that failed; a name may also lead where no policy allows. */
const explainFailure = (scope: Scope, target: NetworkTarget, error: unknown): Answer => {
  const code = readErrorCode(error);
  return code === FORBIDDEN_ADDRESS
    ? toRefusedAnswer(createRefusal(scope, "address", formatTarget(target)))
    : { status: 502, reason: "Bad Gateway", text: formatUnreachableHost(target, code) };
};

const endTunnel = (socket: Socket, { status, reason, text }: Answer): void => {
  const body = `${text}\n`;
  const head = ["content-type: text/plain; charset=utf-8", `content-length: ${Buffer.byteLength(body)}`, "connection: close"];
  socket.end([`HTTP/1.1 ${status} ${reason}`, ...head, "", body].join("\r\n"));
};

const endRequest = (request: IncomingMessage, response: ServerResponse, { status, reason, text }: Answer): void => {
  request.unpipe().resume();
  if (response.headersSent) return void response.destroy();
  response.writeHead(status, reason, { "content-type": "text/plain; charset=utf-8", connection: "close" });
  response.end(`${text}\n`);
};

/** Answers a request in absolute form, or in a tunnel without TLS. */
const handleRequest = (scope: Scope, request: IncomingMessage, response: ServerResponse): void => {
  response.on("error", () => undefined);
  const found = findRequestTarget(request, scope.tunnels.get(request.socket) ?? null);
  const refuse = (reason: NetworkRefusalReason, asked: string): void =>
    endRequest(request, response, toRefusedAnswer(createRefusal(scope, reason, asked)));
  if (found.kind === "none") return refuse("form", found.asked);
  const { target } = found;
  if (found.kind === "disguised") return refuse("disguise", formatTarget(target));
  if (!isAllowedTarget(target, scope.patterns)) return refuse("host", formatTarget(target));
  forwardPlainRequest({ request, response, ...found, ...scope }, (error) =>
    endRequest(request, response, explainFailure(scope, target, error)),
  );
};

/** Hands a tunnel that carries plain HTTP to the proxy's server, which checks each request. Records a refused tunnel. */
const endWith = (scope: Scope, { socket, target }: { socket: Socket; target: NetworkTarget }, end: TunnelEnd): void => {
  if (end === "plain") {
    scope.tunnels.set(socket, target);
    scope.server.emit("connection", socket);
    socket.resume();
  } else if (end !== "joined" && end !== "ended") createRefusal(scope, end, formatTarget(target));
};

const handleTunnel = async (scope: Scope, request: IncomingMessage, { socket, head }: { socket: Socket; head: Buffer }): Promise<void> => {
  socket.on("error", () => socket.destroy());
  const target = readNetworkTarget(request.url ?? "");
  if (target === null) return endTunnel(socket, toRefusedAnswer(createRefusal(scope, "form", request.url ?? "")));
  if (!isAllowedTarget(target, scope.patterns))
    return endTunnel(socket, toRefusedAnswer(createRefusal(scope, "host", formatTarget(target))));
  try {
    const upstream = await connectTarget({ ...scope, target }, scope.proxies.choose(target, true));
    upstream.on("error", () => upstream.destroy());
    if (socket.destroyed) return void upstream.destroy();
    socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
    if (head.length > 0) socket.unshift(head);
    endWith(scope, { socket, target }, await joinTunnel({ socket, upstream, target, startMs: scope.connectMs }));
  } catch (error) {
    endTunnel(socket, explainFailure(scope, target, error));
  }
};

/** Opens a proxy on loopback that connects an agent with the hosts of its network policy, and with no others. */
export const openNetworkProxy = async (options: NetworkProxyOptions): Promise<NetworkProxy> => {
  const sockets = new Set<Socket>();
  const server = createServer({ requestTimeout: 0 });
  const scope: Scope = { connectMs: CONNECT_MS, ...options, tunnels: new WeakMap(), server };
  server.on("request", (request, response) => handleRequest(scope, request, response));
  server.on("connect", (request, socket: Socket, head: Buffer) => void handleTunnel(scope, request, { socket, head }));
  server.on("upgrade", (request, socket: Socket) =>
    endTunnel(socket, toRefusedAnswer(createRefusal(scope, "form", request.headers.host ?? ""))),
  );
  server.on("clientError", (_, socket) => void socket.destroy());
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, LOOPBACK, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
};
