import { createServer, type RequestListener } from "node:http";

export type HttpServerHandle = { readonly url: string; readonly close: () => Promise<void> };

/** Serves HTTP; port 0 selects a free port. Rejects if the port is in use. */
export const startHttpServer = (handler: RequestListener, { host, port }: { host: string; port: number }): Promise<HttpServerHandle> =>
  new Promise((resolve, reject) => {
    const server = createServer(handler);
    const close = (): Promise<void> =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      });
    server.once("error", reject);
    server.listen(port, host, () => {
      const address = server.address();
      resolve({ url: `http://${host}:${typeof address === "object" && address !== null ? address.port : port}`, close });
    });
  });

export type ReplaceableServer = HttpServerHandle & { readonly replace: (handler: RequestListener) => void };

/** Serves with a handler that can be replaced while the server runs. */
export const startReplaceableServer = async (first: RequestListener, at: { host: string; port: number }): Promise<ReplaceableServer> => {
  let current = first;
  const server = await startHttpServer((request, response) => current(request, response), at);
  return { ...server, replace: (handler) => void (current = handler) };
};
