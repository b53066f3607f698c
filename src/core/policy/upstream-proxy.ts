import { isAddress, isLoopbackHost, type NetworkTarget, readHostPattern } from "./network-hosts.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/** The proxies of the network in which the job runs, such as a company's. */
export type UpstreamProxies = {
  /** The proxy for a connection; null to connect directly. */
  readonly choose: (target: NetworkTarget, isTunnel: boolean) => URL | null;
  /** Names of variables with proxies that cannot be used. */
  readonly unusable: readonly string[];
};

export const readProxyVariable = (env: Variables, name: string): string =>
  (env[name.toLowerCase()] || env[name.toUpperCase()] || "").trim();

const readProxy = (text: string): URL | null => {
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = text !== "" && URL.canParse(address) ? new URL(address) : null;
  return url !== null && /^https?:$/.test(url.protocol) && url.hostname !== "" ? url : null;
};

/** Whether an entry of NO_PROXY covers a host: `*`, `example.com`, `.example.com`, `*.example.com`, each with or without a port. */
const coversHost = (entry: string, { host, port }: NetworkTarget): boolean => {
  if (entry === "*") return true;
  const pattern = readHostPattern(entry.replace(/^\*?\./, ""));
  if (pattern === null || (pattern.port !== null && pattern.port !== port)) return false;
  return host === pattern.host || (!isAddress(host) && host.endsWith(`.${pattern.host}`));
};

/** Reads the usual variables, in both spellings. */
export const readUpstreamProxies = (env: Variables): UpstreamProxies => {
  const names = ["https_proxy", "http_proxy", "all_proxy"] as const;
  const proxies = Object.fromEntries(names.map((name) => [name, readProxy(readProxyVariable(env, name))]));
  const direct = readProxyVariable(env, "no_proxy")
    .split(/[\s,]+/)
    .filter((entry) => entry !== "");
  return {
    choose: (target, isTunnel) =>
      isLoopbackHost(target.host) || direct.some((entry) => coversHost(entry, target))
        ? null
        : (proxies[isTunnel ? "https_proxy" : "http_proxy"] ?? proxies["all_proxy"] ?? null),
    unusable: names.filter((name) => readProxyVariable(env, name) !== "" && proxies[name] === null).map((name) => name.toUpperCase()),
  };
};
