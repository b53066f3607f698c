import type { Socket } from "node:net";
import { isAddress, type NetworkTarget, toCanonicalHost } from "../../core/policy/network-hosts.ts";
import { MAX_START_BYTES, readClientHello, type TunnelStart } from "./read-client-hello.ts";

/** The start of a tunnel: joined with its server, ended by its client, plain HTTP with a check of each request, or refused. */
export type TunnelEnd = "joined" | "ended" | "plain" | "disguise" | "form";

type Tunnel = {
  readonly socket: Socket;
  readonly upstream: Socket;
  readonly target: NetworkTarget;
  /** The time in which the client must send its first bytes. */
  readonly startMs: number;
};

type Start = { readonly start: TunnelStart; readonly bytes: Buffer };

/** Reads until the client has said which server it asks for. */
const readStart = ({ socket, startMs }: Tunnel): Promise<Start> =>
  new Promise((resolve) => {
    let bytes: Buffer = Buffer.alloc(0);
    const end = (start: TunnelStart): void => {
      socket.setTimeout(0);
      socket.off("data", receive).off("close", stop).off("end", stop).off("timeout", stop);
      socket.pause();
      resolve({ start, bytes });
    };
    const stop = (): void => end({ kind: "broken" });
    const receive = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      const start = readClientHello(bytes);
      if (start.kind !== "incomplete") end(start);
      else if (bytes.length > MAX_START_BYTES) stop();
    };
    socket.setTimeout(startMs, stop);
    socket.on("data", receive).once("close", stop).once("end", stop);
    socket.resume();
  });

/** TLS must ask for exactly the tunnel's host: one address serves many names, also an attacker's. */
const isOwnServer = (start: TunnelStart & { readonly kind: "tls" }, { host }: NetworkTarget): boolean => {
  if (start.isHidden) return false;
  if (start.serverName === null) return isAddress(host) || host === "localhost";
  return toCanonicalHost(start.serverName) === host;
};

const joinSockets = (socket: Socket, upstream: Socket): void => {
  socket.once("close", () => upstream.destroy());
  upstream.once("close", () => socket.destroy());
  socket.pipe(upstream);
  upstream.pipe(socket);
};

/** Joins a client with its server once its first bytes ask for this server. Without TLS, the client's bytes are back on its connection. */
export const joinTunnel = async (tunnel: Tunnel): Promise<TunnelEnd> => {
  const { socket, upstream, target } = tunnel;
  const { start, bytes } = await readStart(tunnel);
  if (start.kind === "tls" && isOwnServer(start, target)) {
    upstream.write(bytes);
    joinSockets(socket, upstream);
    return "joined";
  }
  upstream.destroy();
  if (start.kind === "plain") {
    socket.unshift(bytes);
    return "plain";
  }
  socket.destroy();
  if (bytes.length === 0) return "ended";
  return start.kind === "tls" ? "disguise" : "form";
};
