import { parse } from "yaml";
import { z } from "zod";

const manifestSchema = z.object({
  default_events: z.array(z.string()),
  default_permissions: z.record(z.string(), z.enum(["read", "write"])),
});

/** What an App asks for when it is registered: the events that it is told of, and what it may do. */
export type AppManifest = { readonly events: readonly string[]; readonly permissions: Readonly<Record<string, "read" | "write">> };

/** Reads an App's manifest, `app.yml`. Throws for a text that is none. */
export const readAppManifest = (text: string): AppManifest => {
  const { default_events: events, default_permissions: permissions } = manifestSchema.parse(parse(text));
  return { events, permissions };
};
