import { connect } from "node:net";
import type { Readable, Writable } from "node:stream";

/** Carries bytes between an agent's stdio and the job's socket, and knows nothing of them. Ends when either side does; throws when there is no job behind the socket. */
export const relayTools = ({ socket, stdin, stdout }: { socket: string; stdin: Readable; stdout: Writable }): Promise<void> =>
  new Promise((resolve, reject) => {
    const connection = connect(socket);
    connection.once("error", reject);
    connection.once("close", () => resolve());
    stdin.pipe(connection);
    connection.pipe(stdout, { end: false });
  });
