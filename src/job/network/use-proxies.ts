import { readFileSync } from "node:fs";
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectSecure, rootCertificates } from "node:tls";
import { isAddress } from "../../core/policy/network-hosts.ts";
import { readProxyVariable, readUpstreamProxies } from "../../core/policy/upstream-proxy.ts";
import { connectThroughProxy, readErrorCode } from "./connect-target.ts";

const CONNECT_MS = 30_000;
const NAMES = ["https_proxy", "http_proxy", "all_proxy"];
/** Node's `fetch` reads its dispatcher there. https://github.com/nodejs/undici/blob/main/lib/global.js */
const DISPATCHER_KEY = Symbol.for("undici.globalDispatcher.1");

type Variables = Readonly<Record<string, string | undefined>>;
type ConnectOptions = { readonly hostname: string; readonly protocol: string; readonly port: string; readonly servername?: string | null };
type Connected = (error: Error | null, socket: Socket | null) => void;
type Dispatcher = { readonly constructor: new (options: object) => object };

/** Certificates of a file in addition to Node's own; undefined without a file. */
const readCertificates = (env: Variables): string[] | undefined => {
  const files = [env["SSL_CERT_FILE"] ?? "", env["NODE_EXTRA_CA_CERTS"] ?? ""];
  return files[0] === ""
    ? undefined
    : [...rootCertificates, ...files.filter((file) => file !== "").map((file) => readFileSync(file, "utf8"))];
};

const openDirect = (host: string, port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connectPlain({ host: host.replace(/^\[|\]$/g, ""), port, autoSelectFamily: true });
    socket.setTimeout(CONNECT_MS, () => socket.destroy(new Error(`${host}:${port} does not answer`)));
    socket.once("error", reject).once("connect", () => {
      socket.setTimeout(0).off("error", reject);
      resolve(socket);
    });
  });

const openThrough = async (host: string, port: number, proxy: URL): Promise<Socket> => {
  try {
    return await connectThroughProxy({ target: { host, port }, connectMs: CONNECT_MS }, proxy);
  } catch (error) {
    // Without the proxy's address, which may hold a password.
    throw new Error(`${host}:${port} cannot be reached through the proxy ${proxy.host}: ${readErrorCode(error)}`, { cause: error });
  }
};

const secure = (socket: Socket, servername: string, ca: string[] | undefined): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const name = isAddress(servername) ? {} : { servername };
    const tls = connectSecure({ socket, ...name, ALPNProtocols: ["http/1.1"], ...(ca && { ca }) });
    const giveUp = (): void => void tls.destroy(new Error(`${servername} does not answer`));
    tls.setTimeout(CONNECT_MS, giveUp);
    tls.once("error", reject).once("secureConnect", () => {
      tls.setTimeout(0).off("timeout", giveUp).off("error", reject);
      resolve(tls);
    });
  });

/** Connects `fetch` to servers, through the proxies that the variables name. */
const createConnector = (env: Variables) => {
  const proxies = readUpstreamProxies(env);
  const ca = readCertificates(env);
  const open = async ({ hostname: host, protocol, port: text, servername }: ConnectOptions): Promise<Socket> => {
    const isSecure = protocol === "https:";
    const port = Number(text) || (isSecure ? 443 : 80);
    const proxy = proxies.choose({ host, port }, isSecure);
    const socket = await (proxy === null ? openDirect(host, port) : openThrough(host, port, proxy));
    return isSecure ? secure(socket, servername ?? host, ca) : socket;
  };
  return (options: ConnectOptions, connected: Connected): void => {
    open(options).then(
      (socket) => connected(null, socket),
      (error: unknown) => connected(error instanceof Error ? error : new Error(String(error)), null),
    );
  };
};

/** Makes every `fetch` of this process, and with it Octokit, use the proxies and the certificates of the usual variables. */
export const useProxies = (env: Variables): void => {
  if (NAMES.every((name) => readProxyVariable(env, name) === "") && (env["SSL_CERT_FILE"] ?? "") === "") return;
  // Node loads its HTTP client, which sets the dispatcher, with the first use of one of its classes.
  void new Headers();
  const known = (globalThis as Record<symbol, unknown>)[DISPATCHER_KEY] as Dispatcher;
  (globalThis as Record<symbol, unknown>)[DISPATCHER_KEY] = new known.constructor({ connect: createConnector(env) });
};
