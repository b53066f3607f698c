/** A repository's address on a GitHub. */
export type RemoteAddress = { readonly host: string; readonly owner: string; readonly name: string };

const FORMS = [
  /^(?:https?|ssh|git):\/\/(?:[^@/]*@)?(?<host>[^/]+)\/(?<owner>[^/]+)\/(?<name>[^/]+)$/,
  /^(?:[^@/]+@)?(?<host>[^/:]+):(?<owner>[^/]+)\/(?<name>[^/]+)$/,
];

/** Whether git reaches a remote through ssh, whose configuration may have an alias for the host. */
export const isSshAddress = (url: string): boolean => /^ssh:\/\/|^(?!.*:\/\/)[^/]+:/.test(url.trim());

/** GitHub answers ssh on the port of HTTPS at a name of its own. */
const toWebHost = (sshHost: string): string => {
  const host = sshHost.replace(/:\d+$/, "").toLowerCase();
  return host === "ssh.github.com" ? "github.com" : host;
};

/** Reads a remote's URL as git writes it; null if the URL is no address of a repository on a server. */
export const readRemoteAddress = (url: string): RemoteAddress | null => {
  const text = url
    .trim()
    .replace(/\/+$/, "")
    .replace(/\.git$/, "");
  for (const form of FORMS) {
    const { host, owner, name } = form.exec(text)?.groups ?? {};
    if (host !== undefined && owner !== undefined && name !== undefined)
      return { host: isSshAddress(text) ? toWebHost(host) : host, owner, name };
  }
  return null;
};

/** A local GitHub has no certificate. */
const LOOPBACK_HOST = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/;

/** The scheme for requests with a token to a host, which only a local GitHub may receive in clear text. */
export const chooseScheme = (host: string): "http" | "https" => (LOOPBACK_HOST.test(host) ? "http" : "https");

/** Whether a host is a GitHub Enterprise Server, which stores the artifacts of Actions in a way of its own. */
export const isEnterpriseServer = (host: string): boolean => !/(?:^|\.)github\.com$|\.ghe\.com$/.test(host) && !LOOPBACK_HOST.test(host);

/** The API of the GitHub that a remote is on: github.com, GitHub Enterprise Cloud with data residency, or GitHub Enterprise Server. */
export const deriveApiUrl = ({ host }: RemoteAddress): string => {
  if (host === "github.com") return "https://api.github.com";
  if (host.endsWith(".ghe.com")) return `https://api.${host}`;
  return `${chooseScheme(host)}://${host}/api/v3`;
};
