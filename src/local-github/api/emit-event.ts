import type { ForgeState } from "./forge-state.ts";
import type { ForgeRepository } from "./forge-repository.ts";
import type { ForgeEvent } from "./forge-event.ts";
import { deliverWebhooks } from "./deliver-webhooks.ts";

/** Events that a merge queue may be waiting for. */
const QUEUE_ADVANCING_EVENTS: ReadonlySet<string> = new Set([
  "check_run",
  "status",
  "workflow_job",
  "workflow_run",
  "push",
  "pull_request",
  "pull_request_review",
]);
/** Emits an event: delivers webhooks, then starts the workflows that it triggers, in order. */
export const emitEvent = (forge: ForgeState, repository: ForgeRepository, event: ForgeEvent): void => {
  deliverWebhooks(forge, repository, { event: event.event, payload: event.payload, by: event.actor.account });
  forge.trigger(forge, repository, event);
  if (QUEUE_ADVANCING_EVENTS.has(event.event)) forge.advance(forge, repository);
};
