import type { ForgeAccount } from "./forge-actor.ts";

export type EventPayload = Readonly<Record<string, unknown>>;
/** The name of an event, its payload without the common fields, and the account that caused it. */
export type WebhookEvent = { readonly event: string; readonly payload: EventPayload; readonly by: ForgeAccount };
