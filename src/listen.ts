import { createServer, type RequestListener } from "node:http";

export type Listening = { readonly url: string; readonly close: () => Promise<void> };

/** Serves HTTP; port 0 is any that is free. Rejects when the port is in use. */
export const listen = (handler: RequestListener, { host, port }: { host: string; port: number }): Promise<Listening> =>
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
