import { connect } from "node:net";
import { useSocketName } from "./socket-name.ts";
import type { Readable, Writable } from "node:stream";

/**
 * Copies bytes between an agent's stdio and the job's socket. Resolves when the connection closes; rejects if no job listens on the
 * socket.
 */
export const relayTools = ({ socket, stdin, stdout }: { socket: string; stdin: Readable; stdout: Writable }): Promise<void> =>
  new Promise((resolve, reject) => {
    const connection = useSocketName(socket, (name) => connect(name));
    connection.once("error", ({ message }) => reject(new Error(`no job listens on this socket: ${message}`)));
    connection.once("close", () => {
      // An open stdin would keep this process alive.
      stdin.destroy();
      resolve();
    });
    // The job has hung up, perhaps in the middle of a message: what is left of that message has no reader.
    connection.once("end", () => stdin.unpipe(connection));
    stdout.once("error", () => connection.destroy());
    stdin.pipe(connection);
    connection.pipe(stdout, { end: false });
  });
