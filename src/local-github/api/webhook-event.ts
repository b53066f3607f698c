import type { ForgeAccount } from "./forge-actor.ts";

export type EventPayload = Readonly<Record<string, unknown>>;
/** Something that happened: an event's name, what its payload says beside the repository, and who caused it. */
export type WebhookEvent = { readonly event: string; readonly payload: EventPayload; readonly by: ForgeAccount };
