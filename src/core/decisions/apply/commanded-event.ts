import type { Event } from "../../domain/event.ts";
import type { StepDecision } from "../../domain/step.ts";

export type CommandedEvent = Extract<Event, { kind: "commanded" }>;

export const toDecision = ({ by, source }: CommandedEvent): StepDecision => ({ by, source });
