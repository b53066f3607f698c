import type { EventPayload } from "./webhook-event.ts";
import type { RequestActor } from "./forge-actor.ts";

/**
 * The ref and commit whose workflow files an event starts. `reportOn` names the branch and commit that show the runs,
 * if they differ.
 */
export type EventSource = {
  readonly ref: string;
  readonly sha: string;
  readonly reportOn?: { readonly branch: string; readonly sha: string };
};
export type ForgeEvent = {
  readonly event: string;
  readonly payload: EventPayload;
  readonly actor: RequestActor;
  /** Finds the source of the workflow files when the event is processed; the default branch if missing. */
  readonly findSource?: () => Promise<EventSource | null>;
  /** The pushed ref or the base of a pull request, for trigger filters. */
  readonly ref?: string;
  readonly paths?: readonly string[] | null;
  /** The name of the workflow that a `workflow_run` event reports. */
  readonly workflow?: string;
  readonly title?: string;
  /** The number of `workflow_run` events that led to this event. */
  readonly chain?: number;
};
