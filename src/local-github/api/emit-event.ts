import type { ForgeState } from "./forge-state.ts";
import type { ForgeRepository } from "./forge-repository.ts";
import type { ForgeEvent } from "./forge-event.ts";
import { deliverWebhooks } from "./deliver-webhooks.ts";

/** What a merge queue may wait for. */
const QUEUE_ADVANCING_EVENTS: ReadonlySet<string> = new Set([
  "check_run",
  "status",
  "workflow_job",
  "workflow_run",
  "push",
  "pull_request",
  "pull_request_review",
]);
/** Something happened: Apps are told, and workflows that listen to it start, in the order of the events. */
export const emitEvent = (forge: ForgeState, repository: ForgeRepository, event: ForgeEvent): void => {
  deliverWebhooks(forge, repository, { event: event.event, payload: event.payload, by: event.actor.account });
  forge.trigger(forge, repository, event);
  if (QUEUE_ADVANCING_EVENTS.has(event.event)) forge.advance(forge, repository);
};
