import { chmod, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import type { ToolContext } from "./mcp-tool.ts";
import { useSocketName } from "./socket-name.ts";

/** Serves one client. Loaded with the first client, because an agent starts without the tools. */
const serveClient = async (context: ToolContext, connection: Socket): Promise<void> => {
  const { serveStreams } = await import("./serve-streams.ts");
  await serveStreams(context, { input: connection, output: connection });
};

/** Serves a job's tools on a socket that only the job's own user can access. */
export const serveTools = async ({ context, socket }: { context: ToolContext; socket: string }): Promise<{ close(): Promise<void> }> => {
  const open = new Set<Socket>();
  // Requests sent before the client closed its side are still answered.
  const listening = createServer({ allowHalfOpen: true }, (connection) => {
    open.add(connection);
    connection.on("close", () => open.delete(connection));
    // A client without an answer sees its connection end.
    const served = serveClient(context, connection).catch(() => undefined);
    // A client that still writes would lose the last answer if its connection were destroyed: the rest is read and ignored until it hangs up.
    void served.finally(() => connection.end().resume());
  });
  await rm(socket, { force: true });
  await new Promise<void>((resolve, reject) => {
    listening.once("error", reject);
    useSocketName(socket, (name) => listening.listen(name, resolve));
  });
  await chmod(socket, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        for (const connection of open) connection.destroy();
        listening.close(() => void rm(socket, { force: true }).then(() => resolve()));
      }),
  };
};
