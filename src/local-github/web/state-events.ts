import type { Context, Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { PRIVATE_HEADERS } from "./page-layout.ts";
import type { PageServer } from "./page-server.ts";

/** How often the state is compared while somebody looks. */
const COMPARE_MS = 700;

/** Adds server-sent events: the version of a repository's state, now and after each change. */
export const addStateEvents = (forge: PageServer, app: Hono, readVersion: (context: Context) => Promise<string>): void => {
  app.get("/:owner/:name/state/events", (context) => {
    for (const [name, value] of Object.entries(PRIVATE_HEADERS)) context.header(name, value);
    return streamSSE(context, async (stream) => {
      let sent = "";
      while (!stream.aborted && !stream.closed) {
        forge.refresh?.();
        const version = await readVersion(context);
        if (version !== sent) await stream.writeSSE({ event: "version", data: version });
        sent = version;
        await new Promise<void>((resolve) => void forge.after(COMPARE_MS, resolve));
      }
    });
  });
};
