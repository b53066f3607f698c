import { type ClientRequest, type IncomingMessage, request as requestPlain, type ServerResponse } from "node:http";
import { pipeline } from "node:stream";
import { type NetworkTarget, readAddressTarget, readNetworkTarget } from "../../core/policy/network-hosts.ts";
import { connectTarget, type NameLookup, toProxyOptions } from "./connect-target.ts";
import { HOP_HEADERS, listConnectionHeaders } from "../proxy/hop-headers.ts";
import type { UpstreamProxies } from "../../core/policy/upstream-proxy.ts";

export type RequestTarget =
  | { readonly kind: "found"; readonly target: NetworkTarget; readonly path: string }
  | { readonly kind: "disguised"; readonly target: NetworkTarget }
  | { readonly kind: "none"; readonly asked: string };

const readHostHeader = (text: string): NetworkTarget | null => readNetworkTarget(text) ?? readNetworkTarget(`${text}:80`);

const isSameTarget = (one: NetworkTarget | null, two: NetworkTarget): boolean => one?.host === two.host && one.port === two.port;

/** The target of a request: of its tunnel, which its Host header must name, or of its address. The Host header of the latter is replaced. */
export const findRequestTarget = ({ url = "", headers }: IncomingMessage, tunnel: NetworkTarget | null): RequestTarget => {
  const host = headers.host ?? "";
  if (tunnel !== null) {
    const isOwn = url.startsWith("/") && isSameTarget(readHostHeader(host), tunnel);
    return isOwn ? { kind: "found", target: tunnel, path: url } : { kind: "disguised", target: tunnel };
  }
  const target = /^http:\/\//i.test(url) ? readAddressTarget(url) : null;
  if (target === null) return { kind: "none", asked: /^https?:\/\//i.test(url) && URL.canParse(url) ? new URL(url).host : host };
  const { pathname, search, username, password } = new URL(url);
  if (username !== "" || password !== "") return { kind: "disguised", target };
  return { kind: "found", target, path: `${pathname}${search}` };
};

type ForwardedRequest = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: NetworkTarget;
  readonly path: string;
  readonly proxies: UpstreamProxies;
  readonly lookup: NameLookup;
  readonly connectMs: number;
};

/** The headers of a message that travel on, in their order, each as often as it was sent. */
const selectHeaders = ({ rawHeaders, headers }: IncomingMessage, dropped: readonly string[]): string[] => {
  const all = new Set([...HOP_HEADERS, ...dropped, ...listConnectionHeaders(headers)]);
  return rawHeaders.flatMap((name, at) => (at % 2 === 0 && !all.has(name.toLowerCase()) ? [name, rawHeaders[at + 1] ?? ""] : []));
};

const formatHost = ({ host, port }: NetworkTarget): string => (port === 80 ? host : `${host}:${port}`);

const openRequest = async (forwarded: ForwardedRequest): Promise<ClientRequest> => {
  const { request, target, path, proxies } = forwarded;
  const headers = ["Host", formatHost(target), ...selectHeaders(request, ["host"]), "Connection", "close"];
  const { method = "GET" } = request;
  const proxy = proxies.choose(target, false);
  if (proxy === null) {
    const socket = await connectTarget(forwarded, null);
    return requestPlain({ method, path, headers, setHost: false, createConnection: () => socket });
  }
  const { request: send, headers: own, ...at } = toProxyOptions(proxy);
  const all = [...headers, ...Object.entries(own).flat()];
  return send({ ...at, method, path: `http://${formatHost(target)}${path}`, headers: all, setHost: false, agent: false });
};

/** Forwards a request without TLS to its target, and streams the answer back. `fail` receives an error before the answer. */
export const forwardPlainRequest = (forwarded: ForwardedRequest, fail: (error: unknown) => void): void => {
  const { request, response } = forwarded;
  const hasBody = request.headers["content-length"] !== undefined || request.headers["transfer-encoding"] !== undefined;
  const send = (upstream: ClientRequest): void => {
    upstream.on("error", fail);
    upstream.on("response", (answer) => {
      try {
        // Throws for a status or a header that no answer may have.
        response.writeHead(answer.statusCode ?? 502, answer.statusMessage, selectHeaders(answer, []));
      } catch (error) {
        answer.destroy();
        return fail(error);
      }
      response.flushHeaders();
      pipeline(answer, response, () => undefined);
    });
    upstream.on("upgrade", (_, socket) => void socket.destroy());
    response.on("close", () => upstream.destroy());
    request.on("error", () => upstream.destroy());
    if (hasBody) request.pipe(upstream);
    else {
      request.resume();
      upstream.end();
    }
  };
  openRequest(forwarded).then(send).catch(fail);
};
