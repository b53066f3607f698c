import { readProxyVariable } from "../../core/policy/upstream-proxy.ts";

const PROXY_VARIABLES = ["https_proxy", "http_proxy", "all_proxy"] as const;
const CERTIFICATE_VARIABLES = ["SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH"] as const;
const LOOPBACK_HOSTS = "localhost,127.0.0.1,::1";

/** The names in NO_PROXY as curl reads them, which knows no `*.`; machines never reach themselves through a proxy. */
const formatNoProxy = (text: string): string => {
  const names = text.split(/[\s,]+/).filter((name) => name !== "");
  return names.includes("*") ? "*" : [...names.map((name) => name.replace(/^\*\./, ".")), LOOPBACK_HOSTS].join(",");
};

/** The variables of the machine's network, for commands that talk to a remote: proxies in the spelling that curl reads, and certificates. */
export const readNetworkEnv = (env: Readonly<Record<string, string | undefined>>): Record<string, string> => {
  const proxies = PROXY_VARIABLES.map((name): [string, string] => [name, readProxyVariable(env, name)]);
  const certificates = CERTIFICATE_VARIABLES.map((name): [string, string] => [name, env[name] ?? ""]);
  // Git reads the file only under its own name.
  const own: [string, string] = ["GIT_SSL_CAINFO", (env["GIT_SSL_CAINFO"] || env["SSL_CERT_FILE"]) ?? ""];
  const given = [...proxies, ...certificates, own].filter(([, value]) => value !== "");
  return { ...Object.fromEntries(given), no_proxy: formatNoProxy(readProxyVariable(env, "no_proxy")) };
};
