import type { Event } from "../../domain/event.ts";

export type CommandedEvent = Extract<Event, { kind: "commanded" }>;
