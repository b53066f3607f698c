import { chmod, rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import type { NetworkTarget } from "../../core/policy/network-hosts.ts";
import { useSocketName } from "../tools/socket-name.ts";
import { toRelaySocketName } from "../sandbox/relay-script.ts";

export type RelaySockets = {
  readonly directory: string;
  readonly ports: readonly number[];
  /** The paths of the sockets. */
  readonly sockets: readonly string[];
  readonly close: () => Promise<void>;
};

/** Copies bytes between two connections in both directions, and ends both. */
const joinConnections = (one: Socket, two: Socket): void => {
  for (const [from, to] of [
    [one, two],
    [two, one],
  ] as const) {
    from.on("error", () => to.destroy());
    from.once("close", () => to.destroy());
    from.pipe(to);
  }
};

const listen = (path: string, { host, port }: NetworkTarget, open: Set<Socket>): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      const target = connect({ host: host.replace(/^\[|\]$/g, ""), port, allowHalfOpen: true });
      for (const each of [socket, target]) {
        open.add(each);
        each.once("close", () => open.delete(each));
      }
      joinConnections(socket, target);
    });
    server.once("error", reject);
    useSocketName(path, (name) => server.listen(name, () => resolve(server)));
  });

/** Opens a socket in a directory for each port of this machine that a process without a network may reach. */
export const openRelaySockets = async (directory: string, targets: readonly NetworkTarget[]): Promise<RelaySockets> => {
  const open = new Set<Socket>();
  const byPort = new Map(targets.map((target) => [target.port, target]));
  const ports = [...byPort.keys()];
  const sockets = ports.map((port) => join(directory, toRelaySocketName(port)));
  const servers = await Promise.all([...byPort.values()].map((target, at) => listen(sockets[at] ?? "", target, open)));
  for (const socket of sockets) await chmod(socket, 0o600);
  return {
    directory,
    ports,
    sockets,
    close: async () => {
      const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
      for (const socket of open) socket.destroy();
      await Promise.all(closed);
      for (const socket of sockets) await rm(socket, { force: true }).catch(() => undefined);
    },
  };
};
