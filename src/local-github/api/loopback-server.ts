import { serve, type ServerType } from "@hono/node-server";
import type { Hono } from "hono";
import { isOwnHostHeader } from "./client-host.ts";

/** Refuses requests to other host names, which a website could resolve to this machine. `server` is the name in the refusal. */
export const useLoopbackGuard = (app: Hono, server: string): void => {
  app.use("*", async (context, next) => {
    if (!isOwnHostHeader(context.req.header("host") ?? ""))
      return context.text(`${server} answers only requests to 127.0.0.1 or localhost.\n`, 421);
    await next();
    return undefined;
  });
};

export type LoopbackServer = { readonly url: string; readonly close: () => Promise<void> };

const stopServer = (server: ServerType): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    if ("closeAllConnections" in server) server.closeAllConnections();
  });

/** Serves on loopback only; `begin` receives the address before the first request. Rejects if the port is in use. */
export const serveOnLoopback = async (app: Hono, port: number, begin: (url: string) => void): Promise<LoopbackServer> => {
  const { server, url } = await new Promise<{ server: ServerType; url: string }>((resolve, reject) => {
    const opened = serve({ fetch: app.fetch, hostname: "127.0.0.1", port }, (address) => {
      const url = `http://127.0.0.1:${address.port}`;
      begin(url);
      resolve({ server: opened, url });
    });
    opened.once("error", reject);
  });
  return { url, close: () => stopServer(server) };
};
