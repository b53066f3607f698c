/** The socket, in the directory of a relay, that leads to a port outside. */
export const toRelaySocketName = (port: number): string => `network-${port}.sock`;

/**
 * A program for Node, without any module of Enki: inside a network namespace that has only loopback, listens on the ports that are
 * reachable outside, and copies bytes to their sockets. Arguments: the directory of the sockets, and the ports.
 */
export const RELAY_SCRIPT = String.raw`
const { connect, createServer } = require("node:net");
const [directory, ...ports] = process.argv.slice(1);
process.chdir(directory);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => undefined);
process.on("uncaughtException", () => undefined);
let opening = 2 * ports.length;
const count = () => {
  opening -= 1;
  if (opening === 0) process.stdout.write("ready\n");
};
const join = (one, two) => {
  one.on("error", () => two.destroy());
  one.on("close", () => two.destroy());
  one.pipe(two);
};
for (const port of ports)
  for (const host of ["127.0.0.1", "::1"]) {
    const server = createServer({ allowHalfOpen: true }, (client) => {
      const outside = connect({ path: "network-" + port + ".sock", allowHalfOpen: true });
      join(client, outside);
      join(outside, client);
    });
    // Not every machine has IPv6.
    server.on("error", () => (host === "::1" ? count() : process.exit(1)));
    server.listen(Number(port), host, count);
  }
`;
