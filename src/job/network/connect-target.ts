import { lookup as lookupName, type LookupAddress } from "node:dns";
import { request as requestPlain } from "node:http";
import { request as requestSecure } from "node:https";
import { connect, type LookupFunction, type Socket } from "node:net";
import { isAddress, isLoopbackHost, type NetworkTarget } from "../../core/policy/network-hosts.ts";
import { isLoopbackAddress, isReachableAddress } from "./address-rules.ts";

/** Looks up all addresses of a name. */
export type NameLookup = (name: string, done: (error: Error | null, addresses: readonly LookupAddress[]) => void) => void;

export const lookUpAddresses: NameLookup = (name, done) => lookupName(name, { all: true, verbatim: true }, done);

export const FORBIDDEN_ADDRESS = "EFORBIDDEN";

export const readErrorCode = (error: unknown): string => {
  const { code } = error as { code?: unknown };
  return typeof code === "string" ? code : "error";
};

/** A lookup that returns only addresses to which the name may lead, so that exactly a checked address is connected to. */
const createCheckedLookup =
  (lookup: NameLookup): LookupFunction =>
  (name, options, done) => {
    const isAllowed = isLoopbackHost(name) ? isLoopbackAddress : isReachableAddress;
    lookup(name, (error, addresses) => {
      const found = addresses.filter(({ address }) => isAllowed(address));
      const [first] = found;
      if (error) done(error, "", 0);
      else if (first === undefined) done(Object.assign(new Error(`${name} has no permitted address`), { code: FORBIDDEN_ADDRESS }), "", 0);
      else if (options.all === true) done(null, found);
      else done(null, first.address, first.family);
    });
  };

/** An address without the brackets of IPv6. */
const toAddress = (host: string): string => host.replace(/^\[|\]$/g, "");

export type TargetConnection = { readonly target: NetworkTarget; readonly lookup: NameLookup; readonly connectMs: number };

const openDirect = ({ target: { host, port }, lookup }: TargetConnection): Socket =>
  isAddress(host)
    ? connect({ host: toAddress(host), port })
    : connect({ host, port, lookup: createCheckedLookup(lookup), autoSelectFamily: true });

/** Connects to a target directly. */
const connectDirect = (connection: TargetConnection): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = openDirect(connection);
    socket.setTimeout(connection.connectMs, () => socket.destroy(Object.assign(new Error("no connection"), { code: "ETIMEDOUT" })));
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.setTimeout(0);
      socket.off("error", reject);
      resolve(socket);
    });
  });

const toAuthorization = ({ username, password }: URL): Readonly<Record<string, string>> =>
  username === ""
    ? {}
    : {
        "proxy-authorization": `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString("base64")}`,
      };

/** How another proxy is asked for a target: by a tunnel or for one request. */
export const toProxyOptions = (proxy: URL) => ({
  host: toAddress(proxy.hostname),
  port: Number(proxy.port) || (proxy.protocol === "https:" ? 443 : 80),
  headers: toAuthorization(proxy),
  request: proxy.protocol === "https:" ? requestSecure : requestPlain,
});

/** Connects to a target through another proxy, which then looks up the name itself. */
export const connectThroughProxy = ({ target, connectMs }: Omit<TargetConnection, "lookup">, proxy: URL): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const { request, headers, ...at } = toProxyOptions(proxy);
    const authority = `${target.host}:${target.port}`;
    const asked = request({ ...at, method: "CONNECT", path: authority, headers: { host: authority, ...headers }, agent: false });
    asked.setTimeout(connectMs, () => asked.destroy(Object.assign(new Error("no connection"), { code: "ETIMEDOUT" })));
    asked.once("error", reject);
    asked.once("connect", ({ statusCode = 0 }, socket: Socket, head: Buffer) => {
      socket.setTimeout(0);
      if (statusCode !== 200) {
        socket.destroy();
        return reject(Object.assign(new Error("the proxy refused"), { code: `the proxy ${proxy.host} answered ${statusCode}` }));
      }
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    asked.once("response", ({ statusCode = 0 }) => {
      asked.destroy();
      reject(Object.assign(new Error("the proxy refused"), { code: `the proxy ${proxy.host} answered ${statusCode}` }));
    });
    asked.end();
  });

export const connectTarget = (connection: TargetConnection, proxy: URL | null): Promise<Socket> =>
  proxy === null ? connectDirect(connection) : connectThroughProxy(connection, proxy);
