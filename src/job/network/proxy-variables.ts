import type { AgentVariables } from "../agent/key-route.ts";

const PROXY_NAMES = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"];
const isProxyName = (name: string): boolean => PROXY_NAMES.includes(name.toLowerCase());

/** The machine itself is reached without the proxy: an agent's own servers, and Enki's. */
const DIRECT_HOSTS = "localhost,127.0.0.1,::1,[::1]";

/** Without its registry, Java gets no options: each program would print them. */
const JAVA_HOST = "repo.maven.apache.org";

const formatJavaOptions = (port: number): string =>
  ["http", "https"]
    .flatMap((scheme) => [`-D${scheme}.proxyHost=127.0.0.1`, `-D${scheme}.proxyPort=${port}`])
    .concat("-Dhttp.nonProxyHosts=localhost|127.*|[::1]")
    .join(" ");

/** An agent's variables with the proxy on the given port for the agent's programs, instead of any other proxy. */
export const withProxyVariables = (variables: AgentVariables, port: number, hosts: readonly string[]): AgentVariables => {
  const address = `http://127.0.0.1:${port}`;
  const kept = Object.entries(variables).filter(([name]) => !isProxyName(name));
  const both = (name: string, value: string): AgentVariables => ({ [name]: value, [name.toUpperCase()]: value });
  return {
    ...Object.fromEntries(kept),
    ...both("http_proxy", address),
    ...both("https_proxy", address),
    ...both("all_proxy", address),
    ...both("no_proxy", DIRECT_HOSTS),
    // Node and Yarn ignore the others.
    NODE_USE_ENV_PROXY: "1",
    YARN_HTTP_PROXY: address,
    YARN_HTTPS_PROXY: address,
    ...(hosts.includes(JAVA_HOST) && { JAVA_TOOL_OPTIONS: formatJavaOptions(port) }),
  };
};

/** The variables that say how the job itself reaches the network: the agent's configuration first, then the machine's. */
export const selectUpstreamVariables = (
  variables: AgentVariables,
  machine: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> =>
  Object.entries(variables).some(([name, value]) => isProxyName(name) && value !== "") ? variables : machine;
