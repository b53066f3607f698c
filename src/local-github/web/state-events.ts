import type { Context, Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { PRIVATE_HEADERS } from "./page-layout.ts";
import type { PageServer } from "./page-server.ts";

/** How often the state is compared while somebody looks. */
const COMPARE_MS = 700;

export type StateEvents = {
  readonly server: PageServer;
  /** The version of the state that the request may see; without one (null), the events end. */
  readonly readVersion: (context: Context) => Promise<string | null>;
  /** Admits one more reader, and returns what counts the reader out; null if there are too many. */
  readonly admit: (context: Context) => (() => void) | null;
};

/** Adds server-sent events: the version of a repository's state, now and after each change. */
export const addStateEvents = (app: Hono, { server, readVersion, admit }: StateEvents): void => {
  app.get("/:owner/:name/state/events", async (context) => {
    for (const [name, value] of Object.entries(PRIVATE_HEADERS)) context.header(name, value);
    if ((await readVersion(context)) === null) return context.text("There is no such page.\n", 404);
    const leave = admit(context);
    if (!leave) return context.text("Too many pages are open.\n", 503);
    return streamSSE(context, async (stream) => {
      let sent = "";
      try {
        while (!stream.aborted && !stream.closed) {
          server.refresh?.();
          const version = await readVersion(context);
          if (version === null) return;
          if (version !== sent) await stream.writeSSE({ event: "version", data: version });
          sent = version;
          await new Promise<void>((resolve) => void server.after(COMPARE_MS, resolve));
        }
      } finally {
        leave();
      }
    });
  });
};
