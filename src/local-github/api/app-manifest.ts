import { parse } from "yaml";
import { z } from "zod";

const manifestSchema = z.object({
  default_events: z.array(z.string()),
  default_permissions: z.record(z.string(), z.enum(["read", "write"])),
});

/** The events and permissions that an App requests at its registration. */
export type AppManifest = { readonly events: readonly string[]; readonly permissions: Readonly<Record<string, "read" | "write">> };

/** Reads an App's manifest, `app.yml`. Throws if the text is not a manifest. */
export const readAppManifest = (text: string): AppManifest => {
  const { default_events: events, default_permissions: permissions } = manifestSchema.parse(parse(text));
  return { events, permissions };
};
