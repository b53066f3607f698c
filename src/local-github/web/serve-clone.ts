import { randomBytes } from "node:crypto";
import { type Context, Hono } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import type { TimerStarter } from "../../storage/git/run-git.ts";
import { repositoryKey } from "../api/forge-repository.ts";
import { type LoopbackServer, serveOnLoopback, useLoopbackGuard } from "../api/loopback-server.ts";
import { openClonedRepository } from "./cloned-repository.ts";
import { PRIVATE_HEADERS } from "./page-layout.ts";
import { addPageRoutes } from "./page-routes.ts";
import { type ClonedFrom, pagePath } from "./page-scope.ts";
import type { PageServer } from "./page-server.ts";

export type CloneOptions = {
  /** A bare repository with the branches and the ledger. */
  readonly directory: string;
  readonly owner: string;
  readonly name: string;
  readonly defaultBranch: string;
  readonly cloned: ClonedFrom;
  readonly port: number;
  readonly now: () => number;
  readonly after: TimerStarter;
  /** Called before each answer, to fetch what is new. */
  readonly refresh: () => void;
};

const sendText = (context: Context, status: 403 | 404 | 500, text: string): Response => context.text(`${text}\n`, status, PRIVATE_HEADERS);

/** Requires the printed address, because other people of the machine can reach the port too. */
const useAddressKey = (app: Hono, { key, server }: { readonly key: string; readonly server: PageServer }): void => {
  const cookieName = (): string => `enki_page_${new URL(server.url).port}`;
  app.get("/open/:key", (context) => {
    if (context.req.param("key") !== key) return sendText(context, 403, "This address is not valid any longer.");
    setCookie(context, cookieName(), key, { httpOnly: true, sameSite: "Strict", path: "/" });
    return context.redirect("/", 303);
  });
  app.use("*", async (context, next) => {
    if (getCookie(context, cookieName()) !== key) return sendText(context, 403, "Open the address that enki page printed.");
    await next();
    return undefined;
  });
};

/** Serves the pages of a cloned repository on loopback, read-only. Returns the address that opens them. */
export const serveClone = async (options: CloneOptions): Promise<LoopbackServer> => {
  const { directory, owner, name, defaultBranch, cloned, port, now, after, refresh } = options;
  const repository = openClonedRepository({ now, after }, { id: 1, owner, name, defaultBranch, directory });
  const server = { url: "", now, after, repositories: new Map([[repositoryKey(repository), repository]]), sessions: new Map(), refresh };
  const key = randomBytes(16).toString("hex");
  const app = new Hono();
  useLoopbackGuard(app, "enki page");
  useAddressKey(app, { key, server });
  app.use("*", async (_context, next) => {
    refresh();
    await next();
  });
  app.get("/", (context) => context.redirect(pagePath({ repository }, "executions"), 302));
  addPageRoutes(server, app, cloned);
  app.notFound((context) => sendText(context, 404, "There is no such page."));
  app.onError((_error, context) =>
    sendText(context, 500, "The page cannot be shown, because the ledger has values that Enki never writes."),
  );
  const served = await serveOnLoopback(app, port, (url) => void (server.url = url));
  return { url: `${served.url}/open/${key}`, close: served.close };
};
