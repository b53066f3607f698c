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
