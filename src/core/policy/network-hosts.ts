/** A host as clients name it: the name in lower case without a trailing dot, an address in its shortest form. */
export type NetworkTarget = { readonly host: string; readonly port: number };

/** Hosts within an agent's reach: a single host, or every host below a name. Without a port, the ports of HTTP and HTTPS. */
export type HostPattern = { readonly host: string; readonly isWildcard: boolean; readonly port: number | null };

/** The entry of `[policy] network` that allows all hosts. */
export const ANY_HOST = "*";

const MAX_PORT = 65_535;
const DEFAULT_PORTS: readonly number[] = [80, 443];

/** Whether a canonical host is an address, and not a name. IPv6 addresses are in brackets. */
export const isAddress = (host: string): boolean => host.startsWith("[") || /^\d+\.\d+\.\d+\.\d+$/.test(host);

/** Whether a canonical host is this machine, by its usual name or by address. */
export const isLoopbackHost = (host: string): boolean => host === "localhost" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);

/** The form of a host that all its spellings share: `0x7f.1` is `127.0.0.1`, `EXAMPLE.com.` is `example.com`; null for no host. */
export const toCanonicalHost = (text: string): string | null => {
  // Characters that would end the host in an address, or that a parser of addresses removes.
  if (text === "" || /[\s/?#@\\%*]/.test(text) || !URL.canParse(`http://${text}:1/`)) return null;
  const { hostname, port } = new URL(`http://${text}:1/`);
  const host = hostname.replace(/\.$/, "");
  return port !== "1" || host === "" || host.endsWith(".") || host.length > 253 ? null : host;
};

const splitPort = (text: string): { readonly name: string; readonly port: string | null } => {
  const [, name = "", port = null] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(text) ?? [];
  return { name, port };
};

const toPort = (text: string): number | null => {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port > 0 && port <= MAX_PORT ? port : null;
};

/** Reads `host:port`, the target of a tunnel; null for anything else, such as user information before the host. */
export const readNetworkTarget = (text: string): NetworkTarget | null => {
  const { name, port } = splitPort(text);
  const [host, number] = [toCanonicalHost(name), toPort(port ?? "")];
  return host === null || number === null ? null : { host, port: number };
};

/** The host and port of an `http` or `https` address; null for any other. */
export const readAddressTarget = (text: string): NetworkTarget | null => {
  if (!URL.canParse(text)) return null;
  const { protocol, hostname, port } = new URL(text);
  const host = toCanonicalHost(hostname);
  if (host === null || (protocol !== "http:" && protocol !== "https:")) return null;
  return { host, port: port === "" ? (protocol === "http:" ? 80 : 443) : Number(port) };
};

/** Reads `example.com`, `*.example.com`, `10.1.2.3:8080` or `[::1]:80`; null for anything else. */
export const readHostPattern = (text: string): HostPattern | null => {
  const { name, port } = splitPort(text);
  const isWildcard = name.startsWith("*.");
  const host = toCanonicalHost(isWildcard ? name.slice(2) : name);
  const number = port === null ? null : toPort(port);
  if (host === null || (port !== null && number === null)) return null;
  // A whole top-level domain is no limit.
  if (isWildcard && (isAddress(host) || !host.includes("."))) return null;
  return { host, isWildcard, port: number };
};

const matchesPattern = ({ host, port }: NetworkTarget, pattern: HostPattern): boolean =>
  (pattern.port === null ? DEFAULT_PORTS.includes(port) : pattern.port === port) &&
  (pattern.isWildcard ? host.endsWith(`.${pattern.host}`) : host === pattern.host);

export const isAllowedTarget = (target: NetworkTarget, patterns: readonly HostPattern[]): boolean =>
  patterns.some((pattern) => matchesPattern(target, pattern));

export const formatTarget = ({ host, port }: NetworkTarget): string => (port === 443 ? host : `${host}:${port}`);

/** Hosts of one's own machine that a policy allows with their ports. */
export const listLoopbackTargets = (patterns: readonly HostPattern[]): NetworkTarget[] =>
  patterns.flatMap(({ host, port }) => (port !== null && isLoopbackHost(host) ? [{ host, port }] : []));
