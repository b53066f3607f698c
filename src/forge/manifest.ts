import { parse } from "yaml";
import { z } from "zod";

const manifest = z.object({
  default_events: z.array(z.string()),
  default_permissions: z.record(z.string(), z.enum(["read", "write"])),
});

/** What an App asks for when it is registered: the events that it is told of, and what it may do. */
export type Manifest = { readonly events: readonly string[]; readonly permissions: Readonly<Record<string, "read" | "write">> };

/** Reads an App's manifest, `app.yml`. Throws for a text that is none. */
export const readManifest = (text: string): Manifest => {
  const { default_events: events, default_permissions: permissions } = manifest.parse(parse(text));
  return { events, permissions };
};
