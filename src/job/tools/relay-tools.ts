import { connect } from "node:net";
import type { Readable, Writable } from "node:stream";

/** Carries bytes between an agent's stdio and the job's socket, and knows nothing of them. Ends when either side does; rejects when there is no job behind the socket. */
export const relayTools = ({ socket, stdin, stdout }: { socket: string; stdin: Readable; stdout: Writable }): Promise<void> =>
  new Promise((resolve, reject) => {
    const connection = connect(socket);
    connection.once("error", ({ message }) => reject(new Error(`there is no job behind this socket: ${message}`)));
    connection.once("close", () => {
      // An agent that keeps its end open would keep this process.
      stdin.destroy();
      resolve();
    });
    stdout.once("error", () => connection.destroy());
    stdin.pipe(connection);
    connection.pipe(stdout, { end: false });
  });
