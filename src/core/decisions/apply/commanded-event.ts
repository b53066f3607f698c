import type { Event } from "../../domain/event.ts";

export type Commanded = Extract<Event, { kind: "commanded" }>;
